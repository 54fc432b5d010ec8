from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests import GRAPH, HPA, PREDICTOR, changed, minimal
from slipway_operator.api.parse import parse
from slipway_operator.api.types import ModelDeployment

STRINGS = st.text(st.characters(), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | STRINGS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=20,
)
PATHS = st.sampled_from(
    [
        "metadata",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.generation",
        "metadata.annotations",
        "spec",
        "status",
        *(
            f"spec.{name}"
            for name in (
                "replicas",
                "minReadySeconds",
                "progressDeadlineSeconds",
                "revisionHistoryLimit",
                "paused",
                "strategy",
                "rollout",
                "predictors",
                "unknown",
            )
        ),
        *(f"spec.strategy.{name}" for name in ("type", "rollingUpdate")),
        "spec.strategy.rollingUpdate.maxSurge",
        "spec.rollout.restartAt",
        PREDICTOR,
        *(
            f"{PREDICTOR}.{name}"
            for name in (
                "name",
                "graph",
                "server",
                "runtimeImage",
                "resources",
                "env",
                "hpaSpec",
                "pdbSpec",
                "nodeSelector",
                "tolerations",
                "affinity",
                "topologySpreadConstraints",
                "priorityClassName",
                "imagePullSecrets",
                "serviceAccountName",
                "labels",
                "annotations",
            )
        ),
        *(
            f"{GRAPH}.{name}"
            for name in (
                "name",
                "implementation",
                "modelUri",
                "modelDigest",
                "envSecretRefName",
                "parameters",
            )
        ),
        *(f"{HPA}.{name}" for name in ("minReplicas", "maxReplicas", "metrics", "behavior")),
        f"{PREDICTOR}.resources.requests",
        f"{PREDICTOR}.pdbSpec.minAvailable",
        f"{PREDICTOR}.server.drainSeconds",
    ]
)


def storable(parsed: ModelDeployment | list[Any]) -> bool:
    """Whether the outcome can be written into a status, an event or a pod template."""
    if isinstance(parsed, ModelDeployment):
        json.dumps(parsed.predictor_input, ensure_ascii=False).encode()
        return True
    return all(str(error).encode().isascii() and str(error).isprintable() for error in parsed) and bool(
        parsed
    )


@given(JSON)
def test_no_json_makes_the_parser_raise(document: Any) -> None:
    """One mad object must not stop the operator for everybody else."""
    assert storable(parse(document))


@given(st.dictionaries(PATHS, JSON, max_size=4))
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_in_any_field_makes_the_parser_raise(values: dict[str, Any]) -> None:
    """A field may hold anything in an object that was stored before the CRD's rules."""
    document = minimal()
    for path, value in sorted(values.items()):
        try:
            document = changed(document, {path: value})
        except (TypeError, IndexError, KeyError):
            continue  # an outer field has been replaced by something without this inner one
    assert storable(parse(document))


@given(STRINGS)
def test_no_string_reaches_an_argument_or_a_variable_unchecked(text: str) -> None:
    """What Kubernetes expands, a shell prints or a kernel cuts must not come from a user."""
    for path in (f"{GRAPH}.modelUri", f"{GRAPH}.name", f"{PREDICTOR}.env"):
        written: Any = [{"name": "TZ", "value": text}] if path.endswith("env") else text
        if isinstance(parse(changed(minimal(), {path: written})), ModelDeployment):
            assert "$(" not in text
            assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
