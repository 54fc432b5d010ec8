"""Requests against a model's signature: nothing that does not fit reaches an engine."""

from __future__ import annotations

import numpy as np
import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, Array
from slipway_runtime.protocol.validate import validate

SIGNATURE = Signature(
    "test",
    inputs=(TensorSpec("x", "FP32", (-1, 2)), TensorSpec("ids", "INT64", (-1,))),
    outputs=(TensorSpec("label", "INT64", (-1,)), TensorSpec("scores", "FP32", (-1, 3))),
)
X = np.zeros((4, 2), np.float32)
IDS = np.zeros(4, np.int64)


def _request(*outputs: str, **inputs: Array) -> InferenceRequest:
    return InferenceRequest("iris", "", "", inputs, outputs)


def _refusal(request: InferenceRequest, signature: Signature = SIGNATURE) -> str:
    with pytest.raises(InvalidRequest) as caught:
        validate(request, signature)
    return str(caught.value)


@pytest.mark.parametrize("outputs", [(), ("label",), ("scores", "label")])
@pytest.mark.parametrize("rows", [0, 1, 4])
def test_a_request_that_fits_passes(outputs: tuple[str, ...], rows: int) -> None:
    """Any batch, any selection of outputs, in any order."""
    validate(_request(*outputs, ids=IDS[:rows], x=X[:rows]), SIGNATURE)


def test_an_unknown_input_is_named_with_the_known_ones() -> None:
    """A typo is seen at once."""
    text = _refusal(_request(X=X, ids=IDS))
    assert text == "unexpected inference input 'X' for model 'iris'; it takes 'x', 'ids'"


def test_a_missing_input_is_named() -> None:
    """The engine's own message would be a C++ stack."""
    text = _refusal(_request(x=X))
    assert text == "expected 2 inputs but got 1 inputs for model 'iris'; missing: 'ids'"


def test_no_input_at_all_is_refused() -> None:
    """An empty list is what a client with a bug sends."""
    assert "missing: 'x', 'ids'" in _refusal(_request())


def test_an_unknown_output_is_named_with_the_known_ones() -> None:
    """As for inputs."""
    text = _refusal(_request("proba", x=X, ids=IDS))
    assert text == "unexpected inference output 'proba' for model 'iris'; it gives 'label', 'scores'"


def test_an_output_asked_for_twice_is_refused() -> None:
    """Answers are keyed by name at most clients: one of the two would be lost."""
    assert "asked for twice" in _refusal(_request("label", "label", x=X, ids=IDS))


@pytest.mark.parametrize("datatype", sorted(set(DTYPES) - {"FP32"}))
def test_another_datatype_is_named_with_the_right_one(datatype: str) -> None:
    """A cast in silence would hide that the client sends the wrong column."""
    text = _refusal(_request(x=X.astype(DTYPES[datatype]), ids=IDS))
    assert text == f"inference input 'x' data-type is '{datatype}', but model 'iris' expects 'FP32'"


@pytest.mark.parametrize(
    ("shape", "shown"),
    [((2,), "[2]"), ((), "[]"), ((4, 3), "[4,3]"), ((4, 2, 1), "[4,2,1]"), ((1,) * 9, "[1,1,1,1,1,1,1,1,…]")],
)
def test_another_shape_is_named_with_the_right_one(shape: tuple[int, ...], shown: str) -> None:
    """[2] instead of [1,2] is the commonest mistake of all."""
    text = _refusal(_request(x=np.zeros(shape, np.float32), ids=IDS))
    assert text.startswith(f"unexpected shape for input 'x' for model 'iris'. Expected [-1,2], got {shown};")
    assert text.endswith("-1 stands for any size")


def test_a_model_with_a_thousand_inputs_still_answers_in_a_line() -> None:
    """Tabular models have one input per column."""
    many = Signature("test", tuple(TensorSpec(f"c{i}", "FP32", (1,)) for i in range(1000)), SIGNATURE.outputs)
    text = _refusal(_request(nope=X), many)
    assert text.endswith("'c15' and 984 more")
    assert len(text) < 300


def test_a_hostile_name_is_shown_safely() -> None:
    """The client's own word comes back into its terminal and our log."""
    text = _refusal(_request(**{"\x1b[2J" + "a" * 500: X}))
    assert "\\u001b[2J" in text
    assert text.isprintable()
    assert len(text) < 200


@pytest.mark.parametrize(
    ("declared", "shape", "fits"),
    [
        ((), (), True),
        ((), (1,), False),
        ((-1,), (0,), True),
        ((3,), (3,), True),
        ((3,), (2,), False),
        ((-1, 3, -1), (5, 3, 7), True),
        ((-1, 3, -1), (5, 2, 7), False),
        ((-1, -1), (1,), False),
        ((0, 2), (0, 2), True),
        ((0, 2), (1, 2), False),
    ],
)
def test_open_dimensions_take_any_size_and_fixed_ones_only_theirs(
    declared: tuple[int, ...], shape: tuple[int, ...], fits: int
) -> None:
    """The one rule behind every shape check."""
    assert TensorSpec("x", "FP32", declared).accepts(shape) == fits
