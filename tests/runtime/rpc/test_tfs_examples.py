"""Classify and regress over gRPC: tf.Example in, classes or numbers out; in memory, without a server."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import tfs_grpc
from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.rpc.messages import message

TABLE = Signature(
    "p",
    (TensorSpec("x", "FP32", (-1, 2)),),
    (TensorSpec("label", "INT64", (-1,)), TensorSpec("probabilities", "FP32", (-1, 2))),
    features=("wide", "long"),
    notes={"classes": '["no", "yes"]'},
)
NAMED = Signature(
    "p",
    (TensorSpec("text", "BYTES", (-1,)), TensorSpec("count", "INT64", (-1,))),
    (TensorSpec("y", "FP32", (-1, 1)),),
)


def example(**features: Any) -> Any:
    """A tf.Example."""
    made = message("tensorflow.Example")()
    for name, value in features.items():
        kind = {float: "float_list", int: "int64_list", bytes: "bytes_list"}[type(value)]
        getattr(made.features.feature[name], kind).value.append(value)
    return made


def read(signature: Signature, *examples: Any, context: Any = None) -> dict[str, Any]:
    """The inputs that a request's examples make."""
    request = message("tensorflow.serving.ClassificationRequest")()
    if context is None:
        request.input.example_list.examples.extend(examples)
    else:
        request.input.example_list_with_context.examples.extend(examples)
        request.input.example_list_with_context.context.CopyFrom(context)
    return tfs_grpc.examples(request, "", signature, "y").inputs


def test_features_find_their_columns_by_name() -> None:
    """An Example has no order: the table must not depend on one."""
    inputs = read(TABLE, example(wide=1.0, long=2.0), example(long=4.0, wide=3.0))

    np.testing.assert_array_equal(inputs["x"], np.array([[1, 2], [3, 4]], np.float32))


def test_the_context_holds_for_every_example() -> None:
    """That is what saves sending it with each."""
    inputs = read(NAMED, example(count=1), example(count=2), context=example(text=b"hello"))

    assert inputs["text"].tolist() == ["hello", "hello"]
    assert inputs["count"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("examples", "text"),
    [
        ((), "Input is empty"),
        ((example(wide=1.0),), "missing: 'long'"),
        ((example(wide=1.0, long=b"x"),), "'x'"),
        ((example(wide=1.0, long=b"\xff"),), "not UTF-8"),
    ],
)
def test_examples_that_do_not_fit_are_refused(examples: tuple[Any, ...], text: str) -> None:
    """A feature that is guessed is a wrong answer."""
    with pytest.raises(InvalidRequest, match=text):
        read(TABLE, *examples)


def test_classes_come_with_their_labels_and_scores() -> None:
    """The label is what a client shows."""
    answer = message("tensorflow.serving.ClassificationResponse")()
    scores = np.array([[0.25, 0.75]], np.float32)

    tfs_grpc.classified(InferenceResult("m", "1", "", TABLE.outputs[1:], [scores]), TABLE, answer)

    (row,) = answer.result.classifications
    assert [(each.label, each.score) for each in row.classes] == [("no", 0.25), ("yes", 0.75)]


def test_regress_answers_a_number_for_each_example() -> None:
    """One row, one number."""
    answer = message("tensorflow.serving.RegressionResponse")()

    tfs_grpc.regressed(
        InferenceResult("m", "1", "", NAMED.outputs, [np.array([[1.5], [2.5]], np.float32)]), answer
    )

    assert [each.value for each in answer.result.regressions] == [1.5, 2.5]
