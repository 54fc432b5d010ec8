"""A control plane of its own for each contestant: no node, but all that Kubernetes' own controllers need."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slipway_demo.console import Console
from slipway_demo.platform import PROGRAM, exports
from slipway_demo.shell import Shell

NAME = "scale"
WAIT = "60s"


@dataclass(frozen=True)
class Plane:
    """A running control plane, with an administrator's rights.

    Attributes:
        shell: whose environment has KUBECONFIG, the audit log's path, and kubectl on the PATH.
    """

    shell: Shell

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return Path(self.shell.environ["KUBECONFIG"])

    @property
    def audit(self) -> Path:
        """One JSON line for each request that was answered."""
        return Path(self.shell.environ["SLIPWAY_AUDIT_LOG"])

    def kubectl(self, *words: str, manifests: Sequence[Mapping[str, Any]] = ()) -> str:
        """What kubectl prints; `manifests` are its standard input."""
        text = "\n".join(json.dumps(each) for each in manifests)
        return self.shell.read("kubectl", *words, text=text).strip()

    def define(self, crds: Sequence[Path]) -> None:
        """Makes kinds, and waits until objects of them can be made."""
        files = [word for path in crds for word in ("-f", str(path))]
        self.kubectl("apply", "--server-side", *files)
        self.kubectl("wait", "--for=condition=Established", f"--timeout={WAIT}", *files)

    def account(self, namespace: str, folder: Path) -> Path:
        """A kubeconfig for a service account that may do everything, in a new namespace of its name."""
        subject = {"kind": "ServiceAccount", "name": namespace, "namespace": namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": namespace},
            "roleRef": role,
            "subjects": [subject],
        }
        self.kubectl("create", "namespace", namespace)
        self.kubectl("create", "serviceaccount", namespace, "-n", namespace)
        self.kubectl("create", "-f", "-", manifests=[binding])
        token = self.kubectl("create", "token", namespace, "-n", namespace, "--duration=12h")
        config = yaml.safe_load(self.kubeconfig.read_text())
        config["users"] = [{"name": namespace, "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = namespace
        path = folder / f"{namespace}.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path


@contextmanager
def control_plane() -> Iterator[Plane]:
    """Brings up an empty one, and takes it down afterwards."""
    shell, program = Shell(Console(sys.stderr), {"SLIPWAY_CLUSTER": NAME}), str(PROGRAM)
    shell.read(program, "down")
    shell.read(program, "up", "--control-plane-only")
    try:
        shell.environ |= exports(shell.read(program, "env"), shell.environ["PATH"])
        yield Plane(shell)
    finally:
        shell.read(program, "down")
