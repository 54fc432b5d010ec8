"""The same commands on top of kind, for machines with a Docker engine.

kind brings node, network, DNS and certificates; what is added are the audit log, the add-ons (their
images are built here and loaded) and `exec`, which enters the network of the node's container.
Where this was written no Docker engine runs: `kindcommands` is tested as text, the rest is not.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from localcluster import (
    addons,
    configs,
    environment,
    kindcommands,
    load,
    modules,
    namespaces,
    network,
    objects,
)
from localcluster.backend import UpOptions
from localcluster.build import Builder
from localcluster.errors import ClusterError
from localcluster.home import Home, write_json
from localcluster.kubectl import apply
from localcluster.lifecycle import LINKED
from localcluster.native import become, require_root
from localcluster.settings import Settings
from localcluster.waiting import Progress

_PATIENCE = 10.0  # seconds; an engine on a machine that is away never answers


def docker_answers() -> bool:
    """Whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    try:
        return (
            subprocess.run(["docker", "info"], capture_output=True, timeout=_PATIENCE, check=False).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False


class Kind:
    """Implements `Backend` with kind."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = settings.name
        self._home = Home(settings.home)

    def up(self, options: UpOptions, progress: Progress) -> None:
        """Build kind and the images, make the cluster, add what is asked for."""
        needed = [modules.CLUSTER, modules.KIND, *([modules.S3] if "s3" in options.addons else [])]
        builds = Builder(self._settings.binaries, progress).build(needed)
        if self._status() != "running":
            self._fill(builds)
            self._run(kindcommands.create(self._name, self._home))
            progress.say("kind cluster made, node Ready")
        if "metrics" in options.addons:
            self._install(builds[modules.CLUSTER.name], modules.METRICS_SERVER, addons.metrics_values(""))
        if "s3" in options.addons:
            values = addons.s3_values(Path(kindcommands.OBJECTS_ON_NODE))
            self._install(builds[modules.S3.name], modules.VERSITYGW, values, manifest="s3.yaml")
        progress.say(f"cluster {self._name!r} is up; audit log: {self._home.audit}")

    def down(self, progress: Progress) -> None:
        """Delete the cluster and its folder."""
        self._run(kindcommands.delete(self._name, self._home))
        shutil.rmtree(self._home.root, ignore_errors=True)
        progress.say(f"cluster {self._name!r} is gone")

    def status(self) -> dict[str, Any]:
        """What runs, and where its files are."""
        facts: dict[str, Any] = {"name": self._name, "backend": "kind", "state": self._status()}
        if facts["state"] == "running":
            ready = self._status_of(["kubectl", "get", "--raw", "/readyz"]) == 0
            facts |= {
                "kubeconfig": str(self._home.kubeconfig),
                "audit_log": str(self._home.audit),
                "api_ready": ready,
            }
        return facts

    def env(self) -> str:
        """Lines for a shell's `eval`."""
        return environment.export(self._settings)

    def exec(self, command: list[str], *, on_node: bool) -> None:
        """Become a command in the network of the node's container, or in the container."""
        if on_node:
            become(kindcommands.on_node(self._name, command, terminal=sys.stdin.isatty()), os.environ)
        require_root("exec")
        pid = int(self._output(kindcommands.node_pid(self._name)))
        inside = self._home.root / "kubeconfig.inside"
        shutil.copyfile(self._home.kubeconfig, inside)
        self._run(kindcommands.inside_kubeconfig(self._name, str(inside)))
        variables = environment.extended(self._settings, os.environ) | {"KUBECONFIG": str(inside)}
        line = namespaces.network_command(pid, self._home, command)
        become(line, namespaces.network_environment(variables, self._name))

    def tool(self, program: str, arguments: list[str]) -> None:
        """Become kubectl or helm."""
        become([program, *arguments], environment.extended(self._settings, os.environ))

    def load(self, image: str, progress: Progress) -> None:
        """Give the node an image."""
        with load.archive(image) as file:
            self._run(kindcommands.load_archive(self._name, str(file)))
        progress.say(f"{image} is on the node")

    def logs(self, component: str | None, lines: int, *, follow: bool) -> None:
        """Become the program that shows a component's log."""
        if component is None:
            raise ClusterError("kind: name a component: kubelet, containerd, audit, kube-apiserver, etcd, …")
        line = kindcommands.logs(self._name, component, lines, follow=follow)
        become(line, environment.extended(self._settings, os.environ))

    def hold(self, component: str, *, held: bool) -> None:
        """Keep a component down, or let it run again."""
        self._run(kindcommands.hold(self._name, component, held=held))

    def s3_put(self, file: Path, url: str) -> None:
        """Put a file into the S3 server's folder."""
        objects.put(self._home.s3, file, url)

    def _fill(self, builds: dict[str, Path]) -> None:
        self._home.make()
        self._home.s3.mkdir(exist_ok=True)
        write_json(self._home.kind, kindcommands.configuration(self._home))
        (self._home.etc / "audit-policy.json").write_text(json.dumps(configs.audit_policy()))
        self._home.resolv.write_text(network.resolv_conf(dns=True))
        self._home.nsswitch.write_text(network.NSSWITCH)
        programs = {name: builds[modules.CLUSTER.name] / name for name in LINKED}
        for name, path in (programs | {"kind": builds[modules.KIND.name] / "kind"}).items():
            (self._home.bin / name).unlink(missing_ok=True)
            (self._home.bin / name).symlink_to(path)

    def _install(
        self, build: Path, image: modules.Image, values: dict[str, str], manifest: str = "metrics-server.yaml"
    ) -> None:
        self._run(kindcommands.load_archive(self._name, str(build / "images" / f"{image.program}.tar")))
        apply(self._home, addons.MANIFESTS / manifest, values)

    def _status(self) -> str:
        return "running" if _status(["docker", "inspect", kindcommands.node(self._name)]) == 0 else "absent"

    def _status_of(self, line: list[str]) -> int:
        return _status(line, environment.extended(self._settings, os.environ))

    def _run(self, line: list[str]) -> None:
        variables = environment.extended(self._settings, os.environ)
        if status := subprocess.run(line, env=variables, stdout=sys.stderr, check=False).returncode:
            raise ClusterError(f"`{' '.join(line)}` ended with status {status}")

    def _output(self, line: list[str]) -> str:
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(f"`{' '.join(line)}` failed: {done.stderr.strip()}")
        return done.stdout


def _status(line: list[str], environ: dict[str, str] | None = None) -> int:
    return subprocess.run(line, env=environ, capture_output=True, check=False).returncode
