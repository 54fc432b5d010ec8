"""Which cluster is meant, and the two places that hold its files.

Built binaries are shared by all clusters and checkouts (`cache`); everything else a cluster has
lies in one folder (`home`).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcluster.errors import ClusterError

DEFAULT_NAME = "slipway"
NAME_LIMIT = 40
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
TREE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """A cluster's name and the folders it uses."""

    name: str
    cache: Path
    state: Path

    @property
    def home(self) -> Path:
        """The folder that holds all of this cluster's state."""
        return self.state / "clusters" / self.name

    @property
    def binaries(self) -> Path:
        """The folder with one sub-folder for each build."""
        return self.cache / "bin"

    @property
    def cgroup(self) -> str:
        """Name of the cluster's control group; the prefix keeps it clear of other programs' groups."""
        return f"slipway.{self.name}"

    @property
    def node(self) -> str:
        """Name of the cluster's only node."""
        return f"{self.name}-node"


def settings_from(environ: Mapping[str, str], name: str | None = None) -> Settings:
    """Read the settings from the environment; `name` (from --name) wins over SLIPWAY_CLUSTER."""
    chosen = name or environ.get("SLIPWAY_CLUSTER") or DEFAULT_NAME
    if not _NAME.fullmatch(chosen) or len(chosen) > NAME_LIMIT:
        raise ClusterError(
            f"cluster name {chosen!r} must be lower-case letters, digits and dashes, begin with a letter, "
            f"and have at most {NAME_LIMIT} characters"
        )
    user = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - Path.home() reads the real environment first
    return Settings(
        name=chosen,
        cache=_folder(environ, "SLIPWAY_CACHE", "XDG_CACHE_HOME", user / ".cache"),
        state=_folder(environ, "SLIPWAY_STATE", "XDG_STATE_HOME", user / ".local" / "state"),
    )


def _folder(environ: Mapping[str, str], own: str, standard: str, default: Path) -> Path:
    if environ.get(own):
        return Path(environ[own]).absolute()
    return Path(environ.get(standard) or default).absolute() / "slipway"
