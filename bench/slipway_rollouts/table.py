"""From what was measured to rows, and from rows to Markdown. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from slipway_bench.table import HOLDS, Row
from slipway_rollouts import update
from slipway_rollouts.scale import Found, Phase
from slipway_rollouts.shares import Update

FASTER = 0.9
SMALLER = 1.0
HEAD = (
    "| {what} | all done after s | one object, median s | CPU s | peak MiB | writes "
    "| writes, Kubernetes' own too | Slipway needs | bars | hold |\n"
    "|---|---:|---:|---:|---:|---:|---:|---|---|---|"
)

UPDATE_HEAD = (
    "| updates under load | updates | requests | failed | apply to first new answer, s "
    "| promote to first new answer, s | to last old answer, new connections, s | kept ones, s "
    "| writes per update | bar | holds |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|"
)


def sections(found: Sequence[Found]) -> list[tuple[str, list[Row]]]:
    """Head and rows of each phase's table.

    Args:
        found: ours first, then the peers; the first of them is the one that the bars are about.
    """
    return [
        (HEAD.format(what="created"), _rows(found, lambda one: one.created)),
        (HEAD.format(what="another model for each"), _rows(found, lambda one: one.changed)),
    ]


def _rows(found: Sequence[Found], of: Callable[[Found], Phase]) -> list[Row]:
    ours, *peers = found
    rows = [Row(_line((ours.title, *_figures(of(ours)), "", "", "")))]
    for number, peer in enumerate(peers):
        rows.append(_peer_row(peer.title, of(ours), of(peer), barred=number == 0))
    return rows


def _peer_row(title: str, ours: Phase, theirs: Phase, *, barred: bool) -> Row:
    time, memory = ours.times.whole / theirs.times.whole, ours.peak / theirs.peak
    needs = f"{time:.2f} x the time, {memory:.2f} x the memory"
    holds = time <= FASTER and memory <= SMALLER if barred else None
    bars = f"≤ {FASTER:g} x, ≤ {SMALLER:g} x" if barred else ""
    return Row(_line((title, *_figures(theirs), needs, bars, HOLDS[holds])), holds)


def _figures(phase: Phase) -> tuple[str, ...]:
    return (
        f"{phase.times.whole:.1f}",
        f"{phase.times.median:.1f}",
        f"{phase.cpu:.1f}",
        f"{phase.peak:.0f}",
        f"{phase.writes:,}",
        f"{phase.all_writes:,}",
    )


def update_section(found: Sequence[update.Found]) -> tuple[str, list[Row]]:
    """Head and rows of the updates; the bar is no failed request of ours."""
    ours, *peers = found
    holds = ours.failed == 0
    rows = [Row(_line((*_updated(ours), "0 failed", HOLDS[holds])), holds)]
    return UPDATE_HEAD, [*rows, *(Row(_line((*_updated(peer), "", ""))) for peer in peers)]


def _updated(found: update.Found) -> tuple[str, ...]:
    return (
        found.title,
        str(len(found.each)),
        f"{found.requests:,}",
        str(found.failed),
        _spread(found.each, lambda one: one.served),
        _spread(found.each, lambda one: one.switched),
        _spread(found.each, lambda one: one.lingered),
        _spread(found.each, lambda one: one.kept),
        f"{found.writes:.1f}",
    )


def _spread(each: Sequence[Update], of: Callable[[Update], float]) -> str:
    """The median and, behind it, the worst."""
    values = [of(one) for one in each]
    return f"{statistics.median(values):.2f} ({max(values):.2f})"


def page(setting: str, tables: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """The tables under one heading; `setting`: a paragraph with command, machine, conditions."""
    parts = ["\n".join((head, *(row.text for row in rows))) for head, rows in tables if rows]
    return "\n\n".join(("# Rollouts", setting, *parts)) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
