from __future__ import annotations

from typing import Any

from crd_schema import fields, full, root
from slipway_operator.api.parse import parse

PASSED_THROUGH = (
    "spec.predictors[].affinity.",
    "spec.predictors[].hpaSpec.behavior.",
    "spec.predictors[].hpaSpec.metrics[].",
    "spec.predictors[].tolerations[].",
    "spec.predictors[].topologySpreadConstraints[].",
)
"""Kubernetes' own types: the schema types them, the child object's API checks them once more."""

NOT_IN_THE_SCHEMA = {
    "apiVersion",
    "kind",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "metadata.generation",
    "metadata.annotations",
}
"""Every Kubernetes object has these."""


class Recorder(dict[str, Any]):
    """A JSON object that writes down which of its keys somebody asks for."""

    def __init__(self, value: dict[str, Any], path: str, asked: set[str]) -> None:
        super().__init__({key: recorded(inner, self._at(path, key), asked) for key, inner in value.items()})
        self._path, self._asked = path, asked

    @staticmethod
    def _at(path: str, key: str) -> str:
        if key == "key":
            return path + "{}"
        return f"{path}.{key}" if path else key

    def get(self, key: str, default: Any = None, /) -> Any:
        """Like dict's."""
        self._asked.add(self._at(self._path, key))
        return super().get(key, default)


def recorded(value: Any, path: str, asked: set[str]) -> Any:
    """`value` with every object in it replaced by a Recorder."""
    if isinstance(value, dict):
        return Recorder(value, path, asked)
    if isinstance(value, list):
        return [recorded(inner, f"{path}[]", asked) for inner in value]
    return value


def read_by_the_parser() -> tuple[set[str], list[str]]:
    """The paths that the parser asks for in a document with every field, and what it says about it."""
    document = full(root()) | {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {},
    }
    asked: set[str] = set()
    outcome = parse(recorded(document, "", asked))
    assert isinstance(outcome, list)
    return asked, [str(error) for error in outcome]


def test_the_parser_knows_every_field_of_the_schema() -> None:
    """A field that the schema accepts and the parser does not read would be accepted and ignored."""
    asked, messages = read_by_the_parser()
    assert [message for message in messages if "unknown fields" in message] == []
    spec = [field.path for field in fields(root()) if field.path.startswith("spec") and field.name]
    assert [path for path in spec if path not in asked and not path.startswith(PASSED_THROUGH)] == []


def test_the_schema_has_every_field_that_the_parser_reads() -> None:
    """The API server drops what the schema does not have: the parser would wait for it in vain."""
    asked, _ = read_by_the_parser()
    known = {field.path for field in fields(root())} | NOT_IN_THE_SCHEMA
    assert {path for path in asked if "].." not in path} - known == set()


def test_what_is_passed_through_is_in_the_schema() -> None:
    """A path left behind here would excuse a field that is not read."""
    paths = [field.path for field in fields(root())]
    for prefix in PASSED_THROUGH:
        assert any(path.startswith(prefix) for path in paths), prefix
