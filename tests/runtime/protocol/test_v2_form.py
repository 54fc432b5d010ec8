"""In which form a client wants its answer, and how long it will wait."""

from __future__ import annotations

from typing import Any

import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.messages import Form
from slipway_runtime.protocol.v2_decode import decode
from tensor_bodies import Sized, body, in_both_sizes, tensor

X = tensor([1, 2], [2])


def output(name: str, **parameters: Any) -> dict[str, Any]:
    """A wanted output."""
    return {"name": name, "parameters": parameters}


@in_both_sizes
@pytest.mark.parametrize(
    ("fields", "form"),
    [
        ({}, None),
        ({"parameters": {}}, None),
        ({"parameters": {"binary_data_output": False}}, None),
        ({"outputs": [output("a"), {"name": "b", "parameters": None}]}, None),
        ({"outputs": [output("a", binary_data=None, classification=None)]}, None),
        ({"outputs": [output("a", classification=0)]}, None),
        ({"parameters": {"binary_data_output": True}}, Form(binary=True)),
        ({"outputs": [output("a", binary_data=True)]}, Form(each={"a": True})),
        (
            {
                "parameters": {"binary_data_output": True},
                "outputs": [output("a", binary_data=False), {"name": "b"}],
            },
            Form(binary=True, each={"a": False}),
        ),
        ({"outputs": [output("a", classification=3)]}, Form(classes={"a": 3})),
    ],
)
def test_a_client_says_once_or_for_each_output_what_it_wants(
    sized: Sized, fields: dict[str, Any], form: Form | None
) -> None:
    """Clients of Triton send these flags by themselves; another form would be garbage to them."""
    assert decode(sized(body(X, **fields)), "m").form == form


@in_both_sizes
@pytest.mark.parametrize(("timeout", "seconds"), [(None, 0.0), (0, 0.0), (1, 1e-6), (2_500_000, 2.5)])
def test_a_time_is_given_in_microseconds(sized: Sized, timeout: int | None, seconds: float) -> None:
    """Triton's unit: a thousand times as long would never come into force."""
    assert decode(sized(body(X, parameters={"timeout": timeout})), "m").seconds == seconds


@in_both_sizes
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"parameters": {"binary_data_output": "yes"}},
            "'binary_data_output' of the request must be true or false, not a string",
        ),
        ({"outputs": [output("a", binary_data=1)]}, "'binary_data' of output 'a' must be true or false"),
        ({"outputs": [output("a", classification=-1)]}, "'classification' of output 'a' must be an integer"),
        ({"outputs": [output("a", classification=2**31)]}, "from 0 to 2^31-1, not one beyond"),
        ({"outputs": [output("a", classification=True)]}, "not a boolean"),
        ({"outputs": [output("a", classification="3")]}, "not a string"),
        ({"outputs": [{"name": "a", "parameters": [1]}]}, "'parameters' of output 'a' must be an object"),
        ({"parameters": {"timeout": 1.5}}, "'timeout' of the request must be an integer from 0 on"),
        ({"parameters": {"timeout": -1}}, "in microseconds, not one beyond"),
        ({"parameters": {"timeout": 2**63}}, "in microseconds, not one beyond"),
    ],
)
def test_a_flag_of_another_type_is_refused_by_name(
    sized: Sized, fields: dict[str, Any], expected: str
) -> None:
    """Guessing that "false" is true would answer in a form that nobody asked for."""
    with pytest.raises(InvalidRequest) as caught:
        decode(sized(body(X, **fields)), "m")
    assert expected in str(caught.value)
