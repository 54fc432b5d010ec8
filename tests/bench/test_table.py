"""What the benchmark says about what it measured."""

import pytest

from slipway_bench import table
from slipway_bench.cases import CONTESTS, OURS, RAW, Busy, Contest, Start, Tail
from slipway_bench.figures import Figures

CASE = Contest("iris", "iris, JSON", "iris", "json", 16, {"mlserver": 4, "fastapi": 0})


def _runs(*rates: float) -> list[Figures]:
    return [Figures(rate, 0.001, 0.002, 1000, 0.0001) for rate in rates]


def _holds(ours: list[Figures], theirs: list[Figures]) -> list[bool | None]:
    runs = {("iris", OURS): ours, ("iris", "mlserver"): theirs, ("iris", "fastapi"): theirs}
    return [row.holds for row in table.contest_rows(CASE, runs, {})]


@pytest.mark.parametrize(("rate", "holds"), [(400.0, True), (399.0, False)])
def test_a_bar_is_held_at_its_value_and_missed_below(rate: float, holds: bool) -> None:  # noqa: FBT001 # pytest's
    """A reader takes the last column's word for it."""
    assert _holds(_runs(rate), _runs(100.0)) == [None, holds, None]


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    """A machine that slows down between rounds must not decide: here each round says 4, the medians say 2."""
    rows = table.contest_rows(
        CASE,
        {
            ("iris", OURS): _runs(4000, 400, 800),
            ("iris", "mlserver"): _runs(1000, 100, 200),
            ("iris", "fastapi"): _runs(1000, 100, 200),
        },
        {},
    )
    assert "| 4.00 x | ≥ 4 x | yes |" in rows[1].text


def test_a_peer_that_cannot_be_had_is_shown_with_the_reason_and_counts_as_missed() -> None:
    """A comparison that silently leaves out the strongest peer would be a lie."""
    rows = table.contest_rows(CASE, {("iris", OURS): _runs(100.0)}, {"mlserver": "no such wheel"})
    assert "MLServer" in rows[1].text
    assert "not measured: no such wheel" in rows[1].text
    assert rows[1].holds is False


def test_latency_under_arrivals_is_judged_by_the_median_of_the_rounds() -> None:
    """One stall of the machine is not the server's tail."""
    runs = [Figures(100, 0.001, p99, 1000) for p99 in (0.002, 0.003, 0.9)]
    row, *rest = table.tail_rows(Tail("tail", "iris", "iris", 3), runs, [])
    assert not rest, "a floor that was not measured is not shown"
    assert row.holds
    assert "| 3.0 | ≤ 3 | yes |" in row.text


def test_a_start_is_judged_by_the_median() -> None:
    """The first start reads everything from disk."""
    start = Start("start", "iris", "iris", 1)
    assert table.start_row(start, [3.0, 0.5, 0.6]).holds
    assert table.start_row(start, [3.0, 1.5, 0.6]).holds is False


@pytest.mark.parametrize(
    ("times", "holds"), [([0.001, 0.05], True), ([0.001, 0.001, 0.051], False), ([], False)]
)
def test_answers_while_busy_are_judged_by_the_slowest(times: list[float], holds: bool) -> None:  # noqa: FBT001 # pytest's
    """One probe that is late is the one that kills the pod; no answer at all is not a quick one."""
    (row,) = table.busy_rows(Busy("busy", "busy", "turns", {"503": 0.05}), {"503": times})

    assert row.holds is holds
    assert row.text.count("|") == table.BUSY_HEAD.partition("\n")[0].count("|")


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    """Markdown drops cells that are too many without a word."""
    for contest in CONTESTS:
        everyone = {(contest.name, key): _runs(10.0) for key in (OURS, *contest.bars)}
        for runs in (everyone, {(contest.name, OURS): _runs(10.0)}, {}):
            for row in table.contest_rows(contest, runs, {RAW: "why"}):
                assert row.text.count("|") == table.CONTEST_HEAD.partition("\n")[0].count("|")
