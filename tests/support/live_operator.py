"""The operator as a real process, with the rights that the chart gives it and no more."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from api_server import ApiServer
from crd_schema import ROOT
from live_kube import LiveKube
from live_paths import Json, Ref

CHART = ROOT / "charts" / "slipway"
ACCOUNT = "operator"
START_SECONDS = 60.0
STOP_SECONDS = 40.0
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class LiveOperator:
    """One process; its log is a file, its probes are on a port that it chose."""

    def __init__(self, folder: Path, kubeconfig: Path, arguments: Sequence[str]) -> None:
        self.log = folder / f"operator-{time.monotonic_ns()}.log"
        with self.log.open("w") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "slipway_operator", "run", "--port", "0", *arguments],
                env={"KUBECONFIG": str(kubeconfig), "PATH": os.environ["PATH"], "HOME": str(folder)},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    def said(self, pattern: str, *, seconds: float = START_SECONDS) -> re.Match[str]:
        """The first match in the log, once it is there; fails with the log if it never comes."""
        deadline = time.monotonic() + seconds
        with self.log.open() as lines:
            text = ""
            while time.monotonic() < deadline:
                text += lines.read()
                if found := re.search(pattern, text):
                    return found
                assert self.process.poll() is None, f"the operator ended:\n{text}"
                time.sleep(0.05)  # a file cannot be awaited
        raise AssertionError(f"waited {seconds:g} s in vain for {pattern!r} in the log:\n{text}")

    def probe(self, path: str) -> httpx.Response:
        """What `/livez`, `/readyz` or `/metrics` answer."""
        port = self.said(r"probes and metrics on port (\d+)")[1]
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10, trust_env=False)

    def resident_megabytes(self) -> float:
        """Memory that is really in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    def stop(self) -> int:
        """SIGTERM, as Kubernetes ends a pod; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def freeze(self) -> None:
        """SIGSTOP, as a hypervisor that moves the machine away; it does not notice."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on where it was, and takes the time for what it was."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, as a dying node ends it."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True)
class Stage:
    """A namespace with the operator's account in it, seen with an administrator's eyes."""

    server: ApiServer
    kube: LiveKube
    namespace: str
    folder: Path

    def ref(self, kind: str, name: str) -> Ref:
        """An object of this namespace."""
        return Ref(kind, self.namespace, name)

    def declare(self, name: str = "iris", **spec: Any) -> Json:
        """`kubectl apply` of a ModelDeployment."""
        predictor = {"name": "main", "graph": {"name": "iris", "modelUri": "s3://models/iris/1"}}
        manifest = {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"predictors": [predictor]} | spec,
        }
        return self.kube.apply(manifest)

    def reported(self, name: str = "iris", *, seconds: float = 30) -> Json:
        """The ModelDeployment, once its status is about what it asks for now."""
        return self.kube.until(
            self.ref("ModelDeployment", name), "a status of this generation", is_observed, seconds=seconds
        )

    def only(self, kind: str, name: str = "iris") -> Json:
        """The one child of that kind."""
        (found,) = self.kube.all_of(kind, self.namespace, f"slipway.dev/modeldeployment={name}")
        return found

    def token(self, secret: str = "") -> str:
        """A token of the operator's account; bound to a Secret, it dies with that."""
        bound = ["--bound-object-kind", "Secret", "--bound-object-name", secret] if secret else []
        words = ["create", "token", ACCOUNT, "-n", self.namespace, *bound]
        return self.server.kubectl(*words).strip()

    def kubeconfig(self, token: str, server: str = "", name: str = "kubeconfig") -> Path:
        """Writes a kubeconfig for the account; `server` is another way to the API server."""
        config = yaml.safe_load(self.server.kubeconfig.read_text())
        config["users"] = [{"name": "operator", "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = "operator"
        if server:
            config["clusters"][0]["cluster"]["server"] = server
        path = self.folder / name
        path.write_text(yaml.safe_dump(config))
        return path

    def writes(self, since: int = 0, user: str = ACCOUNT) -> Counter[str]:
        """What an account wrote, Lease aside, by verb and resource, after `since` lines of the audit log."""
        name = f"system:serviceaccount:{self.namespace}:{user}"
        counted: Counter[str] = Counter()
        for line in self._audit().read_text().splitlines()[since:]:
            event = json.loads(line)
            about = event.get("objectRef") or {}
            ours = event["user"].get("username") == name and event["verb"] in WRITES
            if ours and about.get("resource") != "leases":
                counted[f"{event['verb']} {about.get('resource')}/{about.get('subresource', '')}"] += 1
        return counted

    def mark(self) -> int:
        """How long the audit log is now."""
        return len(self._audit().read_text().splitlines())

    def _audit(self) -> Path:
        return Path(self.server.environment["SLIPWAY_AUDIT_LOG"])


def is_observed(md: Json) -> bool:
    """Whether the status speaks of the spec as it is."""
    status = md.get("status", {})
    return status.get("observedGeneration") == md["metadata"]["generation"] and bool(status.get("conditions"))


@contextmanager
def stage(server: ApiServer, namespace: str, folder: Path) -> Iterator[Stage]:
    """The account, its rights from the chart, and connections that are closed in the end."""
    options = [
        f"watchNamespaces={{{namespace}}}",
        f"serviceAccount.name={ACCOUNT}",
        f"fullnameOverride={ACCOUNT}",
    ]
    rendered = subprocess.run(
        ["helm", "template", ACCOUNT, str(CHART), "-n", namespace, *_sets(options), *_shown()],
        env=dict(server.environment),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    server.kubectl("apply", "-n", namespace, "-f", "-", stdin=rendered)
    kube = LiveKube(server.kubeconfig)
    try:
        yield Stage(server, kube, namespace, folder)
    finally:
        kube.close()


@contextmanager
def operating(stage: Stage, *arguments: str, kubeconfig: Path | None = None) -> Iterator[LiveOperator]:
    """A running operator for the stage's namespace; killed in the end if it still runs."""
    config = kubeconfig or stage.kubeconfig(stage.token())
    running = LiveOperator(stage.folder, config, ["--namespace", stage.namespace, *arguments])
    try:
        yield running
    finally:
        running.kill()


def _sets(options: Sequence[str]) -> list[str]:
    return [word for option in options for word in ("--set", option)]


def _shown() -> list[str]:
    return ["-s", "templates/rbac.yaml", "-s", "templates/serviceaccount.yaml"]
