from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bad_input import BAD_INPUT, BadInput
from manifests import GRAPH, PREDICTOR, changed, minimal
from slipway_operator.api.parse import parse
from slipway_operator.api.types import FieldError, Json, Key, ModelDeployment, StrategyType


def accepted(raw: Json) -> ModelDeployment:
    """What the parser makes of good input."""
    parsed = parse(raw)
    assert isinstance(parsed, ModelDeployment), [str(error) for error in parsed]
    return parsed


def refused(raw: Json) -> list[FieldError]:
    """What the parser says about bad input."""
    parsed = parse(raw)
    assert not isinstance(parsed, ModelDeployment)
    return parsed


def test_what_is_absent_stays_absent() -> None:
    """A default that got into the parsed object would change every revision the day it changes."""
    md = accepted(minimal())
    assert md.key == Key("default", "iris")
    assert (md.spec.replicas, md.spec.min_ready_seconds, md.spec.progress_deadline_seconds) == (
        None,
        None,
        None,
    )
    assert md.spec.predictor.graph.implementation is None
    assert md.spec.strategy.rolling_update.max_surge is None
    assert md.predictor_input == minimal()["spec"]["predictors"][0]


def test_every_field_arrives_where_it_belongs() -> None:
    """A field that is read from the wrong place is accepted and ignored."""
    md = accepted(
        changed(
            minimal(),
            {
                "metadata": {"name": "iris", "namespace": "models", "uid": "u-1", "generation": 7},
                "metadata.annotations": {"team": "a"},
                "spec.minReadySeconds": 5,
                "spec.progressDeadlineSeconds": 60,
                "spec.revisionHistoryLimit": 3,
                "spec.paused": True,
                "spec.strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "10%"},
                },
                "spec.rollout": {"restartAt": "2026-11-21T12:00:00+02:00"},
                f"{GRAPH}.implementation": "ONNX_SERVER",
                f"{GRAPH}.modelDigest": "sha256:" + "0" * 64,
                f"{GRAPH}.envSecretRefName": "s3-credentials",
                f"{GRAPH}.parameters": [
                    {"name": "allow_native", "type": "BOOL", "value": "true"},
                    {"name": "method", "type": "STRING", "value": "predict_proba"},
                ],
                f"{PREDICTOR}.server": {
                    "drainSeconds": 1,
                    "requestTimeoutSeconds": 2,
                    "startupTimeoutSeconds": 3,
                },
                f"{PREDICTOR}.runtimeImage": "localhost/slipway-runtime:dev",
                f"{PREDICTOR}.resources": {
                    "requests": {"cpu": "500m", "memory": "1Gi"},
                    "limits": {"cpu": 1},
                },
                f"{PREDICTOR}.hpaSpec": {"minReplicas": 2, "maxReplicas": 4},
                f"{PREDICTOR}.pdbSpec": {"maxUnavailable": "50%"},
                f"{PREDICTOR}.labels": {"team": "a"},
                f"{PREDICTOR}.annotations": {"prometheus.io/scrape": "true"},
            },
        )
    )
    spec, predictor = md.spec, md.spec.predictor
    assert (md.key, md.uid, md.generation, md.annotations) == (Key("models", "iris"), "u-1", 7, {"team": "a"})
    assert (spec.min_ready_seconds, spec.progress_deadline_seconds, spec.revision_history_limit) == (5, 60, 3)
    assert spec.paused
    assert spec.strategy.type is StrategyType.ROLLING_UPDATE
    assert (spec.strategy.rolling_update.max_surge, spec.strategy.rolling_update.max_unavailable) == (
        1,
        "10%",
    )
    assert spec.rollout.restart_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert predictor.graph.implementation == "ONNX_SERVER"
    assert predictor.graph.env_secret_ref_name == "s3-credentials"
    assert predictor.graph.parameters == {"allow_native": True, "method": "predict_proba"}
    assert predictor.server.drain_seconds == 1
    assert predictor.server.request_timeout_seconds == 2
    assert predictor.server.startup_timeout_seconds == 3
    assert predictor.resources["limits"] == {"cpu": 1}
    assert predictor.hpa_spec is not None
    assert (predictor.hpa_spec.min_replicas, predictor.hpa_spec.max_replicas) == (2, 4)
    assert predictor.pdb_spec is not None
    assert (predictor.pdb_spec.min_available, predictor.pdb_spec.max_unavailable) == (None, "50%")
    assert predictor.labels == {"team": "a"}


@pytest.mark.parametrize("row", [row for row in BAD_INPUT if row.parser], ids=str)
def test_bad_input_is_refused_with_limit_and_remedy(row: BadInput) -> None:
    """An object that was stored without the CRD's checks must not reach a pod, nor stop the operator."""
    messages = [str(error) for error in refused(changed(minimal(), row.changes))]
    assert any(row.parser in message for message in messages), messages
    assert all(message.isprintable() and len(message) < 500 for message in messages)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Nobody wants to correct one field per attempt."""
    errors = refused(
        changed(
            minimal(),
            {"spec.replicas": -1, "spec.color": "blue", f"{GRAPH}.modelUri": "x", "metadata.name": "A"},
        )
    )
    assert {error.path for error in errors} == {
        "metadata.name",
        "spec",
        "spec.replicas",
        "spec.predictors[0].graph.modelUri",
    }


def test_a_password_in_an_address_is_not_repeated() -> None:
    """Status and events are read by more people than secrets are."""
    errors = refused(changed(minimal(), {f"{GRAPH}.modelUri": "https://me:hunter2@example.com/m"}))
    assert "hunter2" not in "".join(map(str, errors))


def test_a_secret_in_a_variable_is_not_repeated() -> None:
    """Status and events are read by more people than secrets are."""
    raw = changed(minimal(), {f"{PREDICTOR}.env": [{"name": "TZ", "value": "hunter2\n"}]})
    assert "hunter2" not in "".join(map(str, refused(raw)))


def test_another_kind_of_object_is_refused() -> None:
    """`slipway-operator render` may be given any file."""
    raw = changed(minimal(), {"apiVersion": "apps/v1", "kind": "Deployment"})
    assert [error.path for error in refused(raw)] == ["apiVersion", "kind"]


def test_null_counts_as_absent() -> None:
    """The API server drops nulls; a file with `replicas:` and nothing behind it means the same."""
    assert (
        accepted(changed(minimal(), {"spec.replicas": None, f"{PREDICTOR}.affinity": None})).spec.replicas
        is None
    )


def test_a_limit_counts_as_the_request_of_an_autoscaler() -> None:
    """Kubernetes takes the limit for the request when there is none."""
    md = accepted(
        changed(
            minimal(),
            {f"{PREDICTOR}.hpaSpec": {"maxReplicas": 2}, f"{PREDICTOR}.resources": {"limits": {"cpu": 1}}},
        )
    )
    assert md.spec.predictor.hpa_spec is not None


@pytest.mark.parametrize(
    "written",
    [
        "0000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-01-01T00:00:00+99:99",
    ],
)
def test_a_time_that_no_calendar_knows_is_refused(written: str) -> None:
    """Such a time passes a pattern and must not stop the operator."""
    errors = refused(changed(minimal(), {"spec.rollout": {"restartAt": written}}))
    assert [error.path for error in errors] == ["spec.rollout.restartAt"]


@pytest.mark.parametrize("depth", [20, 5000])
def test_a_bottomless_object_is_refused(depth: int) -> None:
    """A recursion over what users wrote must end before Python's patience does."""
    nested: object = {}
    for _ in range(depth):
        nested = {"nodeAffinity": nested}
    errors = refused(changed(minimal(), {f"{PREDICTOR}.affinity": nested}))
    assert "must be nested at most" in str(errors)
