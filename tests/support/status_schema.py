"""Whether the API server would take a status: the CRD's schema, with no field beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from crd_schema import root


def status_errors(status: Mapping[str, Any]) -> list[str]:
    """What the schema has against a status."""
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(dict(status))]


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(_closed(root()["properties"]["status"]))


def _closed(schema: Any) -> Any:
    """A schema that refuses what an apply would be refused for."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: _closed(value) for key, value in schema.items()}
    return tight | ({"additionalProperties": False} if "properties" in schema else {})
