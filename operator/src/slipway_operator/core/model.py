"""The model that really came down, as the pullers of ready pods report it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from slipway_operator.core.objects.pod import PULLER
from slipway_operator.core.pods import Pod, Said
from slipway_operator.core.revision import Revision


def _reports(pods: Iterable[Pod]) -> list[Said]:
    """What the pullers of ready pods said, oldest pod first; pods that said nothing are left out."""
    pullers = (pod.container(PULLER) for pod in pods if pod.ready)
    return [puller.said for puller in pullers if puller is not None and puller.said.digest]


def digests(pods: Iterable[Pod]) -> list[str]:
    """The different digests among ready pods: two mean that the model changed behind its address."""
    return sorted({report.digest for report in _reports(pods)})


def model(revision: Revision, pods: Sequence[Pod]) -> dict[str, Any]:
    """`status.predictors[].model`: what serves, by its oldest ready pod."""
    found: dict[str, Any] = {"uri": uri(revision)}
    for report in _reports(pods)[:1]:
        found |= {"digest": report.digest, "sizeBytes": report.size_bytes, "pullSeconds": report.seconds}
    return {name: value for name, value in found.items() if value not in {None, ""}}


def uri(revision: Revision) -> str:
    """Where a revision's model comes from: the puller's argument, which the allow-list has checked."""
    args = revision.template["spec"]["initContainers"][0]["args"]
    return str(args[1]) if len(args) > 1 else ""
