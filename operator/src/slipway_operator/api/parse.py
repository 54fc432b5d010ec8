"""From the API server's JSON to a typed ModelDeployment, or to everything that is wrong with it.

The schema and CEL rules of the CRD have normally refused bad input before; this checks all of it
again that matters for safety, since an object may be older than the CRD's rules, or come from a
file (`slipway-operator render`). Metadata first, then the spec, then its predictor; errors are
collected on the way with their paths, and typed values are made only when there are none. No
input makes it raise.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from slipway_operator.api import rules
from slipway_operator.api.fields import Fields
from slipway_operator.api.names import API_VERSION, KIND
from slipway_operator.api.parse_predictor import parse_predictor
from slipway_operator.api.parse_strategy import parse_strategy
from slipway_operator.api.texts import shown
from slipway_operator.api.types import (
    FieldError,
    Json,
    Key,
    ModelDeployment,
    Predictor,
    Spec,
    Verbs,
)

_MAX_GENERATION: Final = 2**63 - 1
_MAX_REVISIONS: Final = 100
_PREDICTORS_MUST: Final = (
    "must hold exactly 1 predictor, not {count}, because traffic is not yet split between several; "
    "make a ModelDeployment of each"
)


def parse(raw: Json) -> ModelDeployment | list[FieldError]:
    """The object, or a non-empty list of all that is wrong in it.

    `metadata.uid`, `generation` and `namespace` may be missing, as they are in a file.
    """
    errors: list[FieldError] = []
    document = Fields(raw, "", errors)
    _type_meta(document)
    key, uid, generation, annotations = _metadata(document)
    spec, predictor_input = _spec(document)
    status = document.get("status")
    document.close()
    if errors or spec is None:
        return errors
    return ModelDeployment(
        key=key,
        uid=uid,
        generation=generation,
        spec=spec,
        predictor_input=predictor_input,
        annotations=annotations,
        status=status if isinstance(status, dict) else {},
    )


def _type_meta(document: Fields) -> None:
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        found = document.get(key, required=True)
        if found is not None and found != expected:
            document.note(key, f"must be {expected}, not {shown(found)}")


def _metadata(document: Fields) -> tuple[Key, str, int, dict[str, str]]:
    """Key, UID, generation and annotations; the rest of the metadata is the API server's business."""
    metadata = document.object("metadata", required=True)
    if metadata is None:
        return Key("", ""), "", 0, {}
    name = metadata.text("name", rules.OBJECT_NAME, required=True)
    namespace = metadata.text("namespace", rules.REFERENCE)
    uid = metadata.text("uid", rules.UID)
    generation = metadata.integer("generation", 0, _MAX_GENERATION)
    annotations = metadata.object("annotations")
    entries = annotations.raw() if annotations else {}
    return (
        Key(namespace or "default", name or ""),
        uid or "",
        generation or 0,
        {key: value for key, value in entries.items() if isinstance(value, str)},
    )


def _spec(document: Fields) -> tuple[Spec | None, Json]:
    fields = document.object("spec", required=True)
    if fields is None:
        return None, {}
    predictor, predictor_input = _predictor(fields)
    replicas = fields.integer("replicas", 0, rules.MAX_REPLICAS)
    min_ready = fields.integer("minReadySeconds", 0, rules.HOUR_SECONDS)
    deadline = fields.integer("progressDeadlineSeconds", 1, rules.DAY_SECONDS)
    history = fields.integer("revisionHistoryLimit", 0, _MAX_REVISIONS)
    paused = fields.boolean("paused")
    strategy = parse_strategy(fields)
    rollout = _verbs(fields)
    fields.close()
    if predictor is None:
        return None, {}
    _check_replicas(fields, replicas, predictor)
    _check_deadline(fields, deadline, min_ready)
    spec = Spec(
        predictor=predictor,
        replicas=replicas,
        min_ready_seconds=min_ready,
        progress_deadline_seconds=deadline,
        revision_history_limit=history,
        paused=paused or False,
        strategy=strategy,
        rollout=rollout,
    )
    return spec, predictor_input


def _predictor(fields: Fields) -> tuple[Predictor | None, Json]:
    written: Any = fields.get("predictors")
    if written is None or (isinstance(written, list) and len(written) != rules.MAX_PREDICTORS):
        fields.note("predictors", _PREDICTORS_MUST.format(count=len(written or ())))
        return None, {}
    for inner in fields.objects("predictors", rules.MAX_PREDICTORS):
        return parse_predictor(inner), inner.raw()
    return None, {}


def _check_replicas(fields: Fields, replicas: int | None, predictor: Predictor) -> None:
    if replicas is not None and predictor.hpa_spec is not None:
        fields.note(
            "replicas",
            "must not be set together with hpaSpec, which decides the number of pods; remove replicas, or "
            "remove hpaSpec and scale by hand",
        )


def _check_deadline(fields: Fields, deadline: int | None, min_ready: int | None) -> None:
    least = Spec.MIN_READY_SECONDS if min_ready is None else min_ready
    given = Spec.PROGRESS_DEADLINE_SECONDS if deadline is None else deadline
    if given <= least:
        fields.note(
            "progressDeadlineSeconds",
            f"must be greater than minReadySeconds, which is {least}, not {given}, because no pod could "
            "count as available in time; raise it or lower minReadySeconds",
        )


def _verbs(fields: Fields) -> Verbs:
    inner = fields.object("rollout")
    if inner is None:
        return Verbs()
    written = inner.text("restartAt", rules.TIME)
    promote = inner.text("promote", rules.REVISION) or ""
    abort = inner.text("abort", rules.REVISION) or ""
    inner.close()
    if promote and promote == abort:
        inner.note(
            "",
            "must not promote and abort the same revision; remove one of the two",
        )
    moment = None if written is None else _moment(written)
    if written is not None and moment is None:
        inner.note("restartAt", f"must be a time that exists, not {shown(written)}; correct it")
    return Verbs(promote=promote, abort=abort, restart_at=moment)


def _moment(written: str) -> datetime | None:
    """The time in UTC; None when the calendar does not know it."""
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError:
        return None
