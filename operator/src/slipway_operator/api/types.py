"""The resource as typed, frozen values.

`parse` is the only maker of these from a user's JSON; everything below the shell takes them.
A field that is absent in the spec is `None` (or empty) here, never its default: the revision is
computed from what the user wrote, so a default that changed later must not change it. The
defaults themselves stand beside the fields as class constants, for whoever renders an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

Json = Mapping[str, Any]
"""A JSON object that nobody may change."""


class Key(NamedTuple):
    """What the work queue holds: which ModelDeployment to look at."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class StrategyType(StrEnum):
    """How one revision replaces the next."""

    ROLLING_UPDATE = "RollingUpdate"
    BLUE_GREEN = "BlueGreen"


@dataclass(frozen=True, kw_only=True)
class RollingUpdate:
    """Kubernetes' own two limits; an integer or a percentage such as `"25%"`."""

    MAX_SURGE: ClassVar[str] = "25%"
    MAX_UNAVAILABLE: ClassVar[int] = 0

    max_surge: int | str | None = None
    max_unavailable: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class BlueGreen:
    """`spec.strategy.blueGreen`: the gate, the preview and what stays up for how long (seconds)."""

    AUTO_PROMOTION_ENABLED: ClassVar[bool] = True
    AUTO_PROMOTION_SECONDS: ClassVar[int] = 0
    SCALE_DOWN_DELAY_SECONDS: ClassVar[int] = 30
    ABORT_SCALE_DOWN_DELAY_SECONDS: ClassVar[int] = 30

    auto_promotion_enabled: bool | None = None
    auto_promotion_seconds: int | None = None
    preview_replica_count: int | None = None
    scale_down_delay_seconds: int | None = None
    abort_scale_down_delay_seconds: int | None = None
    progress_deadline_abort: bool = False


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """`spec.strategy`."""

    type: StrategyType = StrategyType.ROLLING_UPDATE
    rolling_update: RollingUpdate = field(default_factory=RollingUpdate)
    blue_green: BlueGreen = field(default_factory=BlueGreen)


@dataclass(frozen=True, kw_only=True)
class Verbs:
    """`spec.rollout`: requests that may live in Git; promote and abort name one revision, or are empty."""

    promote: str = ""
    abort: str = ""
    restart_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Graph:
    """`spec.predictors[].graph`: the model and how it is served."""

    IMPLEMENTATION: ClassVar[str] = "AUTO"

    name: str
    model_uri: str
    implementation: str | None = None
    model_digest: str | None = None
    env_secret_ref_name: str | None = None
    parameters: Mapping[str, str | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Server:
    """`spec.predictors[].server`: times in seconds, all positive."""

    DRAIN_SECONDS: ClassVar[int] = 10
    REQUEST_TIMEOUT_SECONDS: ClassVar[int] = 60
    STARTUP_TIMEOUT_SECONDS: ClassVar[int] = 600

    drain_seconds: int | None = None
    request_timeout_seconds: int | None = None
    startup_timeout_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class HpaSpec:
    """`spec.predictors[].hpaSpec`, in autoscaling/v2's words; metrics and behavior pass through."""

    max_replicas: int
    min_replicas: int | None = None
    metrics: Sequence[Json] = ()
    behavior: Json | None = None


@dataclass(frozen=True, kw_only=True)
class PdbSpec:
    """`spec.predictors[].pdbSpec`: exactly one of the two is set."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """The served unit: model, runtime and scale.

    `resources` to `service_account_name` are Kubernetes' own types as JSON: the CRD's schema has
    checked them, the pod template takes them as they are.
    """

    name: str
    graph: Graph
    server: Server = field(default_factory=Server)
    runtime_image: str | None = None
    resources: Json = field(default_factory=dict)
    env: Sequence[Json] = ()
    hpa_spec: HpaSpec | None = None
    pdb_spec: PdbSpec | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Json] = ()
    affinity: Json | None = None
    topology_spread_constraints: Sequence[Json] = ()
    priority_class_name: str | None = None
    image_pull_secrets: Sequence[Json] = ()
    service_account_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """`spec`; `replicas` absent stays absent (`kubectl scale` and a user's HPA write it)."""

    MIN_READY_SECONDS: ClassVar[int] = 0
    PROGRESS_DEADLINE_SECONDS: ClassVar[int] = 600
    REVISION_HISTORY_LIMIT: ClassVar[int] = 10

    predictor: Predictor
    replicas: int | None = None
    min_ready_seconds: int | None = None
    progress_deadline_seconds: int | None = None
    revision_history_limit: int | None = None
    paused: bool = False
    strategy: Strategy = field(default_factory=Strategy)
    rollout: Verbs = field(default_factory=Verbs)


@dataclass(frozen=True, kw_only=True)
class ModelDeployment:
    """One ModelDeployment as read live from the API server.

    `predictor_input` is the predictor as the user wrote it (JSON): what the revision is made from.
    `status` is the last written status, or empty.
    """

    key: Key
    uid: str
    generation: int
    spec: Spec
    predictor_input: Json
    annotations: Mapping[str, str] = field(default_factory=dict)
    status: Json = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class FieldError:
    """One thing wrong in a spec: where, and a text with value, limit and remedy."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
