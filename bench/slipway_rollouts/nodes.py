"""Fake nodes: kwok plays their kubelets, so that pods are ready as soon as they are scheduled.

What is compared is how a controller gets a thousand rollouts done; real pods would only add the time that any
pod takes, and need a hundred machines.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slipway_rollouts.plane import WAIT, Plane
from slipway_rollouts.programs import kwok, kwok_stages

COUNT = 4
ADDRESSES = "10.192.0.0/10"
END_SECONDS = 20.0


@contextmanager
def fake_nodes(plane: Plane, folder: Path) -> Iterator[None]:
    """Ready nodes with room for everything, until the block ends."""
    stages = [f"--config={path}" for path in kwok_stages()]
    options = [f"--kubeconfig={plane.kubeconfig}", "--manage-all-nodes=true", f"--cidr={ADDRESSES}", *stages]
    plane.kubectl("create", "-f", "-", manifests=[_node(number) for number in range(COUNT)])
    with (folder / "kwok.log").open("w") as log:
        program = subprocess.Popen([kwok(), *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        plane.kubectl("wait", "--for=condition=Ready", "nodes", "--all", f"--timeout={WAIT}")
        yield
    finally:
        program.terminate()
        program.wait(END_SECONDS)


def _node(number: int) -> dict[str, Any]:
    room = {"cpu": "4000", "memory": "8Ti", "pods": "4000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"fake-{number}"},
        "status": {"capacity": room, "allocatable": room},
    }
