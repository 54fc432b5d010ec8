"""Desired within observed: what is a difference, what is not, and where the first one is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import md_of, modeldeployment
from full_manifest import fixed_size
from slipway_operator.core.diff import first_difference, sealed
from slipway_operator.core.objects.pod import template
from slipway_operator.core.objects.service import service

SAME = [
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": {}}, {}),
    ({"a": {"b": {}}}, {}),
    ({"paused": False}, {}),
    ({"minReadySeconds": 0}, {}),
    ({"value": ""}, {}),
    ({"list": []}, {}),
    ({"resources": {"requests": {"cpu": "1000m"}}}, {"resources": {"requests": {"cpu": "1"}}}),
    ({"resources": {"limits": {"cpu": 1}}}, {"resources": {"limits": {"cpu": "1"}}}),
    ({"target": {"value": 10}}, {"target": {"value": "10"}}),
    ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B"}, {"name": "A", "value": "1"}]}),
    ({"mounts": [{"mountPath": "/a"}]}, {"mounts": [{"mountPath": "/b"}, {"mountPath": "/a", "x": 1}]}),
    ({"args": ["a", "b"]}, {"args": ["a", "b"]}),
    ({"metrics": [{"type": "x"}]}, {"metrics": [{"type": "x", "more": 1}]}),
    ({"selector": {"a": "1"}}, {"selector": {"a": "1"}}),
]
OTHER = [
    ({"a": 1}, {"a": 2}, "a is 2 instead of 1"),
    ({"a": 1}, {}, "a is absent instead of 1"),
    ({"a": {"b": 1}}, {}, "a is absent instead of a map of 1"),
    ({"a": {"b": 1}}, {"a": {}}, "a.b is absent instead of 1"),
    ({"a": {"b": 1}}, {"a": 5}, "a is 5 instead of a map of 1"),
    ({"paused": False}, {"paused": True}, "paused is True instead of False"),
    ({"replicas": 1}, {"replicas": True}, "replicas is True instead of 1"),
    ({"maxUnavailable": 0}, {"maxUnavailable": "25%"}, "maxUnavailable is '25%' instead of 0"),
    ({"requests": {"cpu": "1"}}, {"requests": {"cpu": "2"}}, "requests.cpu is '2' instead of '1'"),
    ({"value": "1000m"}, {"value": "1"}, "value is '1' instead of '1000m'"),
    ({"env": [{"name": "A", "value": "1"}]}, {"env": []}, "env[A] is absent instead of a map of 2"),
    ({"args": ["a"]}, {"args": ["a", "b"]}, "args is a list of 2 instead of a list of 1"),
    ({"args": ["a"]}, {"args": ["b"]}, "args[0] is 'b' instead of 'a'"),
    ({"args": ["a"]}, {}, "args is absent instead of a list of 1"),
    ({"list": []}, {"list": 5}, "list is 5 instead of a list of 0"),
    ({"selector": {"a": "1"}}, {"selector": {"a": "1", "b": "2"}}, "selector.b is '2' instead of absent"),
    ({"x": "y" * 99}, {}, f"x is absent instead of '{'y' * 59}..."),
]


@pytest.mark.parametrize(("desired", "observed"), SAME)
def test_what_is_there_is_no_difference(desired: Any, observed: Any) -> None:
    """A difference that is none would be repaired for ever."""
    assert first_difference(desired, observed) is None


@pytest.mark.parametrize(("desired", "observed", "told"), OTHER)
def test_a_difference_is_told_where_it_is(desired: Any, observed: Any, told: str) -> None:
    """An Event says what was repaired, not just that something was."""
    assert first_difference(desired, observed) == told


def test_a_whole_template_is_within_itself() -> None:
    """The everyday case."""
    made = template(md_of(fixed_size()), "r", "i")

    assert first_difference(made, deepcopy(made)) is None


LEAVES = [
    ("spec", "terminationGracePeriodSeconds"),
    ("spec", "automountServiceAccountToken"),
    ("spec", "securityContext", "runAsNonRoot"),
    ("spec", "containers", 0, "image"),
    ("spec", "containers", 0, "readinessProbe", "httpGet", "port"),
    ("spec", "initContainers", 0, "args", 1),
    ("spec", "volumes", 1, "emptyDir", "sizeLimit"),
    ("metadata", "labels", "slipway.dev/revision"),
]


@pytest.mark.parametrize("path", LEAVES)
def test_every_leaf_that_we_own_is_watched(path: tuple[Any, ...]) -> None:
    """Whatever is changed by hand is noticed."""
    made = template(md_of(fixed_size()), "r", "i")
    edited: Any = deepcopy(made)
    node = edited
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = "changed by hand"

    assert "changed by hand" in str(first_difference(made, edited))


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(JSON)
def test_anything_is_within_itself(value: Any) -> None:
    """Reflexive, or an object would never come to rest."""
    assert first_difference(value, deepcopy(value)) is None


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=3), st.text(min_size=5), JSON)
def test_what_others_add_is_theirs(value: dict[str, Any], name: str, more: Any) -> None:
    """A label or annotation of somebody else is left alone."""
    assert first_difference(value, value | {name: more}) is None


def test_the_seal_changes_with_the_content_and_not_with_the_clock() -> None:
    """It tells a change of ours from drift; a step's time alone must not look like a change."""
    md = md_of(modeldeployment().raw())
    one, other = service(md, "main", "rolling"), service(md, "main", "other")
    later = deepcopy(one)
    later["metadata"]["annotations"]["slipway.dev/step-started-at"] = "2026-11-21T10:00:00Z"

    seals = [
        sealed(manifest)["metadata"]["annotations"]["slipway.dev/applied"] for manifest in (one, other, later)
    ]

    assert seals[0] == seals[2] != seals[1]
    assert "slipway.dev/applied" not in one["metadata"]["annotations"]
