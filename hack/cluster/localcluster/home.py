"""The folder of one cluster, seen from the machine and from inside.

`run`, `lib` and `log` become /run, /var/lib and /var/log of the cluster's own mount namespace, so
that every component finds its files in the default places and no path depends on where the folder
lies (a Unix socket's path may have 108 bytes at most).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Inside the mount namespace:
INSIDE = Path("/run/slipway")
BIN = INSIDE / "bin"
PKI = INSIDE / "pki"
ETC = INSIDE / "etc"
LOG = Path("/var/log")
S3 = Path("/var/lib/slipway-s3")


@dataclass(frozen=True)
class Home:
    """Paths of one cluster's files as the machine sees them."""

    root: Path

    @property
    def run(self) -> Path:
        """/run inside."""
        return self.root / "run"

    @property
    def lib(self) -> Path:
        """/var/lib inside: containerd's images, etcd's and the kubelet's files, S3 objects."""
        return self.root / "lib"

    @property
    def log(self) -> Path:
        """/var/log inside: one file per component, the audit log, the pods' logs."""
        return self.root / "log"

    @property
    def inside(self) -> Path:
        """What `INSIDE` is from outside."""
        return self.run / "slipway"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.inside / "pki"

    @property
    def etc(self) -> Path:
        """Configuration and kubeconfigs of the components."""
        return self.inside / "etc"

    @property
    def bin(self) -> Path:
        """Links to the programs a user calls: kubectl, helm, etcdctl."""
        return self.root / "bin"

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig that works on the machine and through `exec` alike."""
        return self.root / "kubeconfig"

    @property
    def audit(self) -> Path:
        """The API server's audit log, one JSON object a line."""
        return self.log / "audit.log"

    @property
    def resolv(self) -> Path:
        """/etc/resolv.conf of commands run through `exec`."""
        return self.root / "resolv.conf"

    @property
    def nsswitch(self) -> Path:
        """/etc/nsswitch.conf of commands run through `exec`."""
        return self.root / "nsswitch.conf"

    @property
    def record(self) -> Path:
        """Who is PID 1 of the cluster; written by PID 1 itself."""
        return self.root / "init.json"

    @property
    def plan(self) -> Path:
        """What was asked of `up`; PID 1 reads it."""
        return self.root / "plan.json"

    @property
    def kind(self) -> Path:
        """What kind is asked for; there only where the cluster is kind's."""
        return self.root / "kind.json"

    @property
    def ready(self) -> Path:
        """Written at the end of a successful `up`."""
        return self.root / "ready.json"

    @property
    def components(self) -> Path:
        """What the supervisor knows of each component."""
        return self.inside / "components.json"

    @property
    def stopped(self) -> Path:
        """One empty file for each component that is held down."""
        return self.inside / "stopped"

    @property
    def s3(self) -> Path:
        """The objects of the S3 add-on: bucket/key."""
        return self.lib / "slipway-s3"

    def make(self) -> None:
        """Make the folders; private, because they hold keys."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (
            self.bin,
            self.lib,
            self.log,
            self.pki,
            self.etc,
            self.stopped,
            self.inside / "bin",
            self.inside / "tmp",
        ):
            folder.mkdir(parents=True, exist_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of it."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(content, indent=1) + "\n")
    draft.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file; None when it is missing or no JSON (a crash may have cut it)."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
