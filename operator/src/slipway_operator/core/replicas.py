"""Who writes a Deployment's `replicas`, and what.

Two field managers. `slipway` carries the field only in the apply that creates a Deployment and
leaves it out ever after; `slipway-replicas` applies nothing else. Leaving out a field that nobody
else owns resets it to 1, so before `slipway` first leaves it out, `slipway-replicas` takes the live
value. (An autoscaler that never needs to change the value never owns it: waiting for it would be
waiting for ever.)

| situation | writer |
|---|---|
| not the active set | `slipway-replicas`: what the strategy says, by the live size of the active one |
| no autoscaler | `slipway-replicas`: what the spec says, else the live value |
| hpaSpec set | the autoscaler alone; but one that finds 0 does nothing, so 0 becomes its minimum |
| hpaSpec removed | the autoscaler is deleted first, then the live value is taken back |
| active, of a predictor that the spec names no more | the autoscaler it came with, else as the spec says |

The last row is a rename on its way: what serves stays as it was until the new predictor can carry it,
so the old one's autoscaler goes with the old one's set and not before. (Only `replicas: 0` counts at
once: nothing is to serve, and an autoscaler leaves 0 alone.) Whatever the row, a set with an
autoscaler has no second writer: two of them would undo each other's work for ever.

Every write is guarded by the resourceVersion that was looked at: a writer in between wins, and is
looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable

from slipway_operator.api.names import FIELD_MANAGER, FIELD_MANAGER_REPLICAS
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import SetReplicas
from slipway_operator.core.observed import Child, Deployment


def size_at_creation(md: ModelDeployment, live: int | None = None) -> int:
    """The size of a set that is not there yet; `live` is that of the set it is to replace."""
    hpa = md.spec.predictor.hpa_spec
    if hpa is not None:
        least = _minimum(md)
        return least if live is None else min(max(live, least), hpa.max_replicas)
    if md.spec.replicas is not None:
        return md.spec.replicas
    return 1 if live is None else live


def _minimum(md: ModelDeployment) -> int:
    hpa = md.spec.predictor.hpa_spec
    return 1 if hpa is None or hpa.min_replicas is None else hpa.min_replicas


def resize(
    md: ModelDeployment,
    live: Deployment,
    *,
    omitting: bool,
    wanted: int | None = None,
    autoscalers: Iterable[Child] = (),
) -> SetReplicas | None:
    """The write that a set's size needs.

    `omitting` says that an apply without the field follows; `wanted` is the size of a set that is
    not the active one, None for the active one; `autoscalers` are those that are there.
    """
    size = size_of_active(md, live, autoscalers) if wanted is None else wanted
    handed_over = not (omitting and live.sized_by_us_alone)
    if size == live.size and handed_over and not _to_take_back(md, live, autoscalers):
        return None
    return SetReplicas(ref=live.ref, replicas=size, uid=live.uid, resource_version=live.resource_version)


def size_of_active(md: ModelDeployment, live: Deployment, autoscalers: Iterable[Child] = ()) -> int:
    """The size that the active set is to have."""
    if md.spec.replicas == 0:
        return 0  # also of a set with an autoscaler: that leaves 0 alone
    least = _autoscaled(md, live, autoscalers)
    if least is not None:
        return live.size or least
    return live.size if md.spec.replicas is None else md.spec.replicas


def _autoscaled(md: ModelDeployment, live: Deployment, autoscalers: Iterable[Child]) -> int | None:
    """The least size that the autoscaler of an active set allows; None where no autoscaler has it.

    For the spec's predictor the spec tells, since the plan deletes an autoscaler that it does not name.
    """
    if live.predictor == md.spec.predictor.name:
        return None if md.spec.predictor.hpa_spec is None else _minimum(md)
    aimed = (one.object["spec"] for one in autoscalers if aim(one) == live.ref.name)
    return next((int(spec.get("minReplicas", 1)) for spec in aimed), None)


def aim(autoscaler: Child) -> str:
    """The Deployment that an autoscaler scales."""
    return str(autoscaler.object["spec"].get("scaleTargetRef", {}).get("name", ""))


def _to_take_back(md: ModelDeployment, live: Deployment, autoscalers: Iterable[Child]) -> bool:
    """Whether an autoscaler that is gone, or somebody by hand, is the only owner left."""
    ours = {FIELD_MANAGER, FIELD_MANAGER_REPLICAS}
    return _autoscaled(md, live, autoscalers) is None and not ours.intersection(live.replicas_owners)
