"""The cluster straight on this machine's kernel: everything but kind."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcluster import environment, lifecycle, load, modules, namespaces, objects, packages, status
from localcluster.backend import UpOptions
from localcluster.build import Builder
from localcluster.cluster import Cluster
from localcluster.errors import ClusterError
from localcluster.home import BIN
from localcluster.kubectl import import_archive
from localcluster.lifecycle import Wish
from localcluster.settings import Settings
from localcluster.waiting import Progress, until

_HOLD = 10.0  # seconds
_ANSWERS = 60.0  # seconds; it serves some paths before others


class Native:
    """Implements `Backend` with namespaces and control groups."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cluster = Cluster(settings)

    def up(self, options: UpOptions, progress: Progress) -> None:
        """Install packages, build, start, add."""
        packages.ensure(packages.NODE if options.with_node else packages.CONTROL_PLANE, progress)
        require_root("up")
        needed = [modules.CLUSTER, *([modules.S3] if "s3" in options.addons else [])]
        builds = Builder(self._settings.binaries, progress).build(needed)
        lifecycle.up(self._cluster, Wish(options.with_node, options.addons, builds), progress)
        progress.say(f"cluster {self._settings.name!r} is up; audit log: {self._cluster.home.audit}")

    def down(self, progress: Progress) -> None:
        """End and remove."""
        require_root("down")
        lifecycle.down(self._cluster, progress)

    def status(self) -> dict[str, Any]:
        """What runs, and where its files are."""
        return status.report(self._cluster)

    def env(self) -> str:
        """Lines for a shell's `eval`."""
        self._cluster.require_init()
        return environment.export(self._settings)

    def exec(self, command: list[str], *, on_node: bool) -> None:
        """Become a command in the cluster's network, or in all of the node's namespaces."""
        require_root("exec")
        pid = self._cluster.require_init().pid
        if on_node:
            line = namespaces.node_command(pid, command)
        else:
            line = namespaces.network_command(pid, self._cluster.home, command)
        variables = environment.extended(self._settings, os.environ)
        if on_node:
            variables["PATH"] = f"{BIN}:{variables['PATH']}"
        become(line, namespaces.network_environment(variables, self._cluster.plan.id))

    def tool(self, program: str, arguments: list[str]) -> None:
        """Become kubectl or helm."""
        self._cluster.require_init()
        become(
            [str(self._cluster.home.bin / program), *arguments],
            environment.extended(self._settings, os.environ),
        )

    def load(self, image: str, progress: Progress) -> None:
        """Give the node an image."""
        require_root("load")
        self._cluster.require_init()
        with load.archive(image) as file:
            size = file.stat().st_size >> 20
            progress.say(f"{image}: {size} MiB to import")
            import_archive(self._cluster, file)
        progress.say(f"{image} is on the node")

    def logs(self, component: str | None, lines: int, *, follow: bool) -> None:
        """Become `tail` on a component's log, or list the logs."""
        files = {path.stem: path for path in sorted(self._cluster.home.log.glob("*.log"))}
        if component is None:
            for name, path in files.items():
                print(f"{name:<26}{path.stat().st_size:>12}  {path}")
            return
        if component not in files:
            raise ClusterError(
                f"no log of {component!r}; there are: {', '.join(files) or 'none (no cluster)'}"
            )
        become(
            ["tail", f"--lines={lines}", *(["--follow=name"] if follow else []), str(files[component])],
            os.environ,
        )

    def hold(self, component: str, *, held: bool) -> None:
        """Kill a component and keep it down, or let it run again; returns when that is so."""
        require_root("stop" if held else "start")
        init, known = self._cluster.require_init(), self._cluster.components()
        if component not in known:
            raise ClusterError(f"no component {component!r}; there are: {', '.join(known)}")
        mark = self._cluster.home.stopped / component
        mark.touch() if held else mark.unlink(missing_ok=True)
        os.kill(init.pid, signal.SIGHUP)
        until(
            f"{component} to {'end' if held else 'start'}",
            lambda: self._cluster.components()[component]["running"] != held,
            seconds=_HOLD,
            clue=lambda: self._cluster.clue(component),
        )
        if component == "kube-apiserver" and not held:
            until("the API server to be ready", self._cluster.api.ready, seconds=_ANSWERS)

    def s3_put(self, file: Path, url: str) -> None:
        """Put a file into the S3 server."""
        require_root("s3-put")
        self._cluster.require_init()
        objects.put(self._cluster.home.s3, file, url)


def require_root(command: str) -> None:
    """Raise ClusterError when this is not root."""
    if os.geteuid() != 0:
        raise ClusterError(f"`cluster {command}` makes namespaces and needs root: run it with sudo")


def become(line: list[str], environ: Mapping[str, str]) -> None:
    """Replace this program by another: signals, terminal and exit status are that one's own."""
    program = packages.which(line[0], environ.get("PATH", os.defpath))
    if program is None:
        raise ClusterError(f"no program {line[0]!r} on the PATH")
    os.execve(program, line, {**environ})  # noqa: S606 - to become the program is the point
