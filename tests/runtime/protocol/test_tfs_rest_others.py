"""TensorFlow Serving's status, metadata, classify and regress."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_dataplane import CLASSIFIER, MIXED, classified, floats, table
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.protocol import tfs_rest_examples as examples
from slipway_runtime.protocol.class_labels import noted
from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tfs_rest_metadata import metadata, status


def test_a_status_has_tensorflow_serving_s_versions_and_kserve_s_readiness() -> None:
    """Both clients ask on the same path; each finds its own keys. Protobuf writes a version as text."""
    assert status("m", ("3",), "READY", ready=True) == {
        "model_version_status": [
            {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ],
        "name": "m",
        "ready": True,
    }


@pytest.mark.parametrize("state", list(ModelState))
def test_every_state_has_a_word_in_tensorflow_serving_s_enum(state: ModelState) -> None:
    """Its clients parse the enum and fail on any other word."""
    (version,) = status("m", ("1",), str(state), ready=False)["model_version_status"]

    assert version["state"] in ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")
    assert (version["status"]["error_code"] == "OK") is (version["state"] != "END")


def test_metadata_are_the_signature_in_tensorflow_s_words() -> None:
    """Clients build requests from it: names, types, and -1 for open dimensions, as text."""
    told = metadata("m", "1", MIXED)
    definition = told["metadata"]["signature_def"]["signature_def"]["serving_default"]

    assert told["model_spec"] == {"name": "m", "signature_name": "", "version": "1"}
    assert definition["method_name"] == "tensorflow/serving/predict"
    assert definition["inputs"]["city"] == {
        "dtype": "DT_STRING",
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}],
            "unknown_rank": False,
        },
        "name": "city:0",
    }
    assert list(definition["outputs"]) == ["years", "town"]


def test_metadata_tell_the_outputs_that_are_answered() -> None:
    """What predict leaves out must not be promised."""
    told = metadata("m", "1", CLASSIFIER)["metadata"]["signature_def"]["signature_def"]

    assert list(told["serving_default"]["outputs"]) == ["label"]


@pytest.mark.parametrize(
    ("document", "signature", "wanted"),
    [
        (
            {"examples": [{"x": 1.0}, {"x": 2.0}], "signature_name": "tensorflow/serving/regress"},
            table(1),
            [[1], [2]],
        ),
        ({"examples": [{"x": [1.0]}, {"x": [2.0]}]}, table(1), [[1], [2]]),
        ({"examples": [{"x": [1, 2]}]}, table(2), [[1, 2]]),
        ({"examples": [{"b": 2, "a": [1]}]}, table(2, features=("a", "b")), [[1, 2]]),
        (
            {"context": {"b": 9}, "examples": [{"a": 1}, {"a": 2}]},
            table(2, features=("a", "b")),
            [[1, 9], [2, 9]],
        ),
    ],
)
def test_examples_are_rows_of_features(document: Any, signature: Signature, wanted: Any) -> None:
    """A feature of one value may stand in an array, and context holds for all."""
    assert examples.decode(json.dumps(document).encode(), signature)["x"].tolist() == wanted


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "'examples' must be an array"),
        ({"examples": []}, "empty array"),
        ({"examples": [1]}, "Example must be JSON object"),
        ({"examples": [{"x": 1}], "context": 5}, "'context' must be an object"),
        ({"examples": [{"x": 1}], "context": {"x": 1}}, "feature 'x' is in 'context' and in an example"),
        ({"examples": [{"x": 1}], "signature_name": "other"}, "'other' not found"),
        ({"examples": [{"z": 1}]}, "."),
        ({"examples": [{"x": None}]}, "holds null"),
    ],
)
def test_examples_that_do_not_fit_are_refused(document: Any, text: str) -> None:
    """Each mistake is named."""
    with pytest.raises(InvalidRequest, match=text):
        examples.decode(json.dumps(document).encode(), table(1, features=("a",)))


def _scores(signature: Signature) -> Any:
    inputs = {"x": floats([[1, 0, 0, 0], [2, 0, 0, 0]])}
    array = classified(inputs)[examples.classified(signature)]
    result = InferenceResult("m", "1", "", [signature.output_by_name["probabilities"]], [array])
    return json.loads(examples.encode_classes(result, signature))


def test_classify_answers_a_score_for_each_class_and_labels_where_they_are_known() -> None:
    """An index in place of a label might be taken for one, so it is left empty."""
    known = Signature(
        "test",
        CLASSIFIER.inputs,
        CLASSIFIER.outputs,
        notes={"classes": '["setosa", "versicolor", "virginica"]'},
    )

    assert _scores(CLASSIFIER) == {
        "results": [[["", 0.25], ["", 0.5], ["", 0.25]], [["", 0.25], ["", 0.25], ["", 0.5]]]
    }
    assert _scores(known)["results"][0] == [["setosa", 0.25], ["versicolor", 0.5], ["virginica", 0.25]]


@pytest.mark.parametrize("note", ['["one", "two"]', '["cut of', "3", "{}", "null", ""])
def test_a_note_that_is_not_a_name_for_each_score_is_no_names(note: str) -> None:
    """Names beside the wrong scores would be worse than none; and what wrote them may be broken."""
    odd = Signature("test", CLASSIFIER.inputs, CLASSIFIER.outputs, notes={"classes": note})

    assert _scores(odd) == _scores(CLASSIFIER)


def test_classes_are_noted_as_texts_unless_they_are_too_many() -> None:
    """Protocols name classes by text; metadata is read by people."""
    assert noted([0, 1.5, "a"]) == {"classes": '["0", "1.5", "a"]'}
    assert noted(range(10_000)) == {}


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_regress_answers_one_number_for_each_example(shape: tuple[int, ...]) -> None:
    """The answer is flat, whatever the model's shape."""
    result = InferenceResult("m", "1", "", [table().outputs[0]], [floats([0.1, 4]).reshape(shape)])

    assert examples.encode_numbers(result) == b'{"results":[0.1,4.0]}'


def test_a_model_that_does_not_allow_a_method_says_so() -> None:
    """TensorFlow Serving refuses what the signature does not offer; so does this."""
    images = Signature("test", table().inputs, (TensorSpec("y", "FP32", (-1, 10)),))

    assert examples.regressed(table()) == "y"
    for refuse, signature in ((examples.classified, table()), (examples.regressed, images)):
        with pytest.raises(InvalidRequest, match=r"does not allow .* send :predict instead"):
            refuse(signature)
