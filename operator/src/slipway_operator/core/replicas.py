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

Every write is guarded by the resourceVersion that was looked at: a writer in between wins, and is
looked at again.
"""

from __future__ import annotations

from slipway_operator.api.names import FIELD_MANAGER, FIELD_MANAGER_REPLICAS
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import SetReplicas
from slipway_operator.core.observed import Deployment


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
    md: ModelDeployment, live: Deployment, *, omitting: bool, wanted: int | None = None
) -> SetReplicas | None:
    """The write that a set's size needs.

    `omitting` says that an apply without the field follows; `wanted` is the size of a set that is
    not the active one, None for the active one.
    """
    size = _size_of_active(md, live) if wanted is None else wanted
    handed_over = not (omitting and live.sized_by_us_alone)
    if size == live.size and handed_over and not _to_take_back(md, live):
        return None
    return SetReplicas(ref=live.ref, replicas=size, uid=live.uid, resource_version=live.resource_version)


def _size_of_active(md: ModelDeployment, live: Deployment) -> int:
    if md.spec.predictor.hpa_spec is not None:
        return live.size or _minimum(md)
    return live.size if md.spec.replicas is None else md.spec.replicas


def _to_take_back(md: ModelDeployment, live: Deployment) -> bool:
    """Whether an autoscaler that is gone, or somebody by hand, is the only owner left."""
    ours = {FIELD_MANAGER, FIELD_MANAGER_REPLICAS}
    return md.spec.predictor.hpa_spec is None and not ours.intersection(live.replicas_owners)
