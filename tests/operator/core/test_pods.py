"""Pods and the last words of their containers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_operator.core.pods import Said, pod, said


def test_a_message_is_read() -> None:
    """Digest, size and time of a pull go into the status."""
    text = json.dumps(
        {"reason": "Pulled", "message": "ok", "digest": "sha256:a", "sizeBytes": 5, "seconds": 0.5}
    )

    assert said(text) == Said(reason="Pulled", message="ok", digest="sha256:a", size_bytes=5, seconds=0.5)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Traceback (most recent call last):",
        '{"reason": "Not',
        "[]",
        "5",
        "[" * 100_000,
        "null",
        b"\xff",
    ],
)
def test_junk_says_nothing(text: Any) -> None:
    """A container that is killed leaves whatever it leaves."""
    assert said(text) == Said()


@pytest.mark.parametrize(
    "fields",
    [
        {"sizeBytes": True},
        {"sizeBytes": -1},
        {"sizeBytes": 2**63},
        {"sizeBytes": "5"},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": "x"},
        {"digest": 5},
        {"message": ["x"]},
        {"reason": None},
    ],
)
def test_a_part_of_a_wrong_type_is_left_out(fields: dict[str, Any]) -> None:
    """The status is typed: one bad part must not make the API server refuse all of it."""
    assert said(json.dumps(fields)) == Said()


def test_control_characters_do_not_get_through() -> None:
    """A message goes to terminals."""
    assert said(json.dumps({"message": "a\x1b[31mb\r\nc\u202ed"})).message == "a [31mb  c d"


def test_a_long_message_is_cut() -> None:
    """Conditions are bounded."""
    assert len(said(json.dumps({"message": "x" * 10_000})).message) == 1024


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.dictionaries(st.text(), x))
)
def test_any_json_is_survived(value: Any) -> None:
    """Whatever the runtime or an attacker writes there."""
    said(json.dumps(value))


def test_a_pod_without_a_status_is_just_not_ready() -> None:
    """A pod that the kubelet has not seen yet."""
    found = pod({"metadata": {"name": "p", "creationTimestamp": "2026-11-21T10:00:00Z"}})

    assert (found.ready, found.ending, found.containers) == (False, False, ())
    assert found.unready_since == "2026-11-21T10:00:00Z"


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_an_evicted_pod_is_on_its_way_out(phase: str) -> None:
    """It is replaced already; its end is no trouble of the model."""
    assert pod({"metadata": {"name": "p"}, "status": {"phase": phase}}).ending


def test_an_unschedulable_pod_always_has_a_message() -> None:
    """A reason without a sentence helps nobody."""
    blocked = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}

    assert (
        pod({"metadata": {"name": "p"}, "status": {"conditions": [blocked]}}).unschedulable == "no node fits"
    )


def test_a_pod_of_a_long_name_still_finds_its_deployment() -> None:
    """Kubernetes cuts pod names, not the name of the ReplicaSet behind them."""
    owner = {"kind": "ReplicaSet", "name": f"{'x' * 60}-5d4f8c7b9", "controller": True}

    assert pod({"metadata": {"name": "p", "ownerReferences": [owner]}}).deployment == "x" * 60
