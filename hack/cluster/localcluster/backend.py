"""What a cluster can be asked for, whatever it is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from localcluster.waiting import Progress


@dataclass(frozen=True)
class UpOptions:
    """The words of `cluster up`."""

    with_node: bool
    addons: tuple[str, ...]


class Backend(Protocol):
    """A way to run a cluster; `exec`, `kubectl` and `helm` become the command they run and do not return."""

    def up(self, options: UpOptions, progress: Progress) -> None:
        """Bring the cluster up, or add what is missing."""

    def down(self, progress: Progress) -> None:
        """Remove the cluster and everything it has."""

    def status(self) -> dict[str, Any]:
        """What runs, and where its files are."""

    def env(self) -> str:
        """Lines for a shell's `eval`."""

    def exec(self, command: list[str], *, on_node: bool) -> None:
        """Run a command inside."""

    def tool(self, program: str, arguments: list[str]) -> None:
        """Run kubectl or helm against the cluster."""

    def load(self, image: str, progress: Progress) -> None:
        """Give the node an image."""

    def logs(self, component: str | None, lines: int, *, follow: bool) -> None:
        """Show a component's log, or which there are."""

    def hold(self, component: str, *, held: bool) -> None:
        """Kill a component and keep it down, or let it run again."""

    def s3_put(self, file: Path, url: str) -> None:
        """Put a file into the S3 server."""
