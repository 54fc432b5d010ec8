"""Replays a workflow of the operator with a crash at any write, and checks that nothing is lost.

A `Workflow` is a prepared, quiet scene and changes to it. `replay` lets operator and cluster take
turns until nothing moves, killing the operator where `kills` says: at its n-th write, just before or
just after it took effect, and with the cluster going on meanwhile or not. After each write and each
turn of the cluster the invariants are checked; at the end the state is compared with that of an
undisturbed run, and one more look must write nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from builders import NAMESPACE, Builder, modeldeployment
from slipway_operator.core.actions import Write
from world import World, matches
from world_controllers import Cluster, is_ending, is_ready
from world_fields import Object, clone
from world_operator import Killed, MiniOperator

PROMOTED: Final = "slipway.dev/promoted"
MAX_TURNS: Final = 150
CHILDREN: Final = (
    "Deployment",
    "Service",
    "ControllerRevision",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
)
MOVING: Final = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "lastTransitionTime"})


@dataclass
class Scene:
    """A world with its cluster, an operator and a user."""

    world: World = field(default_factory=World)
    image: str = "slipway-runtime:1"
    floor: int = 0
    """Ready pods behind the Service that there must always be, from the change on."""

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.world)
        self.operator = MiniOperator(self.world, image=self.image)
        self.builder = modeldeployment()

    def copy(self) -> Scene:
        """The same scene once more, with a new operator."""
        scene = Scene(self.world.copy(), self.image, self.floor)
        scene.cluster = self.cluster.copy(scene.world)
        scene.builder = Builder(clone(self.builder.obj))
        return scene

    def apply(self, change: Callable[[Builder], object] = lambda _: None) -> None:
        """The user changes the ModelDeployment and applies it."""
        change(self.builder)
        self.world.apply(self.builder.raw(), "kubectl", force=True)

    def settle(self) -> None:
        """Operator and cluster take turns, undisturbed, until nothing moves."""
        for _ in range(MAX_TURNS):
            before = self.world.version
            self.operator.look()
            self.cluster.step()
            if self.world.version == before:
                return
            self.world.advance(1)
        raise AssertionError(f"not settled after {MAX_TURNS} turns")

    def later(self, seconds: float) -> None:
        """Some time passes, then all settles again."""
        self.world.advance(seconds)
        self.settle()

    def child(self, kind: str) -> Object:
        """The only child of a kind."""
        (found,) = self.world.list(kind, NAMESPACE)
        return found

    def conditions(self) -> dict[str, tuple[str, str]]:
        """Status and reason by condition."""
        md = self.world.get("ModelDeployment", NAMESPACE, "iris")
        return {c["type"]: (c["status"], c["reason"]) for c in md["status"]["conditions"]}

    def pods(self) -> Counter[tuple[str, str]]:
        """How many pods there are of which model and image."""
        specs = [pod["spec"] for pod in self.world.list("Pod", NAMESPACE)]
        return Counter(
            (spec["initContainers"][0]["args"][1].rpartition("/")[2], spec["containers"][0]["image"][-1])
            for spec in specs
        )

    def expect_done(self, reason: str = "Serving") -> None:
        """All that the spec asks for serves, and the revision that does is marked as the last promoted."""
        found = self.conditions()
        assert found == {"Ready": ("True", reason), "Available": ("True", "Serving")}, found
        stored = self.world.list("ControllerRevision", NAMESPACE)
        marks = {
            obj["data"]["revision"]: int(obj["metadata"]["annotations"].get(PROMOTED, "0")) for obj in stored
        }
        md = self.world.get("ModelDeployment", NAMESPACE, "iris")
        assert max(marks, key=lambda name: marks[name]) == md["status"]["revision"], marks
        assert self._foreign_free(), "somebody else's field is still in the pod template"

    def _foreign_free(self) -> bool:
        (deployment,) = self.world.list("Deployment", NAMESPACE)
        names = [item["name"] for item in deployment["spec"]["template"]["spec"]["containers"][0]["env"]]
        return "EXTRA" not in names

    def serving(self) -> int:
        """Ready pods that the active Service selects."""
        service = self.world.objects.get(("Service", NAMESPACE, "iris"))
        if service is None:
            return 0
        return len(self.ready(service["spec"]["selector"]))

    def ready(self, selector: dict[str, str]) -> list[Object]:
        """Ready pods with these labels."""
        return [
            pod
            for pod in self.world.peek("Pod", NAMESPACE)
            if is_ready(pod) and not is_ending(pod) and matches(pod["metadata"]["labels"], selector)
        ]

    def violation(self, *, operator_away: bool = False) -> str:
        """The first invariant that does not hold now, or nothing; some need the operator."""
        serving = self.serving()
        if serving < self.floor:
            return f"{serving} ready pods serve, {self.floor} are needed"
        if (
            not serving
            and not operator_away
            and self.ready({"slipway.dev/modeldeployment": "iris"})
            and self._size_asked()
        ):
            return "the Service selects nothing ready while ready pods are there"
        return self._contradiction()

    def _size_asked(self) -> bool:
        service = self.world.objects.get(("Service", NAMESPACE, "iris"))
        return service is not None and self.builder.obj["spec"].get("replicas") != 0

    def _contradiction(self) -> str:
        md = self.world.objects.get(("ModelDeployment", NAMESPACE, "iris"), {})
        true = {c["type"] for c in md.get("status", {}).get("conditions", ()) if c["status"] == "True"}
        return "both Reconciling and Stalled" if {"Reconciling", "Stalled"} <= true else ""


@dataclass(eq=False)
class Workflow:
    """Something that happens to a ModelDeployment.

    `changes` come one after the other, each when the one before has settled (one may also just assert
    something); `floor` is the capacity that must never be missing; `ends` asserts how it ends. The
    operator that sees the changes is a newer one than the one that prepared the scene.
    """

    name: str
    prepare: Callable[[Scene], None]
    changes: Sequence[Callable[[Scene], object]]
    floor: int = 0
    ends: Callable[[Scene], object] = lambda scene: scene.expect_done()

    def scene(self) -> Scene:
        """The prepared scene, quiet, with an operator that would render other pods."""
        scene = self._prepared.copy()
        scene.image = scene.operator.image = "slipway-runtime:2"
        return scene

    @cached_property
    def _prepared(self) -> Scene:
        scene = Scene()
        self.prepare(scene)
        scene.settle()
        scene.floor = self.floor
        return scene


@dataclass(frozen=True)
class Kill:
    """Where the operator dies: at its n-th write (0 is the first), before or after it took effect.

    `away` is how many turns the cluster takes before the operator is back.
    """

    write: int
    applied: bool
    away: int = 0


@dataclass
class Place:
    """Where a replay was before a turn of the operator: enough to go on from there once more."""

    change: int
    """The last change that was made."""
    writes: int
    made: Counter[str]
    scene: Scene


@dataclass
class Run:
    """What came of one replay."""

    writes: int
    state: Object
    made: Counter[str]
    """Creations and deletions by object."""
    places: list[Place]
    """Before each turn; empty where the operator was killed."""

    def before(self, write: int) -> Place:
        """The last place before that write."""
        return next(place for place in reversed(self.places) if place.writes <= write)


class _Reaper:
    """Counts writes across restarts and kills at the chosen ones."""

    def __init__(self, scene: Scene, kills: Sequence[Kill], count: int) -> None:
        self.scene = scene
        self.kills = {kill.write: kill for kill in kills}
        self.count = count
        self.away = 0
        self.sound = True

    def before(self, _: Write | None) -> None:
        """Dies before the write reaches the server."""
        self.sound = not self.scene.violation()
        kill = self.kills.get(self.count)
        if kill is not None and not kill.applied:
            self._die(kill)

    def after(self, write: Write | None) -> None:
        """Checks what the write did; dies before its answer arrives."""
        kill = self.kills.get(self.count)
        found = self.scene.violation()
        if found and self.sound:
            raise AssertionError(f"after {write}: {found}")
        self.count += 1
        if kill is not None and kill.applied:
            self._die(kill)

    def _die(self, kill: Kill) -> None:
        del self.kills[kill.write]
        self.away = kill.away
        raise Killed


def replay(workflow: Workflow, kills: Sequence[Kill] = (), begin: Place | None = None) -> Run:
    """The workflow to its quiet end, with the operator killed on the way; `begin` spares the way there."""
    scene = begin.scene.copy() if begin else workflow.scene()
    made = begin.made if begin else Counter[str]()
    reaper = _Reaper(scene, kills, begin.writes if begin else 0)
    places: list[Place] = []
    for number, change in enumerate(workflow.changes):
        if begin and number < begin.change:
            continue
        if not begin or number > begin.change:
            change(scene)
        for _ in _turns(scene, reaper):
            if kills:
                continue
            places.append(Place(number, reaper.count, made + _made(scene.world), scene.copy()))
    workflow.ends(scene)
    version = scene.world.version
    if scene.operator.look() or scene.world.version != version:
        raise AssertionError(f"{workflow.name}: writes at rest: {scene.operator.writes[-3:]}")
    return Run(reaper.count, end_state(scene.world), made + _made(scene.world), places)


def _made(world: World) -> Counter[str]:
    return Counter(
        f"{change.type} {change.object['kind']} {change.object['metadata']['name']}"
        for change in world.log
        if change.type != "MODIFIED" and change.object["kind"] in CHILDREN
    )


def _turns(scene: Scene, reaper: _Reaper) -> Iterator[None]:
    """Operator and cluster take turns until nothing moves; yields before each turn."""
    for _ in range(MAX_TURNS):
        yield
        before = scene.world.version
        scene.operator = MiniOperator(
            scene.world, image=scene.image, before=reaper.before, after=reaper.after
        )
        killed = False
        try:
            scene.operator.look()
        except Killed:
            killed = True
        for _ in range(reaper.away if killed else 1):
            _turn(scene, away=killed)
        if scene.world.version == before and not killed:
            return
    raise AssertionError(f"not settled after {MAX_TURNS} turns")


def _turn(scene: Scene, *, away: bool) -> None:
    sound = not scene.violation()
    scene.cluster.step()
    scene.world.advance(1)
    found = scene.violation(operator_away=away)
    if found and sound:
        raise AssertionError(f"after a turn of the cluster: {found}")


def end_state(world: World) -> Object:
    """All that matters at the end: the children, how many pods of which revision, and the status."""
    names = {obj["metadata"]["uid"]: f"{kind}/{name}" for (kind, _, name), obj in world.objects.items()}
    state: Object = {}
    for (kind, _, name), obj in sorted(world.objects.items()):
        if kind in CHILDREN:
            state[f"{kind}/{name}"] = _still(obj, names)
        elif kind == "ModelDeployment":
            state[f"{kind}/{name}"] = _still(obj.get("status", {}), names)
    made = [(pod["metadata"]["labels"], pod["spec"]["containers"][0]["image"]) for pod in world.list("Pod")]
    state["pods"] = Counter((labels.get("slipway.dev/revision", ""), image) for labels, image in made)
    return state


def _still(value: Any, names: dict[str, str]) -> Any:
    """Without what differs from run to run: uids become names, times and versions go."""
    if isinstance(value, dict):
        return {
            key: _owners(child) if key == "managedFields" else _still(child, names)
            for key, child in value.items()
            if key not in MOVING and not key.endswith("step-started-at")
        }
    if isinstance(value, list):
        return [_still(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _owners(managed: list[Object]) -> Object:
    """Which manager owns what, whenever it wrote it."""
    listed: Object = {}
    for entry in managed:
        text = re.sub(r'"uid\\*":\\*"[^"]*"', '"uid"', json.dumps(entry["fieldsV1"], sort_keys=True))
        listed[f"{entry['manager']} {entry['operation']} {entry.get('subresource', '')}"] = text
    return listed
