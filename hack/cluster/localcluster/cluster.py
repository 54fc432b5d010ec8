"""One existing cluster: whether it runs, who its PID 1 is, and what its parts answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcluster.apiclient import ApiClient
from localcluster.errors import ClusterError
from localcluster.home import Home, read_json
from localcluster.identity import Identity, from_json
from localcluster.plan import Plan
from localcluster.settings import Settings

_TAIL = 15  # lines of a log that an error shows


@dataclass(frozen=True)
class Cluster:
    """A cluster by its settings; reads its state from the folder each time it is asked."""

    settings: Settings

    @property
    def home(self) -> Home:
        """Its folder."""
        return Home(self.settings.home)

    @property
    def init(self) -> Identity | None:
        """Its PID 1 while that runs."""
        identity = from_json(read_json(self.home.record))
        return identity if identity is not None and identity.alive() else None

    @property
    def state(self) -> str:
        """One of: absent, crashed (files without a process), unfinished (`up` did not end well), running."""
        if not self.home.plan.exists():
            return "absent"
        if self.init is None:
            return "crashed"
        return "running" if self.home.ready.exists() else "unfinished"

    @property
    def plan(self) -> Plan:
        """What `up` decided."""
        return Plan.from_json(read_json(self.home.plan))

    @property
    def api(self) -> ApiClient:
        """A client of its API server."""
        return ApiClient(self.plan.port, self.home.pki)

    def require_init(self) -> Identity:
        """Its PID 1; raises ClusterError with the remedy when it does not run."""
        if (init := self.init) is None:
            remedy = (
                "run `cluster up`"
                if self.state == "absent"
                else "run `cluster logs init` to see why, then `cluster up`"
            )
            raise ClusterError(f"cluster {self.settings.name!r} does not run ({self.state}): {remedy}")
        return init

    def components(self) -> dict[str, dict[str, Any]]:
        """What the supervisor last said of each component; empty before it began."""
        found = read_json(self.home.components)
        return found if isinstance(found, dict) else {}

    def tail(self, component: str, lines: int = _TAIL) -> str:
        """The end of a component's log, with the path to the rest."""
        return tail(self.home.log / f"{component}.log", lines)

    def clue(self, component: str) -> str:
        """Why something may not have come: components that ended, then the log of the likely culprit."""
        ended = {name: c["last_exit"] for name, c in self.components().items() if c["restarts"]}
        parts = [f"{name} {how}" for name, how in ended.items()]
        if self.init is None:
            parts, component = ["PID 1 of the cluster has ended"], "init"
        culprit = component if component in ended or not ended else next(iter(ended))
        return "\n".join([*parts, self.tail(culprit)])


def tail(path: Path, lines: int) -> str:
    """The last lines of a file, under its name."""
    try:
        content = path.read_text(errors="replace").splitlines()[-lines:]
    except OSError as error:
        content = [f"({error.strerror})"]
    return "\n".join([f"--- end of {path}:", *content])
