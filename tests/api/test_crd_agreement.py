from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api_server import ApiServer
from crd_schema import fields, root
from full_manifest import autoscaled, fixed_size
from manifests import Json, changed
from slipway_operator.api.parse import parse
from slipway_operator.api.types import ModelDeployment

WHOLE = {"fixed size": fixed_size, "autoscaled": autoscaled}
PASSED_THROUGH = {"affinity", "tolerations", "topologySpreadConstraints", "metrics", "behavior"}
"""Of these the parser reads little: the API server checks them once more in the objects that they go to."""
STRANGE_TEXTS = (
    "",
    "\x00",
    "a\nb",
    "\x1b[31m",
    "größe",
    "\u202eabc",
    "$(HOME)",
    "{{ .Values }}",
    "x\u0085",
    "a\n",
    "a" * 5000,
    "\ud800",
    "-a",
)
STRANGE_NUMBERS = (-1, 0, 10**9, 2**63, 10**20, 2.5)
STRANGE_TYPES: tuple[Any, ...] = ("1", True, [], {})


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every scalar below `value`, with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{index}")
    else:
        yield path, value


def strange_values(value: Any) -> tuple[Any, ...]:
    """What a careless or hostile user may put in the place of `value`."""
    return (*(STRANGE_TEXTS if isinstance(value, str) else STRANGE_NUMBERS), *STRANGE_TYPES)


def cases(manifest: Json) -> Iterator[tuple[str, Any]]:
    """Each scalar that the parser reads with each strange value; keys with dots in them are left out."""
    for path, value in leaves(manifest["spec"], "spec"):
        if "/" not in path and not PASSED_THROUGH & set(path.split(".")):
            yield from ((path, strange) for strange in strange_values(value))


@pytest.mark.parametrize("kind", WHOLE)
def test_a_manifest_with_every_field_is_taken(api_server: ApiServer, kind: str) -> None:
    """What is documented must work, all of it at once too."""
    taken, answer = api_server.try_create(WHOLE[kind](), "default")
    assert taken, answer
    assert isinstance(parse(answer), ModelDeployment)


def test_the_two_manifests_have_every_field() -> None:
    """A field that is missing there would escape the tests of this module."""

    def names(value: Any, path: str) -> set[str]:
        if isinstance(value, dict):
            return set().union(
                *({f"{path}.{key}"} | names(inner, f"{path}.{key}") for key, inner in value.items())
            )
        if isinstance(value, list):
            return set().union(*(names(inner, f"{path}[]") for inner in value))
        return set()

    present = set().union(*(names(make()["spec"], "spec") for make in WHOLE.values()))
    wanted = {field.path for field in fields(root()) if field.path.startswith("spec.") and field.name}
    wanted = {path for path in wanted if ".target." not in path}  # its members exclude each other
    assert wanted - present == set()


@pytest.mark.parametrize("kind", WHOLE)
def test_server_and_parser_agree_about_strange_values(api_server: ApiServer, kind: str) -> None:
    """What the API server lets through the operator must be able to serve, and what it stops, to stop."""
    disagreements = []
    for path, value in cases(WHOLE[kind]()):
        written = changed(WHOLE[kind](), {path: value})
        taken, answer = api_server.try_create(written, "default")
        outcome = parse(answer if taken else written)
        if taken != isinstance(outcome, ModelDeployment):
            disagreements.append((path, value, outcome if taken else answer))
    assert disagreements == []


@pytest.mark.parametrize("kind", WHOLE)
def test_no_control_character_gets_in(api_server: ApiServer, kind: str) -> None:
    """A NUL ends a variable early, a line feed makes a second one, an escape code rewrites a terminal."""
    texts = [path for path, value in leaves(WHOLE[kind]()["spec"], "spec") if isinstance(value, str)]
    assert texts
    taken_in = [
        path
        for path in texts
        if "/" not in path
        and api_server.try_create(changed(WHOLE[kind](), {path: "a\x00\x1b[31m\r\nb"}), "default")[0]
    ]
    assert taken_in == []
