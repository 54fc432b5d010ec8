"""What every act works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slipway_demo.console import Console
from slipway_demo.platform import LocalCluster
from slipway_demo.shell import Shell


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where output goes, what runs programs, the cluster, and the folder for expectations and reports."""

    console: Console
    shell: Shell
    cluster: LocalCluster
    folder: Path
