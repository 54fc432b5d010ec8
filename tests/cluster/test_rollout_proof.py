"""No request is lost, whatever is done to a model: the rollout proof.

One story is played under open-loop load: every change that users make, one after the other, each settled
before the next. The tests read the load's report; the table and the picture stay in reports/. `make
rollout-proof` plays it for as many requests as asked; here it is played once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from figures import Figures
from live_model import LiveModel
from live_world import REPORTS, World
from openloop.plot import STEADY, draw
from openloop.session import Rates
from openloop.transitions import STREAM, Row, rows, table
from rollout_stage import DELAY_SECONDS, RESOURCES, Stage
from rollout_transitions import BACK_WHILE_UP, KILLED, PROMOTED, STORY, play

REQUESTS = int(os.environ.get("SLIPWAY_PROOF_REQUESTS", "100000"))
RATE = float(os.environ.get("SLIPWAY_PROOF_RATE", "1"))
"""Times the usual 300 requests/s, for a long proof on a machine that can do it."""
RATES = Rates(
    new=120 * RATE,
    keep=140 * RATE,
    grpc=40 * RATE,
    slow=1,
    requests=REQUESTS,
    seconds=max(1800.0, REQUESTS / 100),
    timeout=30,
)
ROUNDS_UNTIL = 0.8
"""Of the requests: what is missing then is sent in a last steady stretch instead of another round."""

P99_RATIO = 1.5
DRAIN_SECONDS = 10
ROUND_SECONDS = 60
"""After a kill; what fails later is the next round's."""

MARGIN_SECONDS = 5
"""For the clocks of two programs on a busy machine; the figures are shown without it."""


@dataclass(frozen=True)
class Proof:
    """The load's report and its rows by the transition's name."""

    report: dict[str, Any]
    summary: str
    rows: dict[str, Row]
    played: list[str]


@pytest.fixture(scope="module")
def proof(world: World, at_rest: object, figures: Figures) -> Iterator[Proof]:
    """Plays the story, beside ten models at rest."""
    namespace = world.namespace("proof")
    model = LiveModel(world, namespace)
    model.apply(world.uris[0], replicas=2, predictor={"resources": RESOURCES})
    model.until_ready()
    with world.load(model.url, "rollout-proof", RATES) as load:
        played = play(Stage(world, model, load, world.uris[0]), round(REQUESTS * ROUNDS_UNTIL))
    found = rows(load.report)
    (REPORTS / "rollout-proof.md").write_text(table(found))
    draw(load.report, REPORTS / "rollout-proof.svg")
    yield Proof(load.report, load.summary, {row.name: row for row in found}, played)
    world.kubectl("delete", "namespace", namespace, "--wait=false")


def test_no_graceful_transition_loses_a_request(proof: Proof, figures: Figures) -> None:
    """The promise: whatever is changed, users notice nothing."""
    graceful = [row for row in proof.rows.values() if row.name != KILLED]
    failed, requests = sum(row.failed for row in graceful), sum(row.requests for row in graceful)
    figures.record("failed requests over all graceful transitions", failed, f"of {requests:,}", "0 of ≥ 10⁵")
    assert {row.name: row.failed for row in graceful if row.failed} == {}, proof.summary


def test_everything_was_played_and_enough_was_asked(proof: Proof) -> None:
    """Zero failures mean something only if enough was asked, in every way that clients connect."""
    assert set(proof.played) == {transition.name for transition in STORY}
    assert proof.report["requests"] >= REQUESTS
    assert proof.report["retried"] == 0
    streams = proof.report["streams"]
    connected = streams[STREAM]["requests"] - streams[STREAM]["failed"]  # a killed pod refuses some
    assert connected <= streams[STREAM]["connections_opened"] <= streams[STREAM]["requests"]
    assert all(stream["requests"] for stream in streams.values())


def test_a_killed_pod_fails_only_what_reached_it(proof: Proof, figures: Figures) -> None:
    """SIGKILL leaves no time: what it costs is told, and it ends when the pod's address is out of use."""
    kills = [mark["at_s"] for mark in proof.report["marks"] if mark["text"] == "killed"]
    failed = [row["second"] for row in proof.report["timeline"] if row["failed"]]
    # Slow requests stand where they began: those of the next round's kill are seconds before it.
    after = [second + 1 - at for at in kills for second in failed if at - 1 <= second < at + ROUND_SECONDS]
    figures.record("requests lost to a SIGKILL of one of two pods", proof.rows[KILLED].failed, "", "")
    assert max(after, default=0.0) <= DRAIN_SECONDS


def test_a_promote_moves_new_connections_at_once(proof: Proof, figures: Figures) -> None:
    """After the switch nobody should be surprised by an old answer."""
    seconds = proof.rows[PROMOTED].last_old[STREAM]
    figures.record("promote to the last old answer, new connections", seconds, "s", "≤ 2")
    assert seconds <= 2 + MARGIN_SECONDS


def test_kept_connections_follow_within_delay_and_drain(proof: Proof, figures: Figures) -> None:
    """A kept connection must not keep its client on the old model."""
    seconds = proof.rows[PROMOTED].last_old["keep-alive"]
    bar = DELAY_SECONDS + DRAIN_SECONDS
    figures.record("promote to the last old answer, kept connections", seconds, "s", f"≤ {bar}")
    assert seconds <= bar + MARGIN_SECONDS


def test_going_back_while_the_old_set_is_up_takes_seconds(proof: Proof, figures: Figures) -> None:
    """A bad release is undone before most users notice."""
    first = proof.rows[BACK_WHILE_UP].first_new
    assert first is not None
    figures.record("rollback while the old set is up: apply to served", first, "s", "≤ 5")
    assert first <= 5 + MARGIN_SECONDS


def test_latency_under_change(proof: Proof, figures: Figures) -> None:
    """Told beside the others: on two cores the load, both sets and Kubernetes share them."""
    changes = [row for row in proof.rows.values() if row.name not in (KILLED, STEADY) and row.before.p99]
    worst = max(row.during.p99 / row.before.p99 for row in changes)
    figures.record("worst p99 of a transition against the stretch before", worst, "times", "")
    spared = [row.during.spare / row.before.spare for row in changes if row.during.spare and row.before.spare]
    if spared:
        figures.record("the same where a core was free", max(spared), "times", "≤ 1.5")
    within = sum(ratio <= P99_RATIO for ratio in spared)
    figures.record("transitions within 1.5 where a core was free", within, f"of {len(changes)}", "all")
    assert proof.rows[STEADY].during.p50 > 0
