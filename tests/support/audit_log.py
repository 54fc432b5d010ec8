"""What an audit log says of a controller at rest: which of its writes nobody gave it a reason for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
ECHO = timedelta(seconds=10)
"""How long after somebody else's write in its namespace a controller's may be the answer to that."""


@dataclass(frozen=True)
class Rest:
    """The writes without a reason, and for how many seconds there was none."""

    writes: list[str]
    quiet_seconds: float


def rest(records: Iterable[Mapping[str, Any]], user: str, since: datetime, until: datetime) -> Rest:
    """Looks at the records of one namespace, oldest first; `user` is the controller's name.

    Where a machine stands still for seconds, probes fail, the kubelet says so of its pods, and a controller
    has to say so of its models: the writes of others are reasons. Events are none, they change no state.
    """
    stirred, quiet, writes = since - ECHO, timedelta(), list[str]()
    for record in records:
        at, target = datetime.fromisoformat(record["stageTimestamp"]), record["objectRef"]
        if record["verb"] not in WRITES or not since < at <= until:
            continue
        if record["user"]["username"] == user:
            if at > stirred + ECHO:
                writes.append(f"{at:%H:%M:%S} {record['verb']} {target['resource']} {target.get('name', '')}")
        elif target["resource"] != "events":
            quiet += max(timedelta(), at - (stirred + ECHO))
            stirred = at
    quiet += max(timedelta(), until - (stirred + ECHO))
    return Rest(writes, quiet.total_seconds())
