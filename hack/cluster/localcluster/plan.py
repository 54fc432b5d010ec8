"""What an `up` decided, written down for PID 1 and for later commands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcluster.errors import ClusterError


@dataclass(frozen=True)
class Plan:
    """A cluster as it is to be: an id of its own, node name, control group, API port, folder of programs."""

    id: str
    node: str
    cgroup: str
    port: int
    with_node: bool
    programs: Path

    def as_json(self) -> dict[str, Any]:
        """The record that `from_json` reads."""
        return {
            "id": self.id,
            "node": self.node,
            "cgroup": self.cgroup,
            "port": self.port,
            "with_node": self.with_node,
            "programs": str(self.programs),
        }

    @classmethod
    def from_json(cls, record: Any) -> "Plan":
        """The plan in a record; raises ClusterError when it is missing or damaged."""
        try:
            return cls(
                id=str(record["id"]),
                node=str(record["node"]),
                cgroup=str(record["cgroup"]),
                port=int(record["port"]),
                with_node=bool(record["with_node"]),
                programs=Path(record["programs"]),
            )
        except (TypeError, KeyError, ValueError) as error:
            raise ClusterError(
                "the cluster's plan is missing or damaged: run `cluster down`, then `cluster up`"
            ) from error
