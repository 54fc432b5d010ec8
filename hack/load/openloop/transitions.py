"""What a report says of each transition: the rows of the rollout proof's table.

A phase of the load is a transition or a steady stretch. Phases of one name are counted together, so a story
that is played many times has one row for each of its transitions; latencies are compared with those of all
steady stretches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STREAM = "new"
"""Whose latencies the table shows: connecting is part of them."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One transition.

    `requests`, `failed`: of all clients. `p50`, `p99`: ms, of clients with a connection for each request,
    the worst over its plays. `last_old`: by stream, seconds from the phase's begin to the last answer of a
    revision that had lost its place by the phase's end; `first_new`: to the first one of the revision that
    took it.
    """

    name: str
    plays: int
    requests: int
    failed: int
    p50: float
    p99: float
    last_old: Mapping[str, float]
    first_new: float | None


def rows(report: Mapping[str, Any]) -> list[Row]:
    """The rows in the order of their first play."""
    by_name: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for phase in report["phases"]:
        by_name[phase["name"]].append(phase)
    return [_row(name, phases) for name, phases in by_name.items()]


def _row(name: str, phases: Sequence[Mapping[str, Any]]) -> Row:
    tallies = [tally for phase in phases for tally in phase["streams"].values()]
    latencies = [phase["streams"][STREAM]["latency_ms"] for phase in phases if STREAM in phase["streams"]]
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
        p50=max((one["p50"] for one in latencies), default=0.0),
        p99=max((one["p99"] for one in latencies), default=0.0),
        last_old=dict(last_old),
        first_new=max(firsts, default=None),
    )


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
    head = (
        "| transition | requests | failed | p50 ms | p99 ms | first new answer s "
        "| last old answer s, new connections | kept |"
    )
    lines = [head, "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for row in found:
        shown = (
            row.name if row.plays == 1 else f"{row.name} ({row.plays} times)",
            f"{row.requests:,}",
            str(row.failed),
            f"{row.p50:.1f}",
            f"{row.p99:.1f}",
            _seconds(row.first_new),
            _seconds(row.last_old.get(STREAM)),
            _seconds(row.last_old.get("keep-alive")),
        )
        lines.append("| " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
