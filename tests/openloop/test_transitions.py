"""The proof's table says what the load saw, transition by transition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openloop.expect import Expectations, Model
from openloop.faults import Fault, RequestError
from openloop.plot import draw
from openloop.record import PHASE, Outcome, Record
from openloop.report import build
from openloop.transitions import Latency, rows, table
from trick_server import expectation_json


def _report() -> dict[str, Any]:
    """Two plays of an update: the old revision's last answers come 0.5 s and 2 s after it began."""
    raw = expectation_json()
    models = [Model(**model) for model in raw["models"]]
    expectations = Expectations(raw["path"], raw["samples"], models)
    expectations.revisions.update({"old": models[0].name, "new": models[1].name})
    record = Record()
    for at, name in ((0, "steady"), (10, "update"), (20, "steady"), (30, "update")):
        record.mark(at, PHASE + name)
    for due, revision in (
        *((1.0, "old"), (10.1, "old"), (10.4, "old"), (10.9, "new"), (11.5, "new")),
        *((21.0, "new"), (31.9, "new"), (33.0, "old")),
    ):
        record.add(_outcome(due, revision))
    record.add(_outcome(12.0, "", RequestError(Fault.RESET, "gone")))
    return build(record, expectations, [], target="http://model", seconds=40)


def _outcome(due: float, revision: str, error: RequestError | None = None) -> Outcome:
    return Outcome(
        stream="new", request_id="a", due=due, sent=due, done=due + 0.1, revision=revision, error=error
    )


def test_a_row_has_the_worst_of_all_plays() -> None:
    """A proof that shows the best of many plays is none."""
    steady, update = rows(_report())
    assert (steady.name, steady.plays, steady.requests, steady.failed) == ("steady", 2, 2, 0)
    assert (update.name, update.plays, update.requests, update.failed) == ("update", 2, 7, 1)
    assert round(update.last_old["new"], 3) == 2.0
    assert update.first_new is not None
    assert round(update.first_new, 3) == 3.1
    assert steady.last_old == {}, "where nothing is replaced, nothing is old"


def test_latencies_stand_beside_those_of_the_stretch_before() -> None:
    """What an update costs is told by what was there without it, not by a good day."""
    report = _report()
    for phase, p99 in zip(report["phases"], (4.0, 5.0, 8.0, 40.0), strict=True):
        phase["streams"]["new"]["latency_ms"] = {"p50": p99 / 2, "p99": p99}
        phase["streams"]["new"]["core_free"] = {"requests": 9, "latency_ms": {"p99": p99 - 1}}
    steady, update = rows(report)
    assert update.before == steady.during == Latency(3.0, 6.0, 8.0, 5.0)
    assert update.during == Latency(11.25, 22.5, 40.0, 21.5)


def test_where_no_core_was_ever_free_the_table_says_nothing() -> None:
    """A zero would read as no latency at all."""
    report = _report()
    for phase in report["phases"]:
        phase["streams"]["new"]["core_free"] = {"requests": 0, "latency_ms": {"p99": 0.0}}
    (line,) = [line for line in table(rows(report)).splitlines() if line.startswith("| update")]
    assert line.split("|")[9:11] == ["  ", "  "]


def test_the_table_and_the_picture_show_failures(tmp_path: Path) -> None:
    """A person looks at these; a failure must not hide in the JSON."""
    report = _report()
    assert "| update (2 times) | 7 | 1 |" in table(rows(report))
    draw(report, tmp_path / "proof.svg")
    picture = (tmp_path / "proof.svg").read_text()
    assert picture.startswith("<?xml")
    assert "update" in picture
