from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from builders import NAMESPACE
from crd_schema import root
from simulator import Scene
from slipway_operator.api.types import FieldError, Json, Key
from slipway_operator.core.decide import Unparsed, reject
from slipway_operator.core.observed import observe
from world_pods import Outcome

STATES = (
    "pending",
    "ready",
    "pull-failed",
    "load-failed",
    "image-failed",
    "unschedulable",
    "out-of-memory",
    "crashing",
)


def strict(schema: Any) -> Any:
    """A schema that refuses what the API server would drop (or, in an apply, refuse)."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: strict(value) for key, value in schema.items()}
    return tight | ({"additionalProperties": False} if "properties" in schema else {})


def problems(status: Json) -> list[str]:
    """What the CRD's schema has against a status."""
    validator = Draft202012Validator(strict(root()["properties"]["status"]))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(deepcopy(dict(status)))]


def test_a_status_that_the_schema_does_not_have_is_noticed() -> None:
    """Otherwise the other tests of this module would show nothing."""
    assert problems({"observedGeneration": 1, "phase": "Running"}) != []
    assert problems({"predictors": [{"name": "main", "weather": "fine"}]}) != []


def test_the_status_of_a_new_object_fits_the_schema() -> None:
    """A field that the schema lacks makes every status write fail."""
    scene = Scene()
    scene.apply()
    assert problems(scene.operator.decision().status) == []


@pytest.mark.parametrize("state", STATES)
def test_the_status_of_every_outcome_fits_the_schema(state: str) -> None:
    """Trouble is when the status is needed most."""
    scene = Scene()
    scene.apply()
    uri = scene.builder.raw()["spec"]["predictors"][0]["graph"]["modelUri"]
    scene.cluster.outcomes[uri] = Outcome(state=state, digest="sha256:" + "0" * 64)
    for _ in range(20):
        scene.operator.look()
        scene.cluster.step()
        scene.world.advance(1)
    status = scene.world.get("ModelDeployment", NAMESPACE, "iris")["status"]
    assert problems(status) == []
    assert {"Ready", "Available"} <= {condition["type"] for condition in status["conditions"]}


def test_the_status_of_an_invalid_spec_fits_the_schema() -> None:
    """An object from before a rule of the CRD has to be told so."""
    scene = Scene()
    scene.apply()
    unparsed = Unparsed(key=Key(NAMESPACE, "iris"), uid="uid", generation=3)
    errors = [FieldError("spec.replicas", "must be an integer from 0 to 1000, not -1")]
    status = reject(unparsed, observe(unparsed, {}), errors, scene.world.now)
    assert problems(status) == []
    assert status["observedGeneration"] == 3
