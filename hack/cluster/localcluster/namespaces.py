"""Going into the cluster's namespaces: PID 1 at the start, commands later.

The namespaces have no names in the file system (`ip netns` would give the network one): a name
would keep a namespace alive after a crash. They live as long as PID 1 and what entered them.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from localcluster.home import BIN, Home
from localcluster.settings import TREE

ID_VARIABLE = "SLIPWAY_CLUSTER_ID"  # marks what entered from outside, so that `down` finds it

# Covers name resolution in a mount namespace of the command's own; everything else stays the caller's.
_ENTER = """
mount --bind "$1" /etc/resolv.conf
[ ! -e /etc/nsswitch.conf ] || mount --bind "$2" /etc/nsswitch.conf
shift 2
exec "$@"
"""


def start(home: Home, listener: socket.socket) -> "subprocess.Popen[bytes]":
    """Start PID 1 in namespaces of its own; what is returned only waits for its end."""
    number = listener.fileno()
    with (home.log / "init.log").open("ab") as log:
        return subprocess.Popen(
            [
                *("unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--propagation", "slave"),
                *("--fork", "--kill-child", "--"),
                *(sys.executable, "-m", "localcluster.init", str(home.root), str(number)),
            ],
            cwd="/",
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": str(TREE),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            pass_fds=[number],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def node_command(pid: int, command: list[str]) -> list[str]:
    """A command on the node: in all of the cluster's namespaces."""
    return ["nsenter", f"--target={pid}", "--net", "--mount", "--pid", "--uts", "--ipc", "--", *command]


def network_command(pid: int, home: Home, command: list[str]) -> list[str]:
    """A command in the cluster's network and name resolution, with the caller's files and processes."""
    names = [str(home.resolv), str(home.nsswitch)]
    inside = ["sh", "-ec", _ENTER, "sh", *names, *command]
    return [
        "nsenter",
        f"--net=/proc/{pid}/ns/net",
        "--",
        "unshare",
        "--mount",
        "--propagation",
        "slave",
        "--",
        *inside,
    ]


def network_environment(environ: Mapping[str, str], identifier: str) -> dict[str, str]:
    """The environment of a command in the cluster's network: no proxy, which it could not reach."""
    kept = {name: value for name, value in environ.items() if not name.lower().endswith("_proxy")}
    return kept | {ID_VARIABLE: identifier}


def ctr_command(pid: int, arguments: list[str]) -> list[str]:
    """A call of containerd's client for the images that the kubelet sees."""
    return node_command(pid, [str(BIN / "ctr"), "--namespace", "k8s.io", *arguments])


def entered(identifier: str, proc: Path = Path("/proc")) -> list[int]:
    """PIDs of what entered the cluster's network from outside and still runs, this process left out."""
    mark = f"{ID_VARIABLE}={identifier}".encode()
    found = []
    for folder in proc.iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it ended just now
            if mark in variables:
                found.append(int(folder.name))
    return found
