"""Every way in which a model in use changes, as users cause it: the story of the rollout proof.

A transition begins and ends settled. `graceful` ones must lose no request. Phases inside one are named
where a figure is read from them: what follows a promote, or an apply that goes back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from live_model import has_ready_replicas
from live_paths import Json, Ref
from live_world import SYSTEM
from openloop.plot import STEADY
from openloop.session import Rates
from rollout_stage import BLUE_GREEN, GATED, WITHIN, Stage, is_aborted, is_previewed

PROMOTED = "promoted"
BACK_WHILE_UP = "rollback while the old set is up"
KILLED = "a pod of the runtime is killed"
ANEW = "the story anew"
SLOW_SECONDS = Rates.slow_seconds
OUTAGE_SECONDS = float(os.environ.get("SLIPWAY_OUTAGE_SECONDS", "10"))
STALE_SECONDS = 20.0
HPA: Json = {
    "minReplicas": 2,
    "maxReplicas": 3,
    "metrics": [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 700}},
        }
    ],
}


@dataclass(frozen=True)
class Transition:
    """A change by its name in the table."""

    name: str
    play: Callable[[Stage], None]
    graceful: bool = True


def roll(stage: Stage) -> None:
    """Another model, the usual way."""
    stage.apply(stage.other())


def scale(replicas: int) -> Callable[[Stage], None]:
    """`kubectl scale`."""

    def play(stage: Stage) -> None:
        model = stage.model
        stage.world.kubectl(
            "scale", "mdep", model.name, f"--namespace={model.namespace}", f"--replicas={replicas}"
        )
        stage.spec["replicas"] = replicas
        model.until(f"{replicas} ready replicas", has_ready_replicas(replicas), seconds=WITHIN)

    return play


def restart(stage: Stage) -> None:
    """Fresh pods of the same model."""
    stage.apply(rollout=_restart_now())


def roll_while_the_operator_dies(stage: Stage) -> None:
    """Its pod is deleted without any grace in the middle of an update."""
    stage.apply(stage.other())
    stage.model.until("a look at the update", _is_seen, seconds=WITHIN)
    for pod in stage.world.operator_pods():
        stage.world.kube.delete(Ref("Pod", SYSTEM, pod["metadata"]["name"]), gracePeriodSeconds=0)


def to_blue_green(stage: Stage) -> None:
    """The other strategy, and nothing else."""
    stage.apply(strategy=BLUE_GREEN)


def switch(stage: Stage) -> None:
    """Another model beside the old one, promoted as soon as it is up."""
    stage.apply(stage.other())


def go_back_while_up(stage: Stage) -> None:
    """An update, regretted before the old set has gone."""
    stage.apply(stage.other())
    stage.until_ready()
    stage.load.phase(BACK_WHILE_UP)
    stage.apply(stage.other())


def gate_and_promote(stage: Stage) -> None:
    """Another model waits for a person."""
    stage.apply(stage.other(), strategy=GATED)
    revision = stage.until_gated()
    stage.load.phase(PROMOTED)
    stage.promote(revision)


def abort(stage: Stage) -> None:
    """Another model comes up and is refused; the spec then follows."""
    stage.apply(stage.other())
    stage.abort(stage.until_gated())
    stage.model.until("Stalled=Aborted", is_aborted, seconds=WITHIN)
    stage.apply(stage.other(), strategy=BLUE_GREEN)


def supersede(stage: Stage) -> None:
    """A newer spec while the previous one is still coming up."""
    stage.apply(stage.other(), predictor={"annotations": {"example.com/try": "1"}})
    stage.model.until("a preview", is_previewed, seconds=WITHIN)
    stage.apply(predictor={"annotations": {"example.com/try": "2"}})


def autoscale(stage: Stage) -> None:
    """The number of replicas goes over to an autoscaler."""
    # `kubectl scale` owns the number since it was used: an apply without it would leave it in place.
    stage.world.kube.patch(stage.model.ref, {"spec": {"replicas": None}})
    stage.apply(replicas=None, predictor={**stage.spec.get("predictor", {}), "hpaSpec": HPA})


def autoscale_no_more(stage: Stage) -> None:
    """And back."""
    kept = {name: value for name, value in stage.spec["predictor"].items() if name != "hpaSpec"}
    stage.apply(replicas=2, predictor=kept)


def drain(stage: Stage) -> None:
    """Every pod is evicted, as a drained node would, held back by the disruption budget alone."""
    evicted = [pod["metadata"]["name"] for pod in stage.model.pods()]
    for name in evicted:
        end = time.monotonic() + WITHIN
        while not stage.evict(name):
            assert time.monotonic() < end, f"the budget never let {name} go"
            time.sleep(0.5)  # as kubectl drain does, which waits five seconds
    for name in evicted:
        stage.world.kube.until_gone(Ref("Pod", stage.model.namespace, name), seconds=WITHIN)
    stage.model.until("2 ready replicas", has_ready_replicas(2), seconds=WITHIN)


def upgrade_the_operator(stage: Stage) -> None:
    """Another operator with another default runtime image: no pod may notice."""
    before = {pod["metadata"]["uid"] for pod in stage.model.pods()}
    with stage.upgraded_operator():
        stage.apply()
        stage.until_ready()
        assert {pod["metadata"]["uid"] for pod in stage.model.pods()} == before


def to_rolling(stage: Stage) -> None:
    """Back to the first strategy."""
    stage.apply(strategy={"type": "RollingUpdate"})


def rename(stage: Stage) -> None:
    """The predictor gets another name: every child is another one."""
    stage.apply(predictor={**stage.spec.get("predictor", {}), "name": "renamed"})


def api_outage(stage: Stage) -> None:
    """Nobody can be asked; models serve on, no operator restarts, and an update right after it comes."""
    before = stage.world.operator_restarts()
    with stage.without_api_server():
        time.sleep(OUTAGE_SECONDS)  # the length of the outage is what is tested
    assert stage.world.operator_restarts() == before
    stage.apply(stage.other())


def roll_past_stale_nodes(stage: Stage) -> None:
    """An update of which the nodes hear only when every old pod is long told to go."""
    with stage.with_stale_nodes():
        stage.apply(stage.other())
        stage.until_ready()
        time.sleep(STALE_SECONDS)  # longer than any pod's drain


def kill_a_pod(stage: Stage) -> None:
    """SIGKILL: what is in flight in that pod is lost, and what still reaches its address."""
    pod = stage.model.pods()[0]
    stage.load.mark("killed")
    stage.world.kill_container(pod)
    place = Ref("Pod", stage.model.namespace, pod["metadata"]["name"])
    stage.world.kube.until(place, "a restarted container", _has_restarted, seconds=WITHIN)
    stage.model.until("2 ready replicas", has_ready_replicas(2), seconds=WITHIN)
    time.sleep(SLOW_SECONDS)  # a slow sender finds out when it writes the rest: that is this transition's too


STORY = (
    Transition("rolling update", roll),
    Transition("scale up", scale(3)),
    Transition("scale down", scale(2)),
    Transition("rolling update, operator killed", roll_while_the_operator_dies),
    Transition("restartAt", restart),
    Transition("strategy to blue-green", to_blue_green),
    Transition("blue-green, automatic", switch),
    Transition("blue-green, regretted at once", go_back_while_up),
    Transition("blue-green, gated", gate_and_promote),
    Transition("abort", abort),
    Transition("supersede", supersede),
    Transition("autoscaler on", autoscale),
    Transition("blue-green, autoscaler moves", switch),
    Transition("autoscaler off", autoscale_no_more),
    Transition("node drain", drain),
    Transition("operator upgraded", upgrade_the_operator),
    Transition("strategy to rolling", to_rolling),
    Transition("predictor renamed", rename),
    Transition("nodes hear late", roll_past_stale_nodes),
    Transition("API server away", api_outage),
    Transition(KILLED, kill_a_pod, graceful=False),
)


def play(stage: Stage, requests: int, story: tuple[Transition, ...] = STORY) -> list[str]:
    """Plays the story until the load has sent `requests`; returns what was played, in order."""
    played: list[str] = []
    while True:
        for transition in story:
            stage.steady()
            stage.load.phase(transition.name)
            transition.play(stage)
            stage.settle()
            played.append(transition.name)
        if stage.load.requests >= requests:
            stage.load.phase(STEADY)
            return played
        stage.load.phase(ANEW)
        # The next round renames again, and has revisions of its own: an abort still names one of this.
        stage.apply(predictor={"name": "main"}, rollout=_restart_now())
        stage.settle()


def _restart_now() -> Json:
    return {"restartAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _has_restarted(pod: Json) -> bool:
    return bool(pod["status"]["containerStatuses"][0]["restartCount"])


def _is_seen(obj: Json) -> bool:
    return bool(obj["status"].get("observedGeneration") == obj["metadata"]["generation"])
