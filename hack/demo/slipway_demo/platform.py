"""The cluster that the demo runs on: the local one, through its own command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from slipway_demo.shell import Shell

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "hack" / "cluster" / "cluster"


class LocalCluster:
    """`hack/cluster/cluster`, with the add-ons that the demo needs."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._program = str(PROGRAM)

    def up(self) -> None:
        """Brings it up, or does nothing where it is; kubectl and helm of `shell` then mean this cluster."""
        self._shell.show(self._program, "up", "--addon", "metrics", "--addon", "s3")
        self._shell.environ |= exports(self._shell.read(self._program, "env"), self._shell.environ["PATH"])

    def down(self) -> None:
        """Removes it with everything in it."""
        self._shell.show(self._program, "down")

    def load(self, images: Sequence[tuple[str, Path]]) -> None:
        """Gives the node the images (reference, archive) that it has not got."""
        nodes = json.loads(self._shell.read("kubectl", "get", "nodes", "--output=json"))
        there = {
            name
            for node in nodes["items"]
            for image in node["status"].get("images", [])
            for name in image["names"]
        }
        archives = [str(archive) for reference, archive in images if not present(reference, there)]
        if archives:
            self._shell.show(self._program, "load", *archives)

    def put(self, file: Path, url: str) -> None:
        """Stores a file in the S3 add-on."""
        self._shell.read(self._program, "s3-put", str(file), url)

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` in the cluster's network."""
        return [self._program, "exec", "--", *command]


def exports(lines: str, path: str) -> dict[str, str]:
    """The variables of a shell's `export NAME=VALUE` lines; `path` is what $PATH stands for there."""
    pairs = (shlex.split(line)[1].partition("=") for line in lines.splitlines() if line.startswith("export "))
    return {name: value.replace("$PATH", path) for name, _, value in pairs}


def present(reference: str, names: set[str]) -> bool:
    """Whether an image is among a node's, which writes short names in full."""
    return not names.isdisjoint({reference, f"docker.io/{reference}", f"docker.io/library/{reference}"})
