"""Fluent builders: a ModelDeployment as a user writes it, in as few words as a test needs.

`modeldeployment("iris").model("s3://models/iris/2").replicas(3).raw()` is the JSON;
`md_of(raw)` is the typed value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from slipway_operator.api.parse import parse
from slipway_operator.api.types import ModelDeployment
from world_fields import Object, clone

NAMESPACE = "models"


def first_predictor(raw: Object) -> Object:
    """The one predictor of a raw ModelDeployment."""
    predictor: Object = raw["spec"]["predictors"][0]
    return predictor


@dataclass
class Builder:
    """One ModelDeployment in the making; every method changes it and returns it."""

    obj: Object = field(default_factory=dict)

    def spec(self, **fields: Any) -> Self:
        """Fields of `spec`; None removes one."""
        return self._set(self.obj["spec"], fields)

    def predictor(self, **fields: Any) -> Self:
        """Fields of the predictor; None removes one."""
        return self._set(first_predictor(self.obj), fields)

    def graph(self, **fields: Any) -> Self:
        """Fields of the predictor's graph; None removes one."""
        return self._set(first_predictor(self.obj)["graph"], fields)

    def model(self, uri: str) -> Self:
        """The model's address."""
        return self.graph(modelUri=uri)

    def replicas(self, count: int | None) -> Self:
        """The size."""
        return self.spec(replicas=count)

    def hpa(self, minimum: int = 2, maximum: int = 5, **fields: Any) -> Self:
        """An autoscaler (and no replicas: the two exclude each other)."""
        self.replicas(None)
        return self.predictor(hpaSpec={"minReplicas": minimum, "maxReplicas": maximum} | fields)

    def restart_at(self, when: str | None) -> Self:
        """`spec.rollout.restartAt`."""
        return self.spec(rollout={"restartAt": when} if when else None)

    def named(self, name: str, namespace: str = NAMESPACE) -> Self:
        """Another name."""
        return self._set(self.obj["metadata"], {"name": name, "namespace": namespace})

    def raw(self, *, uid: str = "", generation: int = 1) -> Object:
        """The JSON; with a uid as read back from the API server."""
        raw = clone(self.obj)
        if uid:
            raw["metadata"] |= {"uid": uid, "generation": generation}
        return raw

    def _set(self, target: Object, fields: Mapping[str, Any]) -> Self:
        for name, value in fields.items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = value
        return self


def modeldeployment(name: str = "iris", namespace: str = NAMESPACE) -> Builder:
    """The smallest ModelDeployment there is."""
    return Builder(
        {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "predictors": [{"name": "main", "graph": {"name": "iris", "modelUri": "s3://models/iris/1"}}]
            },
        }
    )


def md_of(raw: Mapping[str, Any]) -> ModelDeployment:
    """A raw ModelDeployment with a valid spec, typed."""
    parsed = parse(raw)
    assert isinstance(parsed, ModelDeployment), parsed
    return parsed
