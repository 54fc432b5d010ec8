"""The CRD as tests read it: its schema, every field in it, and a document that has them all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
CRD_FILE = ROOT / "crds" / "modeldeployments.yaml"

Schema = dict[str, Any]


class Field(NamedTuple):
    """One node of the schema: `spec.predictors[].env[].name`; `[]` is a list's item, `{}` a map's value."""

    path: str
    schema: Schema

    @property
    def name(self) -> str:
        """The last name of the path; empty for items and values, which have none of their own."""
        return "" if self.path.endswith(("[]", "{}")) else self.path.rsplit(".", 1)[-1]


@cache
def crd() -> Schema:
    """The CustomResourceDefinition; read once, so nobody may change it."""
    loaded: Schema = yaml.safe_load(CRD_FILE.read_text())
    return loaded


def version() -> Schema:
    """Its one version."""
    (only,) = crd()["spec"]["versions"]
    assert isinstance(only, dict)
    return only


def root() -> Schema:
    """The schema of a whole ModelDeployment."""
    schema: Schema = version()["schema"]["openAPIV3Schema"]
    return schema


def fields(schema: Schema, path: str = "") -> Iterator[Field]:
    """Every node below `schema`, parents first."""
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield Field(here, inner)
        yield from fields(inner, here)
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), dict):
            yield Field(path + mark, schema[key])
            yield from fields(schema[key], path + mark)


def full(schema: Schema) -> Any:
    """A value with every field of `schema` in it; not a valid one, only a complete one."""
    if "properties" in schema:
        return {name: full(inner) for name, inner in schema["properties"].items()}
    if "additionalProperties" in schema:
        return {"key": full(schema["additionalProperties"])}
    if "items" in schema:
        return [full(schema["items"])]
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": max(1, schema.get("minimum", 1)), "boolean": True}.get(schema.get("type", ""), "x")
