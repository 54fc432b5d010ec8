"""What a pod's status looks like in each of the ways a pod can turn out, as a kubelet writes it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from world_fields import Object


def digest_of(uri: str) -> str:
    """The digest that the simulated puller reports for a URI, unless told otherwise."""
    return f"sha256:{hashlib.sha256(uri.encode()).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How the pods of one model turn out.

    `state` is one of `ready`, `pending` (nothing happens), `pulling`, `loading`, `pull-failed`,
    `load-failed`, `image-failed`, `unschedulable`, `out-of-memory`, `crashing`.
    """

    state: str = "ready"
    reason: str = "Error"
    message: str = ""
    digest: str = ""
    size_bytes: int = 1000
    seconds: float = 0.5


def termination(reason: str, message: str, exit_code: int = 1) -> Object:
    """A container that ended, with the puller's or the server's JSON as termination message."""
    said = json.dumps({"reason": reason, "message": message}) if message else ""
    return {"exitCode": exit_code, "reason": "Error", "message": said}


def container(name: str, state: Object, *, ready: bool = False, last: Object | None = None) -> Object:
    """One container's status."""
    status: Object = {"name": name, "ready": ready, "restartCount": 1 if last else 0, "state": state}
    return status | ({"lastState": {"terminated": last}} if last else {})


def pulled(uri: str, outcome: Outcome) -> Object:
    """The puller after a successful pull."""
    said = {
        "reason": "Pulled",
        "message": f"pulled {uri}",
        "digest": outcome.digest or digest_of(uri),
        "sizeBytes": outcome.size_bytes,
        "seconds": outcome.seconds,
    }
    ended = {"exitCode": 0, "reason": "Completed", "message": json.dumps(said)}
    return container("puller", {"terminated": ended}, ready=True)


def conditions(
    time: str, *, scheduled: bool = True, initialized: bool = False, ready: bool = False
) -> list[Object]:
    """A pod's conditions."""
    states = {"PodScheduled": scheduled, "Initialized": initialized, "ContainersReady": ready, "Ready": ready}
    return [
        {"type": name, "status": "True" if state else "False", "lastTransitionTime": time}
        for name, state in states.items()
    ]


def status_of(uri: str, outcome: Outcome, time: str) -> Object:
    """The status of a pod that turned out like this."""
    waiting: Any = {
        "waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}
    }
    starting: Any = {"waiting": {"reason": "PodInitializing"}}
    if outcome.state == "ready":
        server = container("server", {"running": {"startedAt": time}}, ready=True)
        return _status(
            "Running", [pulled(uri, outcome)], [server], conditions(time, initialized=True, ready=True)
        )
    if outcome.state == "unschedulable":
        listed = conditions(time, scheduled=False)
        listed[0] |= {"reason": "Unschedulable", "message": outcome.message or "0/1 nodes are available"}
        return {"phase": "Pending", "conditions": listed}
    if outcome.state in {"pulling", "pull-failed", "image-failed"}:
        ended = termination(outcome.reason, outcome.message) if outcome.state == "pull-failed" else None
        state: Any = {"running": {"startedAt": time}} if outcome.state == "pulling" else waiting
        if outcome.state == "image-failed":
            state = {"waiting": {"reason": "ImagePullBackOff", "message": outcome.message}}
        puller = container("puller", state, last=ended)
        return _status("Pending", [puller], [container("server", starting)], conditions(time))
    return _server_status(uri, outcome, time, waiting)


def _server_status(uri: str, outcome: Outcome, time: str, waiting: Object) -> Object:
    if outcome.state == "loading":
        state, last = {"running": {"startedAt": time}}, None
    elif outcome.state == "out-of-memory":
        state, last = waiting, {"exitCode": 137, "reason": "OOMKilled"}
    else:
        state, last = waiting, termination(outcome.reason, outcome.message)
    server = container("server", state, last=last)
    return _status("Running", [pulled(uri, outcome)], [server], conditions(time, initialized=True))


def _status(phase: str, puller: list[Object], server: list[Object], listed: list[Object]) -> Object:
    return {
        "phase": phase,
        "conditions": listed,
        "initContainerStatuses": puller,
        "containerStatuses": server,
    }
