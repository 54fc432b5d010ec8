"""What every act works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from openloop.session import Rates, Session
from slipway_demo.console import Console
from slipway_demo.platform import LocalCluster
from slipway_demo.shell import Shell

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where output goes, what runs programs, the cluster, and the folder for expectations and reports."""

    console: Console
    shell: Shell
    cluster: LocalCluster
    folder: Path

    @property
    def expectations(self) -> Path:
        """What is asked, and what each model must answer: for the load generator."""
        return self.folder / "iris.json"

    def load(self, url: str, rates: Rates, name: str, on_progress: OnProgress | None = None) -> Session:
        """Open-loop load from inside the cluster's network; its report is `folder`/`name`.json."""
        return Session(
            url,
            self.expectations,
            rates,
            self.folder / f"{name}.json",
            prefix=self.cluster.inside(),
            environ=self.shell.environ,
            on_progress=on_progress,
        )
