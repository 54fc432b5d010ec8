"""The canonical form: what a user wrote, without defaults, in one spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from full_manifest import autoscaled, fixed_size
from slipway_operator.core.canonical import DEFAULTS, canonical
from slipway_operator.core.revision import revision_name

SMALLEST: dict[str, Any] = {"name": "main", "graph": {"name": "iris", "modelUri": "s3://models/iris/1"}}
TZ = {"name": "TZ", "value": "a"}
LANG = {"name": "LANG", "value": "b"}
EQUAL = [
    ({"graph": SMALLEST["graph"] | {"implementation": "AUTO"}}, {}),
    ({"server": {"drainSeconds": 10}}, {}),
    ({"server": {"drainSeconds": 10, "requestTimeoutSeconds": 60, "startupTimeoutSeconds": 600}}, {}),
    ({"server": {}, "env": [], "labels": {}, "affinity": {}, "resources": {"requests": {}}}, {}),
    ({"resources": {"requests": {"cpu": "1000m"}}}, {"resources": {"requests": {"cpu": 1}}}),
    ({"resources": {"limits": {"memory": "1024Mi"}}}, {"resources": {"limits": {"memory": "1Gi"}}}),
    ({"resources": {"requests": {"cpu": "0.5"}}}, {"resources": {"requests": {"cpu": "500m"}}}),
    ({"tolerations": [{"key": "a", "operator": "Equal"}]}, {"tolerations": [{"key": "a"}]}),
    ({"hpaSpec": {"maxReplicas": 3}}, {}),
    ({"pdbSpec": {"maxUnavailable": 1}}, {}),
    ({"env": [{"value": "1", "name": "TZ"}]}, {"env": [{"name": "TZ", "value": "1"}]}),
]
DIFFERENT = [
    ({"name": "other"}, {}),
    ({"graph": SMALLEST["graph"] | {"modelUri": "s3://models/iris/2"}}, {}),
    ({"graph": SMALLEST["graph"] | {"modelDigest": "sha256:0"}}, {}),
    ({"graph": SMALLEST["graph"] | {"envSecretRefName": "s3"}}, {}),
    ({"server": {"drainSeconds": 11}}, {}),
    ({"runtimeImage": "other:1"}, {}),
    ({"resources": {"requests": {"cpu": "1"}}}, {"resources": {"limits": {"cpu": "1"}}}),
    ({"env": [TZ, LANG]}, {"env": [LANG, TZ]}),
    ({"labels": {"sizeLimit": "1000m"}}, {"labels": {"sizeLimit": "1"}}),
    ({"labels": {"team": ""}}, {}),
    ({"annotations": {"note": "AUTO"}}, {}),
    ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "a"}, {}]}),
    ({"affinity": {"pod": [{"labelSelector": {}}]}}, {"affinity": {"pod": [{}]}}),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_spellings_are_one_revision(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Rewriting a manifest without changing its meaning must not restart a model."""
    assert canonical(SMALLEST | one) == canonical(SMALLEST | other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_meanings_are_different_revisions(one: dict[str, Any], other: dict[str, Any]) -> None:
    """A change that shapes pods must reach them."""
    assert canonical(SMALLEST | one) != canonical(SMALLEST | other)


def test_the_names_of_revisions_never_change() -> None:
    """An operator that hashed differently would restart every model of every user at its upgrade."""
    predictor = fixed_size()["spec"]["predictors"][0]
    with_parameters = canonical(predictor)
    del predictor["graph"]["parameters"]  # younger than the names below
    full = canonical(predictor)

    assert revision_name(canonical(SMALLEST), "") == "1e1883f8a"
    assert revision_name(canonical(SMALLEST), "2026-11-21T10:00:00Z") == "a0eec04de"
    assert revision_name(full, "") == "ef77fb503"
    assert revision_name(with_parameters, "") not in {"ef77fb503", ""}


def test_autoscaler_and_budget_are_not_in_a_revision() -> None:
    """Scaling never restarts a pod."""
    one, other = (manifest["spec"]["predictors"][0] for manifest in (fixed_size(), autoscaled()))

    assert canonical(one) == canonical(other)


def test_a_field_that_is_new_in_the_crd_changes_nothing_until_it_is_used() -> None:
    """An upgraded CRD adds fields; who does not use them must not notice."""
    for path, default in DEFAULTS.items():
        *parents, name = path
        written: dict[str, Any] = {name: default}
        for parent in reversed(parents):
            listed = parent in {"tolerations", "topologySpreadConstraints"}
            written = {parent: [written] if listed else written}
        if "graph" in written:
            written["graph"] = SMALLEST["graph"] | written["graph"]
        form = canonical(SMALLEST | written)

        assert name not in str(form), path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(["labels", "env", "resources", "server", "affinity", "tolerations", "hpaSpec", "x"])
PREDICTORS = st.dictionaries(FIELDS, JSON, max_size=5).map(lambda fields: SMALLEST | fields)


@given(PREDICTORS)
def test_canonical_of_canonical_is_itself(predictor: dict[str, Any]) -> None:
    """A form that is stored and read back must still be recognised."""
    form = canonical(predictor)

    assert canonical(form) == form


@given(PREDICTORS, st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing(predictor: dict[str, Any], draw: Any) -> None:
    """YAML is written in any order."""
    keys = list(predictor)
    draw.shuffle(keys)
    shuffled = {key: predictor[key] for key in keys}

    assert revision_name(canonical(shuffled), "") == revision_name(canonical(predictor), "")
