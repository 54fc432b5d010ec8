"""A real API server for tests: brought up by the project's own program, reached as users reach it.

`kubectl` is what people type; `http` is the bare API, for what kubectl would hide or correct.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from crd_schema import ROOT

CLUSTER = ROOT / "hack" / "cluster" / "cluster"
NAME = os.environ.get("SLIPWAY_TEST_CLUSTER", "slipway-test") + "-api"
UP_SECONDS = 1800
"""Long, because the first time Kubernetes is compiled."""
COMMAND_SECONDS = 60
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MODELDEPLOYMENTS = "/apis/slipway.dev/v1alpha1/namespaces/{namespace}/modeldeployments"


@dataclass(frozen=True)
class ApiServer:
    """A control plane without a node, and how to talk to it."""

    environment: Mapping[str, str]
    http: httpx.Client

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig."""
        return Path(self.environment["KUBECONFIG"])

    def run(self, *words: str, stdin: Any = None) -> subprocess.CompletedProcess[str]:
        """kubectl; `stdin` that is no string goes in as JSON."""
        text = stdin if stdin is None or isinstance(stdin, str) else json.dumps(stdin)
        return subprocess.run(
            ["kubectl", *words],
            input=text,
            env=dict(self.environment),
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def kubectl(self, *words: str, stdin: Any = None) -> str:
        """What a kubectl command prints; one that fails is an error."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {shlex.join(words)}: {done.stderr}"
        return done.stdout

    def try_create(self, manifest: Mapping[str, Any], namespace: str) -> tuple[bool, Any]:
        """Whether the API server would take a ModelDeployment, and the object or the reason why not."""
        answer = self.http.post(
            MODELDEPLOYMENTS.format(namespace=namespace),
            params={"dryRun": "All", "fieldValidation": "Strict"},
            content=json.dumps(manifest),
            headers={"Content-Type": "application/json"},
        )
        body = answer.json()
        return (True, body) if answer.is_success else (False, body["message"])

    def await_established(self, crd: str) -> None:
        """Returns once objects of `crd` can be made; gives up after `COMMAND_SECONDS`."""
        selected = {
            "watch": "1",
            "fieldSelector": f"metadata.name={crd}",
            "timeoutSeconds": str(COMMAND_SECONDS),
        }
        with self.http.stream("GET", CRDS, params=selected) as events:
            for line in events.iter_lines():
                conditions = json.loads(line)["object"].get("status", {}).get("conditions") or []
                if any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
                    return
        raise TimeoutError(f"{crd} was not established within {COMMAND_SECONDS} s")


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """The test API server; taken down at the end, unless it was up before."""
    was_up = _cluster("status").returncode == 0
    up = _cluster("up", "--control-plane-only")
    if up.returncode != 0:
        raise RuntimeError(f"no API server to test against; `{shlex.join(up.args)}` said:\n{up.stderr}")
    try:
        environment = {**os.environ, **_exports(_cluster("env").stdout)}
        with _client(Path(environment["KUBECONFIG"])) as http:
            yield ApiServer(environment, http)
    finally:
        if not was_up:
            _cluster("down")


def _cluster(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CLUSTER, *words, "--name", NAME], check=False, capture_output=True, text=True, timeout=UP_SECONDS
    )


def _exports(text: str) -> dict[str, str]:
    """The variables of `cluster env`, which is written for a shell."""
    words = [shlex.split(line.removeprefix("export ")) for line in text.splitlines()]
    pairs = (word[0].split("=", 1) for word in words if word)
    return {name: value.replace("$PATH", os.environ["PATH"]) for name, value in pairs}


@contextmanager
def _client(kubeconfig: Path) -> Iterator[httpx.Client]:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decoded(cluster, "certificate-authority-data"))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(_decoded(user, "client-certificate-data") + _decoded(user, "client-key-data"))
        pem.flush()
        context.load_cert_chain(pem.name)
    with httpx.Client(base_url=cluster["server"], verify=context, timeout=2 * COMMAND_SECONDS) as client:
        yield client


def _decoded(entry: Mapping[str, str], key: str) -> str:
    return base64.b64decode(entry[key]).decode()
