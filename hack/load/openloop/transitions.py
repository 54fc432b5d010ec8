"""What a report says of each transition: the rows of the rollout proof's table.

A phase of the load is a transition or a steady stretch. Phases of one name are counted together, so a story
that is played many times has one row for each of its transitions. Its latencies stand beside those of the
steady stretches that came before its plays.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openloop.plot import STEADY

STREAM = "new"
"""Whose latencies the table shows: connecting is part of them."""


@dataclass(frozen=True)
class Latency:
    """Of clients with a connection for each request, in ms: medians over the plays, and the worst p99.

    `spare`: p99 of the requests that were due while the machine had a core idle; 0 where none was.
    """

    p50: float = 0.0
    p99: float = 0.0
    worst: float = 0.0
    spare: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One transition.

    `requests`, `failed`: of all clients. `before`: of the last steady stretches before it; of those
    themselves it is what they had. `last_old`: by stream, seconds from the phase's begin to the last answer
    of a revision that had lost its place by the phase's end; `first_new`: to the first one of the revision
    that took it; the worst over its plays, both.
    """

    name: str
    plays: int
    requests: int
    failed: int
    before: Latency
    during: Latency
    last_old: Mapping[str, float]
    first_new: float | None


def rows(report: Mapping[str, Any]) -> list[Row]:
    """The rows in the order of their first play."""
    plays: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    steady: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    quiet: list[Mapping[str, Any]] = []
    for phase in report["phases"]:
        quiet = [phase] if phase["name"] == STEADY else quiet
        plays[phase["name"]].append(phase)
        steady[phase["name"]] += quiet
    return [_row(name, phases, steady[name]) for name, phases in plays.items()]


def _row(name: str, phases: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> Row:
    tallies = [tally for phase in phases for tally in phase["streams"].values()]
    last_old: defaultdict[str, float] = defaultdict(float)
    firsts = []
    for phase in phases:
        for stream, seconds in _last_old(phase).items():
            last_old[stream] = max(last_old[stream], seconds)
        if (first := _first_new(phase)) is not None:
            firsts.append(first)
    return Row(
        name=name,
        plays=len(phases),
        requests=sum(tally["requests"] for tally in tallies),
        failed=sum(tally["failed"] for tally in tallies),
        before=_latency(before),
        during=_latency(phases),
        last_old=dict(last_old),
        first_new=max(firsts, default=None),
    )


def _latency(phases: Sequence[Mapping[str, Any]]) -> Latency:
    streams = [phase["streams"][STREAM] for phase in phases if STREAM in phase["streams"]]
    if not streams:
        return Latency()
    p50s = [one["latency_ms"]["p50"] for one in streams]
    p99s = [one["latency_ms"]["p99"] for one in streams]
    spare = [one["core_free"]["latency_ms"]["p99"] for one in streams if one["core_free"]["requests"]]
    median = statistics.median
    return Latency(median(p50s), median(p99s), max(p99s), median(spare) if spare else 0.0)


def _winner(phase: Mapping[str, Any]) -> str | None:
    """The revision that answered last; None where there was but one."""
    seen = [one for one in phase["revisions"] if one["stream"] == STREAM]
    if len({one["revision"] for one in seen}) < 2:  # noqa: PLR2004 - a change takes two
        return None
    return str(max(seen, key=lambda one: one["last_s"])["revision"])


def _last_old(phase: Mapping[str, Any]) -> dict[str, float]:
    winner = _winner(phase)
    last: defaultdict[str, float] = defaultdict(float)
    for one in phase["revisions"] if winner else ():
        if one["revision"] != winner:
            last[one["stream"]] = max(last[one["stream"]], one["last_s"] - phase["begin_s"])
    return dict(last)


def _first_new(phase: Mapping[str, Any]) -> float | None:
    winner = _winner(phase)
    firsts = [
        one["first_s"] for one in phase["revisions"] if one["revision"] == winner and one["stream"] == STREAM
    ]
    return float(firsts[0] - phase["begin_s"]) if firsts else None


def table(found: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    columns = (
        "transition",
        *("requests", "failed"),
        *("p50 before", "during", "p99 before", "during", "worst, ms"),
        *("p99 with a core free before", "during"),
        *("first new answer s", "last old answer s, new connections", "kept"),
    )
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    for row in found:
        shown = (
            row.name if row.plays == 1 else f"{row.name} ({row.plays} times)",
            f"{row.requests:,}",
            str(row.failed),
            *(f"{value:.1f}" for value in (row.before.p50, row.during.p50, row.before.p99, row.during.p99)),
            f"{row.during.worst:.1f}",
            *(f"{one.spare:.1f}" if one.spare else "" for one in (row.before, row.during)),
            _seconds(row.first_new),
            _seconds(row.last_old.get(STREAM)),
            _seconds(row.last_old.get("keep-alive")),
        )
        lines.append("| " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
