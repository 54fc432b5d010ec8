"""`hpaSpec` and `pdbSpec`: how many pods there may be, and how many may go at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from slipway_operator.api import rules
from slipway_operator.api.fields import Fields
from slipway_operator.api.parse_pod import check_harmless, passed_object
from slipway_operator.api.types import HpaSpec, PdbSpec, Predictor

METRIC_TYPES: Final = ("Resource", "ContainerResource", "Pods", "Object", "External")
_RESOURCE_MEMBERS: Final = ("resource", "containerResource")


def parse_hpa(fields: Fields) -> HpaSpec | None:
    """`hpaSpec`; metrics and behavior pass through."""
    inner = fields.object("hpaSpec")
    if inner is None:
        return None
    least = inner.integer("minReplicas", 1, rules.MAX_REPLICAS)
    most = inner.integer("maxReplicas", 1, rules.MAX_REPLICAS, required=True)
    metrics = inner.objects("metrics", rules.MAX_METRICS)
    for metric in metrics:
        metric.choice("type", METRIC_TYPES, required=True)
        check_harmless(metric)
    behavior = passed_object(inner, "behavior")
    inner.close()
    if least is not None and most is not None and least > most:
        inner.note(
            "minReplicas",
            f"must not be greater than maxReplicas, which is {most}, but is {least}; lower minReplicas or "
            "raise maxReplicas",
        )
    return HpaSpec(
        max_replicas=most or 1,
        min_replicas=least,
        metrics=[metric.raw() for metric in metrics],
        behavior=behavior,
    )


def parse_pdb(fields: Fields) -> PdbSpec | None:
    """`pdbSpec`: exactly one of the two limits."""
    inner = fields.object("pdbSpec")
    if inner is None:
        return None
    keys = ("minAvailable", "maxUnavailable")
    given = [key for key in keys if inner.get(key) is not None]
    if len(given) != 1:
        inner.note(
            "",
            f"must have exactly one of minAvailable and maxUnavailable, not {len(given)}; remove one or add "
            "one",
        )
    least, most = (inner.count_or_percent(key, rules.MAX_REPLICAS) for key in keys)
    inner.close()
    return PdbSpec(min_available=least, max_unavailable=most)


def check_requests(fields: Fields, predictor: Predictor) -> None:
    """A target in percent of a request needs that request (or a limit, which then counts as one)."""
    if predictor.hpa_spec is None:
        return
    present = {
        name
        for part in ("requests", "limits")
        if isinstance(amounts := predictor.resources.get(part), dict)
        for name in amounts
    }
    for name in sorted(_measured_in_percent(predictor.hpa_spec) - present):
        fields.note(
            "resources",
            f"must request {name} (resources.requests.{name}), because hpaSpec measures it in percent of the "
            "request (80 % of cpu when it has no metrics); add the request, or metrics of type AverageValue",
        )


def _measured_in_percent(hpa: HpaSpec) -> set[str]:
    return set(_utilizations(hpa)) if hpa.metrics else {"cpu"}


def _utilizations(hpa: HpaSpec) -> Iterator[str]:
    for metric in hpa.metrics:
        for member in _RESOURCE_MEMBERS:
            name, target = _member(metric.get(member), "name"), _member(metric.get(member), "target")
            if isinstance(name, str) and _member(target, "type") == "Utilization":
                yield name


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
