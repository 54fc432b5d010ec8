"""The predictor's fields that go to the pods as they are, in Kubernetes' own words.

Their inner shape is the API server's business: the CRD has typed it, and a pod template that does
not fit is refused when it is applied. Checked here is what protects the operator and the pods:
names, allow-lists, quantities, sizes, depths and characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from slipway_operator.api import rules
from slipway_operator.api.fields import Fields
from slipway_operator.api.quantities import quantity
from slipway_operator.api.texts import shown
from slipway_operator.api.types import Json

_MAX_DEPTH: Final = 12
_MAX_ITEMS: Final = 64
_QUANTITY_MUST: Final = "must be a quantity such as 500m, 2 or 1Gi, not {}"


def parse_resources(fields: Fields) -> Json:
    """`resources` with `requests` and `limits`, as the user wrote it."""
    inner = fields.object("resources")
    if inner is None:
        return {}
    requests, limits = _quantities(inner, "requests"), _quantities(inner, "limits")
    inner.close()
    for name in requests.keys() & limits.keys():
        least, most = quantity(requests[name]), quantity(limits[name])
        if least is not None and most is not None and least > most:
            inner.note(
                "requests",
                f"must not request more {name} than its limit, {shown(limits[name])}, but requests "
                f"{shown(requests[name])}; lower the request or raise the limit",
            )
    return inner.raw()


def _quantities(resources: Fields, key: str) -> Json:
    inner = resources.object(key)
    if inner is None:
        return {}
    for name in inner.entries(rules.MAX_RESOURCES):
        inner.check_key(name, rules.RESOURCE_NAME)
        amount = inner.get(name)
        if amount is not None and quantity(amount) is None:
            inner.note(name, _QUANTITY_MUST.format(shown(amount)))
    return inner.raw()


def parse_env(fields: Fields) -> Sequence[Json]:
    """`env`: allow-listed names, each once, with literal values."""
    items = fields.objects("env", rules.MAX_ENV)
    for item in items:
        item.text("name", rules.ENV_NAME, required=True)
        item.text("value", rules.ENV_VALUE, required=True)
        item.close()
    return _unique_by_name(fields, "env", items)


def parse_pull_secrets(fields: Fields) -> Sequence[Json]:
    """`imagePullSecrets`: names of Secrets, each once."""
    items = fields.objects("imagePullSecrets", rules.MAX_PULL_SECRETS)
    for item in items:
        item.text("name", rules.REFERENCE, required=True)
        item.close()
    return _unique_by_name(fields, "imagePullSecrets", items)


def _unique_by_name(fields: Fields, key: str, items: list[Fields]) -> Sequence[Json]:
    seen: list[object] = []
    for item in items:
        name = item.get("name")
        if name in seen:
            fields.note(key, f"must not name {shown(name)} twice; remove one")
        seen.append(name)
    return [item.raw() for item in items]


def parse_tolerations(fields: Fields) -> Sequence[Json]:
    """`tolerations`, passed through."""
    return _passed_objects(fields, "tolerations", rules.MAX_TOLERATIONS)


def parse_spread_constraints(fields: Fields) -> Sequence[Json]:
    """`topologySpreadConstraints`, passed through."""
    return _passed_objects(fields, "topologySpreadConstraints", rules.MAX_SPREAD_CONSTRAINTS)


def parse_affinity(fields: Fields) -> Json | None:
    """`affinity`, passed through."""
    return passed_object(fields, "affinity")


def _passed_objects(fields: Fields, key: str, high: int) -> Sequence[Json]:
    items = fields.objects(key, high)
    for item in items:
        check_harmless(item)
    return [item.raw() for item in items]


def passed_object(fields: Fields, key: str) -> Json | None:
    """An object that goes through unread, once it is known to be harmless."""
    inner = fields.object(key)
    if inner is None:
        return None
    check_harmless(inner)
    return inner.raw()


def check_harmless(fields: Fields) -> None:
    """Notes what could hurt the operator or a terminal in an object that goes through unread."""
    message = next(_harms(fields.raw(), _MAX_DEPTH), None)
    if message is not None:
        fields.note("", message)


def _harms(value: Any, depth: int) -> Iterator[str]:
    """What is wrong with a value that is passed through: too deep, too large, odd characters."""
    if depth == 0:
        yield f"must be nested at most {_MAX_DEPTH} levels deep; simplify it"
    elif isinstance(value, str):
        message = rules.PASSED_TEXT.violation(value)
        if message is not None:
            yield message
    elif isinstance(value, dict | list):
        if len(value) > _MAX_ITEMS:
            yield f"must have at most {_MAX_ITEMS} items at each level, not {len(value)}; remove some"
        for inner in value:
            yield from _harms(inner, depth - 1)
        if isinstance(value, dict):
            for inner in value.values():
                yield from _harms(inner, depth - 1)
