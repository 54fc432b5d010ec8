"""The demo's models are real, and whoever sees an answer can tell which one gave it."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from openloop.expect import Expectations, Model, same
from slipway_demo.models import SAMPLES, Trained, expectations, train


@pytest.fixture(scope="module")
def models() -> tuple[Trained, Trained]:
    """Trained once."""
    return train()


def test_the_export_answers_as_the_estimator_does(models: tuple[Trained, Trained]) -> None:
    """The demo compares with the estimator's own words: an export that differs would shame the server."""
    for model in models:
        session = onnxruntime.InferenceSession(model.onnx)
        [taken] = [one.name for one in session.get_inputs()]
        names = [one.name for one in session.get_outputs()]
        for row, expected in zip(model.rows, model.outputs, strict=True):
            answers = session.run(names, {taken: np.array([row], dtype=np.float32)})
            given = {name: answer.ravel().tolist() for name, answer in zip(names, answers, strict=True)}
            assert same(expected, given)


def test_every_sample_tells_the_two_models_apart(models: tuple[Trained, Trained]) -> None:
    """Otherwise an answer of the wrong model would pass for a right one during the update."""
    raw = expectations("iris", models)
    judged = Expectations(raw["path"], raw["samples"], [Model(**model) for model in raw["models"]])
    assert len(judged.samples) == SAMPLES


def test_training_twice_gives_the_same_models(models: tuple[Trained, Trained]) -> None:
    """The second run of the demo finds its first model serving only if the model is still the same."""
    for first, again in zip(models, train(), strict=True):
        assert first.outputs == again.outputs
