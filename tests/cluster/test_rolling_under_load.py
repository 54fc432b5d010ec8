"""No request is lost while models are updated, scaled, restarted and rolled back under load.

One story is played once: open-loop load over new and over kept connections, and in the middle of it
every change that a user makes, one of them with the operator killed. The tests read its report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from figures import Figures
from live_model import LiveModel, has_ready_replicas
from live_paths import Json, Ref
from live_world import SYSTEM, World
from openloop.session import Rates, Session

RATES = Rates(new=150, keep=250, requests=20_000, seconds=240)
DRAIN_SECONDS = 10
MARGIN_SECONDS = 5
"""For a request under way, and the clocks of two programs."""


@dataclass(frozen=True)
class Story:
    """The load's report, and the revision that each change brought."""

    report: dict[str, Any]
    summary: str
    revisions: dict[str, str]

    def at(self, mark: str) -> float:
        """When something was done, in seconds since the load began."""
        return next(float(one["at_s"]) for one in self.report["marks"] if one["text"] == mark)


@pytest.fixture(scope="module")
def story(world: World, at_rest: object, figures: Figures) -> Iterator[Story]:
    """Plays it, beside ten models at rest."""
    namespace = world.namespace("roll")
    model = LiveModel(world, namespace)
    model.apply(world.uris[0], replicas=2)
    model.until_ready()
    revisions = {"first": model.revision()}
    with world.load(model.url, "rolling", RATES) as load:
        revisions["update"] = _update(world, model, load)
        _scale(world, model, load)
        revisions["rollback"] = _roll_back_while_the_operator_dies(world, model, load)
        revisions["restart"] = _restart(world, model, load)
        _until_old_pods_are_gone(world, model)
        load.mark("all old pods are gone")
    _keep(figures, load.report)
    yield Story(load.report, load.summary, revisions)
    world.kubectl("delete", "namespace", namespace, "--wait=false")


def _update(world: World, model: LiveModel, load: Session) -> str:
    load.mark("update")
    model.apply(world.uris[1], replicas=2)
    model.until_ready()
    load.mark("update is Ready")
    _until_old_pods_are_gone(world, model)
    return model.revision()


def _scale(world: World, model: LiveModel, load: Session) -> None:
    for replicas in (3, 2):
        load.mark(f"scale to {replicas}")
        world.kubectl("scale", "mdep", model.name, f"--namespace={model.namespace}", f"--replicas={replicas}")
        model.until(f"{replicas} ready replicas", has_ready_replicas(replicas))


def _restart(world: World, model: LiveModel, load: Session) -> str:
    load.mark("restart")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.kube.patch(model.ref, {"spec": {"rollout": {"restartAt": now}}})
    model.until_ready()
    return model.revision()


def _roll_back_while_the_operator_dies(world: World, model: LiveModel, load: Session) -> str:
    load.mark("rollback, operator killed")
    model.apply(world.uris[0], replicas=2)
    model.until("a look at the rollback", _is_seen)
    for pod in world.operator_pods():
        world.kube.delete(Ref("Pod", SYSTEM, pod["metadata"]["name"]), gracePeriodSeconds=0)
    model.until_ready()
    load.mark("rollback is Ready")
    return model.revision()


def _is_seen(obj: Json) -> bool:
    return bool(obj["status"].get("observedGeneration") == obj["metadata"]["generation"])


def _until_old_pods_are_gone(world: World, model: LiveModel) -> None:
    selector = f"{model.selector},slipway.dev/revision!={model.revision()}"
    world.kube.until_count(
        "Pod", model.namespace, selector, "their end", lambda found: not found, seconds=DRAIN_SECONDS + 60
    )


def _keep(figures: Figures, report: dict[str, Any]) -> None:
    requests = report["requests"]
    figures.record(
        "failed requests in rolling updates", report["failed"], f"of {requests:,}", "0 of ≥ 20,000"
    )
    for name, stream in report["streams"].items():
        figures.record(f"p99 under change, {name}", stream["latency_ms"]["p99"], "ms", "")


def test_no_request_fails(story: Story) -> None:
    """The promise: whatever is changed, users notice nothing."""
    assert story.report["failed"] == 0, story.summary


def test_the_load_was_worth_the_name(story: Story) -> None:
    """Zero failures mean something only if enough was asked, in both ways that clients connect."""
    assert story.report["requests"] >= RATES.requests
    assert story.report["retried"] == 0
    for stream in story.report["streams"].values():
        assert stream["requests"] >= RATES.requests / 4
    assert story.report["streams"]["new"]["connections_opened"] == story.report["streams"]["new"]["requests"]


def test_every_answer_came_from_a_revision_that_was_asked_for(story: Story, world: World) -> None:
    """Each revision answers with its own model's values and under its own name, and no other does."""
    first, second = (model.name for model in world.models)
    answered = {revision: seen["model"] for revision, seen in story.report["revisions"].items()}
    by_change = {change: answered.get(revision) for change, revision in story.revisions.items()}
    assert by_change == {"first": first, "update": second, "rollback": first, "restart": first}
    assert set(answered) == set(story.revisions.values())


def test_going_back_is_the_old_revision_and_a_restart_a_new_one(story: Story) -> None:
    """A rollback uses what was frozen; a restart is a revision of its own, so it can be waited for."""
    assert story.revisions["rollback"] == story.revisions["first"]
    assert story.revisions["restart"] not in {story.revisions["first"], story.revisions["update"]}


def test_all_clients_move_within_the_drain(story: Story, figures: Figures) -> None:
    """A kept connection must not keep its client on the old model: the server asks it to come again."""
    revision, back = story.revisions["first"], story.at("rollback, operator killed")
    answered = [row["second"] for row in story.report["timeline"] if row["revisions"].get(revision)]
    seconds = max(second for second in answered if second < back) + 1 - story.at("update is Ready")
    figures.record("Ready to the last old answer", max(0.0, seconds), "s", f"≤ {DRAIN_SECONDS}, the drain")
    assert seconds <= DRAIN_SECONDS + MARGIN_SECONDS
