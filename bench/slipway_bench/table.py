"""From what was measured to rows, and from rows to Markdown. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway_bench.cases import OURS, PEERS, RAW, RAW_TITLE, Busy, Contest, Start, Tail
from slipway_bench.figures import Figures, median
from slipway_bench.launch import COUNTING

HOLDS = {True: "yes", False: "**no**", None: ""}
CONTEST_HEAD = (
    "| case | server | requests/s | p50 ms | p99 ms | CPU µs/request | Slipway is | bar | holds |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
TAIL_HEAD = (
    "| case | requests/s | p50 ms | p99 ms | p99 / p50 | bar | holds |\n" + "|---|---|---|---|---|---|---|"
)
START_HEAD = "| case | seconds | fastest | bar | holds |\n|---|---|---|---|---|"

BUSY_HEAD = "| case | asked | answers | median ms | slowest ms | bar | holds |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        text: Markdown.
        holds: the bar; None where there is none to hold.
    """

    text: str
    holds: bool | None = None


def contest_rows(
    contest: Contest, runs: Mapping[tuple[str, str], Sequence[Figures]], missing: Mapping[str, str]
) -> list[Row]:
    """Ours first, then each peer with the median of the rounds' ratios.

    Args:
        contest: the case.
        runs: by case and peer, one for each round.
        missing: by peer, why it was not there: a bar that could not be tried does not hold.
    """
    ours = runs.get((contest.name, OURS), ())
    rows = []
    if ours:
        rows.append(Row(_line((contest.title, PEERS[OURS].title, *_measured(median(ours)), "", "", ""))))
    for key, bar in contest.bars.items():
        title = RAW_TITLE if key == RAW else PEERS[key].title
        theirs = runs.get((contest.name, key), ())
        if ours and theirs:
            rows.append(_peer_row(title, ours, theirs, bar))
        else:
            why = missing.get(key) or missing.get(OURS, "not run")
            absent = ("", title, f"not measured: {why}", "", "", "", "", _at_least(bar), HOLDS[False])
            rows.append(Row(_line(absent), holds=False))
    return rows


def _peer_row(title: str, ours: Sequence[Figures], theirs: Sequence[Figures], bar: float) -> Row:
    ratio = statistics.median(mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True))
    holds = ratio >= bar if bar else None
    cells = ("", title, *_measured(median(theirs)), f"{ratio:.2f} x", _at_least(bar), HOLDS[holds])
    return Row(_line(cells), holds)


def _at_least(bar: float) -> str:
    return f"≥ {bar:g} x" if bar else ""


def tail_rows(tail: Tail, runs: Sequence[Figures], floor: Sequence[Figures]) -> list[Row]:
    """Ours, judged, and below it what the machine does to a server that only counts."""
    ours, other = _tail_row(tail, runs), []
    if floor:
        cells = (COUNTING, *_latency(median(floor)))
        other = [Row(_line((*cells, f"{_spread(floor):.1f}", "", "")))]
    return [ours, *other]


def _spread(runs: Sequence[Figures]) -> float:
    """The median of the rounds' p99 in p50s."""
    return statistics.median(run.p99 / run.p50 for run in runs)


def _tail_row(tail: Tail, runs: Sequence[Figures]) -> Row:
    """Without a round the bar is missed."""
    if not runs:
        absent = (tail.title, "not measured: no round came to its end", "", "", "")
        return Row(_line((*absent, f"≤ {tail.bar:g}", HOLDS[False])), holds=False)
    figures = median(runs)
    ratio = _spread(runs)
    cells = (tail.title, *_latency(figures), f"{ratio:.1f}", f"≤ {tail.bar:g}", HOLDS[ratio <= tail.bar])
    return Row(_line(cells), ratio <= tail.bar)


def start_row(start: Start, seconds: Sequence[float]) -> Row:
    """One line: the median start."""
    found = statistics.median(seconds)
    holds = found <= start.bar
    cells = (start.title, f"{found:.2f}", f"{min(seconds):.2f}", f"≤ {start.bar:g}", HOLDS[holds])
    return Row(_line(cells), holds)


def busy_rows(busy: Busy, times: Mapping[str, Sequence[float]]) -> list[Row]:
    """A line for each thing asked, judged by its slowest answer; without an answer the bar is missed."""
    return [_busy_row(busy.title, asked, times.get(asked, ()), bar) for asked, bar in busy.bars.items()]


def _busy_row(title: str, asked: str, times: Sequence[float], bar: float) -> Row:
    limit = f"≤ {bar * 1e3:g}"
    if not times:
        return Row(_line((title, asked, "none", "", "", limit, HOLDS[False])), holds=False)
    slowest, middle = max(times), statistics.median(times)
    measured = (f"{len(times):,}", f"{middle * 1e3:.1f}", f"{slowest * 1e3:.1f}")
    return Row(_line((title, asked, *measured, limit, HOLDS[slowest <= bar])), slowest <= bar)


def page(setting: str, sections: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """The tables under one heading.

    Args:
        setting: a paragraph: command, machine, rounds.
        sections: head and rows of each table; one without rows is left out.
    """
    tables = ["\n".join((head, *(row.text for row in rows))) for head, rows in sections if rows]
    return "\n\n".join(("# Speed", setting, *tables)) + "\n"


def _measured(figures: Figures) -> tuple[str, ...]:
    return *_latency(figures), f"{figures.cpu * 1e6:,.0f}" if figures.cpu else ""


def _latency(figures: Figures) -> tuple[str, str, str]:
    return f"{figures.rate:,.0f}", f"{figures.p50 * 1e3:.2f}", f"{figures.p99 * 1e3:.2f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
