"""The status: one complete object, written only when it differs from the last one.

Nothing in it moves by itself. Counts and selector are those of the set that requests reach, because
the scale subresource hands them to autoscalers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway_operator.api.conditions import Condition, ConditionType, Reason, merged
from slipway_operator.api.types import FieldError, Json, ModelDeployment
from slipway_operator.core.model import model
from slipway_operator.core.objects import metadata
from slipway_operator.core.objects.service import preview_name, url
from slipway_operator.core.observed import Deployment, Endpoints, Observed, Owner
from slipway_operator.core.revision import Revision
from slipway_operator.core.rollout.course import Track
from slipway_operator.core.verdict import Verdict, conditions
from slipway_operator.core.view import View


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a failed write means for the user."""

    reason: Reason
    message: str
    stalled: bool


def status(view: View, observed: Observed, revisions: Sequence[Revision], found: Verdict) -> dict[str, Any]:
    """The complete desired `.status`."""
    md = view.md
    track = view.course.active
    live = _set_of(observed, track)
    active = active_revision(view)
    counts = {
        "replicas": live.total if live else 0,
        "readyReplicas": live.ready if live else 0,
    }
    shown: dict[str, Any] = {
        "observedGeneration": md.generation,
        **counts,
        "selector": _selector(md, track),
        "url": url(md.key),
        "replicasSummary": f"{counts['readyReplicas']}/{live.size if live else view.size}",
        "conditions": merged(_previous(md.status), conditions(view, found), md.generation, view.now),
        "predictors": [_predictor(view, observed, revisions, active, found)],
    }
    return shown | ({"revision": active} if active else {})


def _preview(view: View, observed: Observed) -> dict[str, str]:
    """What only the preview's address reaches, while there is such a thing."""
    track, md = view.course.preview, view.md
    shown = _set_of(observed, track) if track is not None and track != view.course.active else None
    if shown is None:
        return {}
    return {
        "previewRevision": shown.revision,
        "previewUrl": url(md.key, preview_name(md.key.name, md.spec.predictor.name)),
    }


def _predictor(
    view: View, observed: Observed, revisions: Iterable[Revision], active: str, found: Verdict
) -> dict[str, Any]:
    live = _set_of(observed, view.course.active)
    known = next((one for one in revisions if one.name == active and not one.refused), None)
    serving = [pod for pod in view.serving if pod.revision == active]
    entry: dict[str, Any] = {
        "name": view.md.spec.predictor.name,
        "desiredRevision": view.course.desired.name,
        "replicas": live.total if live else 0,
        "readyReplicas": live.ready if live else 0,
        "availableReplicas": live.available if live else 0,
        "url": url(view.md.key),
    }
    optional = {
        "activeRevision": active,
        **_preview(view, observed),
        "model": model(known, serving) if known else None,
        "message": view.cause.message if view.cause and found.progress else "",
    }
    return entry | {name: value for name, value in optional.items() if value}


def active_revision(view: View) -> str:
    """What requests reach: the stable revision as long as it serves, else the newest that does."""
    serving = [pod.revision for pod in view.serving]
    if view.course.complete and view.course.desired.name in serving:
        return view.course.desired.name
    if view.stable is not None and view.stable.name in serving:
        return view.stable.name
    return serving[-1] if serving else ""


def _set_of(observed: Observed, track: Track) -> Deployment | None:
    return next(
        (one for _, one in sorted(observed.deployments.items()) if Track(one.predictor, one.track) == track),
        None,
    )


def _selector(md: ModelDeployment, track: Track) -> str:
    """The label selector of the pods that requests reach."""
    labels = metadata.selector(md.key.name, track.predictor, track.track)
    return ",".join(f"{name}={value}" for name, value in labels.items())


def _previous(before: Json) -> list[Json]:
    found = before.get("conditions")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def with_problem(md: ModelDeployment, shown: Json, problem: Problem, now: datetime) -> dict[str, Any]:
    """The status of a look that a failed write ended: what serves is as it was, the rest is the problem."""
    kept = [one for one in _conditions_of(shown) if one.type is ConditionType.AVAILABLE]
    return {
        **shown,
        "conditions": merged(_previous(md.status), [*kept, *_troubled(problem)], md.generation, now),
    }


def _troubled(problem: Problem) -> list[Condition]:
    kind = ConditionType.STALLED if problem.stalled else ConditionType.RECONCILING
    return [
        Condition(type=ConditionType.READY, status=False, reason=problem.reason, message=problem.message),
        Condition(type=kind, status=True, reason=problem.reason, message=problem.message),
    ]


def _conditions_of(shown: Json) -> list[Condition]:
    return [
        Condition(
            type=ConditionType(one["type"]),
            status=one["status"] == "True",
            reason=Reason(one["reason"]),
            message=one["message"],
        )
        for one in shown["conditions"]
    ]


def rejected(
    owner: Owner,
    observed: Observed,
    errors: Sequence[FieldError],
    *,
    generation: int,
    before: Json,
    now: datetime,
) -> dict[str, Any]:
    """The status of a spec that cannot be acted on: what serves goes on serving, and is told truthfully."""
    message = "; ".join(str(error) for error in sorted(errors))
    serving = bool(observed.endpoints.get(owner.key.name, Endpoints()).ready)
    available = Condition(
        type=ConditionType.AVAILABLE,
        status=serving,
        reason=Reason.SERVING if serving else Reason.NO_READY_PODS,
        message="the last valid spec serves on" if serving else "no pod is ready",
    )
    trouble = _troubled(Problem(reason=Reason.INVALID_SPEC, message=message, stalled=True))
    kept = {name: value for name, value in before.items() if name not in {"conditions", "observedGeneration"}}
    return {
        **kept,
        "observedGeneration": generation,
        "conditions": merged(_previous(before), [*trouble, available], generation, now),
    }
