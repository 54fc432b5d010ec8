"""What cannot be done, or not for long, is told; what serves goes on; and mending it is enough.

API server, controllers and scheduler are real, pods are ready as soon as they are scheduled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from api_server import ApiServer
from fake_node import FakeNode
from kill_points import LABEL, Play, has_reason, is_ready
from live_kube import ApiError, condition
from live_operator import LiveOperator, Stage
from live_paths import Json

GATED = {"type": "BlueGreen", "blueGreen": {"autoPromotionEnabled": False, "scaleDownDelaySeconds": 1}}
FLIPS = 20
NOWHERE = "0123456789"


@pytest.fixture(scope="module", autouse=True)
def node(api_server: ApiServer) -> Iterator[FakeNode]:
    """Somewhere for pods to be ready."""
    with FakeNode(api_server.http) as ready:
        yield ready


@pytest.fixture
def play(shared: Stage, model: str) -> Play:
    """A gated model of two pods that serves its first version."""
    play = Play(shared, model)
    play.apply(version=1, replicas=2, strategy=GATED)
    play.until("Ready", is_ready)
    return play


def revisions(play: Play) -> tuple[str, str]:
    """The active one and the desired one."""
    [predictor] = play.kube.require(play.ref)["status"]["predictors"]
    return predictor["activeRevision"], predictor["desiredRevision"]


def at_the_gate(play: Play) -> tuple[str, str]:
    """Asks for the second version and waits for its gate; the active revision and the one that waits."""
    play.apply(version=2)
    play.until("the gate", has_reason("Ready", "AwaitingPromotion"))
    return revisions(play)


def available(obj: Json | None) -> bool:
    """Whether something serves."""
    return condition(obj or {}, "Available").get("status") == "True"


def says(text: str) -> Callable[[Json | None], bool]:
    """Whether Ready's message, or the predictor's, has these words while something serves."""

    def holds(obj: Json | None) -> bool:
        [predictor] = (obj or {}).get("status", {}).get("predictors", [{}])
        told = [condition(obj or {}, "Ready").get("message", ""), predictor.get("message", "")]
        return available(obj) and any(text in one for one in told)

    return holds


@pytest.mark.parametrize("verb", ["promote", "abort"])
def test_a_verb_for_a_revision_that_is_not_there_is_told_and_does_nothing(play: Play, verb: str) -> None:
    """A typing error in a promotion must not look like one that is under way."""
    active, waiting = at_the_gate(play)
    play.annotate(**{verb: NOWHERE})
    play.until(f"word of {NOWHERE}", says(NOWHERE))
    assert revisions(play) == (active, waiting)
    play.annotate(promote=waiting, abort="")
    play.until("Ready", is_ready)
    assert revisions(play) == (waiting, waiting)


def test_an_abort_of_what_serves_is_told_and_does_nothing(play: Play) -> None:
    """There is nothing to go back to; taking it away would be an outage."""
    active, _ = revisions(play)
    play.annotate(abort=active)
    play.until("word of it", says("has no effect"))
    assert revisions(play) == (active, active)
    assert len(play.children("Deployment")) == 1


def test_promote_and_abort_of_the_same_revision_is_an_abort(play: Play) -> None:
    """Of two contradictory wishes the one that changes nothing for the traffic is the safe one."""
    active, waiting = at_the_gate(play)
    with pytest.raises(ApiError, match="must not promote and abort the same revision"):
        play.apply(rollout={"promote": waiting, "abort": waiting})
    play.annotate(abort=waiting)
    play.until("Aborted", has_reason("Stalled", "Aborted"))
    play.apply(rollout={"promote": waiting})
    play.until("Aborted", has_reason("Stalled", "Aborted"))
    assert revisions(play)[0] == active
    play.apply(version=3, rollout=None)
    play.until("the gate", has_reason("Ready", "AwaitingPromotion"))
    play.annotate(promote=revisions(play)[1])
    play.until("Ready", is_ready)


def test_a_spec_that_flips_ends_where_it_stops(play: Play) -> None:
    """Two controllers that both write the spec must not leave two of everything."""
    play.apply(strategy={"type": "BlueGreen", "blueGreen": {"scaleDownDelaySeconds": 1}})
    for flip in range(FLIPS):
        play.apply(version=2 + flip % 2)
        play.stage.reported(play.name)
    play.apply(version=2)
    play.until("Ready", is_ready)
    play.kube.until_count(
        "Deployment",
        play.stage.namespace,
        f"{LABEL}modeldeployment={play.name}",
        "one Deployment",
        lambda found: len(found) == 1,
        seconds=30,
    )
    assert len(play.children("ControllerRevision")) == 3
    assert available(play.kube.get(play.ref))


def test_a_model_that_never_gets_ready_is_told_at_its_deadline_and_leaves_the_old_one_serving(
    shared: Stage, model: str
) -> None:
    """Nobody has a node for it; the update is given up in words, and the right wish is enough to go on."""
    play = Play(shared, model)
    play.apply(version=1, replicas=2, progressDeadlineSeconds=3)
    play.until("Ready", is_ready)
    play.apply(version=2, predictor={"nodeSelector": {"example.com/no": "such-node"}})
    play.until("Stalled", has_reason("Stalled", "ProgressDeadlineExceeded"))
    md = play.kube.require(play.ref)
    assert available(md)
    assert "affinity/selector" in condition(md, "Stalled")["message"]
    assert md["status"]["predictors"][0]["availableReplicas"] == 2
    play.apply(predictor={"nodeSelector": None})
    play.until("Ready", is_ready)


def test_a_quota_that_forbids_the_surge_is_told_and_lets_go_when_it_is_raised(
    stage: Stage, operator: LiveOperator
) -> None:
    """The pods that serve are all that the quota has room for: they stay, and the update waits for room."""
    play = Play(stage, "iris")
    play.apply(version=1, replicas=2)
    play.until("Ready", is_ready)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "two-pods", "namespace": stage.namespace},
        "spec": {"hard": {"pods": "2"}},
    }
    stage.kube.apply(quota)
    place = stage.ref("ResourceQuota", "two-pods")
    stage.kube.until(
        place, "2 counted pods", lambda one: one["status"].get("used", {}).get("pods") == "2", seconds=20
    )
    play.apply(version=2)
    play.until("QuotaExceeded", has_reason("Ready", "QuotaExceeded"))
    md = play.kube.require(play.ref)
    assert "two-pods" in condition(md, "Ready")["message"]
    assert available(md)
    assert md["status"]["predictors"][0]["availableReplicas"] == 2
    stage.kube.delete(place)
    play.until("Ready", is_ready)
