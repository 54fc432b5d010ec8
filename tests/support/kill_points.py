"""Playing a workflow once for each moment in which the operator can die, and comparing where it ends.

A workflow is played undisturbed first: its writes are counted and its end is noted. Then it is played again,
with another ModelDeployment, for every write and every moment of it; the operator is killed there, another
one is started, and has to reach the same end: the same objects, as many, with the same meaning.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from killing_proxy import KillingProxy, Moment, Observation
from live_connection import connection
from live_kube import LiveKube, condition
from live_operator import LiveOperator, Stage
from live_paths import Json, Ref

KINDS = ("ControllerRevision", "Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget")
LABEL = "slipway.dev/"
MOST_WRITES = 40
SETTLES_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A change. `before` is applied and settles first; `ends` says when the status tells of the end.

    `after_kill` is done while no operator runs; where nobody dies, once the status is as `undisturbed` says.
    """

    name: str
    before: tuple[Callable[[Play], None], ...] = ()
    act: Callable[[Play], None]
    undisturbed: Callable[[Json | None], bool] | None = None
    after_kill: Callable[[Play], None] = lambda _: None
    ends: Callable[[Json | None], bool]


@dataclass
class Play:
    """One ModelDeployment that goes through a workflow."""

    stage: Stage
    name: str
    spec: Json = field(default_factory=dict)

    @property
    def ref(self) -> Ref:
        """The ModelDeployment."""
        return self.stage.ref("ModelDeployment", self.name)

    @property
    def kube(self) -> LiveKube:
        """The API server, past the proxy."""
        return self.stage.kube

    def apply(self, *, version: int = 0, predictor: Mapping[str, Any] | None = None, **spec: Any) -> None:
        """Changes the model's version, fields of the predictor, or fields of the spec; None removes one."""
        self.spec = {name: value for name, value in {**self.spec, **spec}.items() if value is not None}
        [main] = self.spec.get("predictors", [{"name": "main", "graph": {"name": "iris"}}])
        main = {name: value for name, value in {**main, **(predictor or {})}.items() if value is not None}
        if version:
            main["graph"] = {**main["graph"], "modelUri": f"s3://models/iris/{version}"}
        self.spec["predictors"] = [main]
        self.stage.declare(self.name, **self.spec)

    def annotate(self, **verbs: str) -> None:
        """Sets annotations of the prefix slipway.dev/."""
        annotations = {LABEL + verb: revision for verb, revision in verbs.items()}
        self.kube.patch(self.ref, {"metadata": {"annotations": annotations}})

    def until(self, what: str, holds: Callable[[Json | None], bool]) -> None:
        """Waits for a status."""
        if holds(None):
            self.kube.until_gone(self.ref, seconds=SETTLES_WITHIN)
            return
        self.kube.until(self.ref, what, holds, seconds=SETTLES_WITHIN)

    def children(self, kind: str) -> list[Json]:
        """Its children of a kind."""
        found = self.kube.all_of(kind, self.stage.namespace, f"{LABEL}modeldeployment={self.name}")
        return [one for one in found if "deletionTimestamp" not in one["metadata"]]

    def end(self) -> Json:
        """What a user finds: children by kind and meaning, and the status. Revisions are named by age."""
        found = {kind: self.children(kind) for kind in KINDS}
        ages = sorted(found["ControllerRevision"], key=lambda one: int(one["revision"]))
        text = json.dumps(
            {kind: sorted((_meaning(one) for one in found[kind]), key=json.dumps) for kind in KINDS}
            | {"status": _told(self.kube.get(self.ref))}
        )
        for age, one in enumerate(ages):
            text = text.replace(one["metadata"]["labels"][f"{LABEL}revision"], f"revision-{age}")
        known: Json = json.loads(text.replace(self.name, "NAME"))
        return known


def _meaning(child: Json) -> list[Any]:
    """What matters of a child, whatever its name's hash and its history."""
    labels, spec = child["metadata"]["labels"], child.get("spec", {})
    template = spec.get("template", {}).get("metadata", {}).get("labels", {})
    annotations = child["metadata"].get("annotations", {})
    return [
        labels.get(f"{LABEL}revision"),
        template.get(f"{LABEL}revision"),
        spec.get("replicas"),
        _track(spec.get("selector")),
        spec.get("minReplicas"),
        f"{LABEL}promoted" in annotations,
        [one["image"] for one in spec.get("template", {}).get("spec", {}).get("containers", ())],
    ]


def _track(selector: Any) -> Any:
    labels = (selector or {}).get("matchLabels", selector) or {}
    return labels.get(f"{LABEL}track")


def _told(obj: Json | None) -> Json:
    status = (obj or {}).get("status", {})
    conditions = [[one["type"], one["status"], one["reason"]] for one in status.get("conditions", [])]
    predictors = [
        {name: one.get(name) for name in ("desiredRevision", "activeRevision", "previewRevision", "replicas")}
        for one in status.get("predictors", [])
    ]
    return {"conditions": sorted(conditions), "predictors": predictors}


class Theatre:
    """A namespace with an operator behind a killing proxy; plays one workflow after the other."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        server, _ = connection(stage.server.kubeconfig)
        self.proxy = KillingProxy(server, _authority(stage.server.kubeconfig))
        self._config = folder / "behind-the-proxy"
        self._played = 0
        self._operator: LiveOperator | None = None

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        self._config = self.stage.kubeconfig(self.stage.token(), self.proxy.url, "behind-the-proxy")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self.proxy.__exit__(None, None, None)

    def rehearse(self, workflow: Workflow) -> tuple[int, Json]:
        """Plays it undisturbed; how many writes it took and how it ended."""
        play = self._prepared(workflow)
        seen = Observation(play.name)
        self.proxy.observe(seen)
        workflow.act(play)
        if workflow.undisturbed is not None:
            play.until("the end of its writes", workflow.undisturbed)
        workflow.after_kill(play)
        play.until(f"the end of '{workflow.name}'", workflow.ends)
        end = self._settled(play, None)
        self.proxy.observe(None)
        self._leave(play)
        return len(seen.writes), end

    def points(
        self, workflow: Workflow, end: Json, writes: int, *, thorough: bool
    ) -> Iterator[tuple[str, str]]:
        """Plays it for each write and moment, or a ninth of them; yields each point and what is wrong there.

        Nothing is wrong where that is empty. A play in which the write does not come, because some fell
        together, is no point.
        """
        moments = tuple(Moment)
        for number in range(1, min(writes, MOST_WRITES) + 1, 1 if thorough else 3):
            for moment in moments if thorough else (moments[number // 3 % len(moments)],):
                point = self._point(workflow, number, moment, end)
                if point is not None:
                    yield point

    def _point(self, workflow: Workflow, number: int, moment: Moment, end: Json) -> tuple[str, str] | None:
        play = self._prepared(workflow)
        operator = self._operator
        assert operator is not None
        seen = Observation(play.name, number, moment, operator.process.kill)
        self.proxy.observe(seen)
        workflow.act(play)
        killed = self._await_kill(seen, play, end)
        self.proxy.observe(None)
        if killed:
            self._kill()
        workflow.after_kill(play)
        if killed:
            self._start()
        try:
            play.until(f"the end of '{workflow.name}'", workflow.ends)
            found = self._settled(play, end)
        except AssertionError as error:
            return f"{workflow.name}, write {number}, {moment}", str(error)
        self._leave(play)
        if not killed:
            return None
        wrong = "" if found == end else f"expected {json.dumps(end)}\nfound {json.dumps(found)}"
        return f"{workflow.name}, write {number} ({seen.writes[number - 1]}), {moment}", wrong

    def _prepared(self, workflow: Workflow) -> Play:
        self._played += 1
        play = Play(self.stage, f"k{self._played}x")
        for step in workflow.before:
            step(play)
        return play

    def _await_kill(self, seen: Observation, play: Play, end: Json) -> bool:
        """Whether the operator died; it may settle first."""
        for _ in range(100):
            if seen.killed.wait(0.2):
                return True
            if play.end() == end and not seen.killed.wait(1.0):
                return False
        return False

    def _settled(self, play: Play, end: Json | None) -> Json:
        """The end once it is what is expected, or does not change any more."""
        last: Json = {}
        still = 0
        for _ in range(int(SETTLES_WITHIN / 0.25)):
            found = play.end()
            still = still + 1 if found == last else 0
            if found == end or (end is None and still >= 8) or still >= 40:
                return found
            last = found
            time.sleep(0.25)  # several objects are compared: no one watch tells
        return last

    def _leave(self, play: Play) -> None:
        self.stage.kube.delete(play.ref)

    def _start(self) -> None:
        self._operator = LiveOperator(
            self.stage.folder, self._config, ["--namespace", self.stage.namespace, "--lease", ""]
        )

    def _kill(self) -> None:
        if self._operator is not None:
            with suppress(ProcessLookupError):
                self._operator.kill()


def is_ready(obj: Json | None) -> bool:
    """Whether what the spec asks for serves, all of it, and nothing else is under way."""
    if obj is None:
        return False
    ready = condition(obj, "Ready")
    return bool(
        ready.get("status") == "True"
        and ready.get("observedGeneration") == obj["metadata"]["generation"]
        and not condition(obj, "Reconciling")
    )


def has_reason(kind: str, reason: str) -> Callable[[Json | None], bool]:
    """Whether a condition of this generation has this reason."""

    def holds(obj: Json | None) -> bool:
        found = condition(obj, kind) if obj else {}
        current = bool(obj) and found.get("observedGeneration") == obj["metadata"]["generation"]  # type: ignore[index] # bool(obj) came first
        return current and found.get("reason") == reason

    return holds


def is_gone(obj: Json | None) -> bool:
    """Whether there is no such object."""
    return obj is None


def _authority(kubeconfig: Path) -> ssl.SSLContext:
    """TLS without a certificate of our own: the operator's token goes through, and nothing is lent to it."""
    cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
    return ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
