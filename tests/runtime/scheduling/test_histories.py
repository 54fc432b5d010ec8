"""Whatever arrives whenever: whole histories of requests, played to their end on a make-believe clock."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine_doubles import POISON, Doubler
from scheduling_world import FIXED_SECONDS, ROW_SECONDS, Arrival, Outcome, World, refused
from slipway_runtime.errors import ClientGone, DeadlineExceeded, InvalidRequest, Overloaded

MAX_ROWS = 6
MOMENTS = st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 1.05, 1.1, 1.2, 2.0, 2.5, 3.3])
WORLDS = st.builds(
    World,
    threads=st.integers(1, 3),
    max_queue=st.integers(0, 12),
    small=st.sampled_from([0, 4, 100]),
    max_rows=st.just(MAX_ROWS),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Arrival]:
    """Arrivals with values that are all different, poison aside."""
    arrivals, value = [], 0
    for _ in range(draw(st.integers(1, 14))):
        rows = draw(st.integers(1, MAX_ROWS + 2))
        values = [float(value + row) for row in range(rows)]
        value += rows
        if draw(st.integers(0, 5)) == 0:
            values[draw(st.integers(0, rows - 1))] = POISON
        arrivals.append(
            Arrival(
                draw(MOMENTS),
                values,
                draw(st.sampled_from([("doubled",), ("doubled", "again")])),
                draw(st.sampled_from([1e9, 1e9, 1e9, 0.7, 1.5, 3.0])),
                draw(st.sampled_from([1e9, 1e9, 1e9, 0.2, 1.3, 2.6])),
            )
        )
    return arrivals


def poisoned(outcome: Outcome) -> bool:
    """The model cannot take it."""
    return POISON in outcome.arrival.values


def got_its_own(outcome: Outcome) -> bool:
    """Its own rows, in order, for every output that it asked for."""
    expected = np.array([[2 * value] * 2 for value in outcome.arrival.values], dtype=np.float32)
    return (
        isinstance(outcome.result, list)
        and len(outcome.result) == len(outcome.arrival.outputs)
        and all(np.array_equal(array, expected) for array in outcome.result)
    )


@given(WORLDS, histories())
def test_everybody_gets_their_own_answer_or_the_reason_why_not(world: World, history: list[Arrival]) -> None:
    """A batcher that mixes up rows gives wrong answers that look right."""
    for outcome in world.play(history):
        arrival, result = outcome.arrival, outcome.result
        assert outcome.done(), "a request was never answered"
        if isinstance(result, DeadlineExceeded):
            assert outcome.settled is not None
            assert outcome.settled >= arrival.at + arrival.patience
        elif isinstance(result, ClientGone):
            assert arrival.leaves < 1e9
        elif isinstance(result, InvalidRequest):
            assert poisoned(outcome), "a neighbour's fault"
        elif not isinstance(result, Overloaded):
            assert got_its_own(outcome)
            assert outcome.settled is not None
            assert outcome.settled <= arrival.at + arrival.patience, "answered after its deadline"


@given(WORLDS, histories())
def test_who_left_or_gave_up_before_the_run_never_reaches_the_engine(
    world: World, history: list[Arrival]
) -> None:
    """Work for nobody delays everybody."""
    for outcome in world.play(history):
        arrival = outcome.arrival
        mine = set(arrival.values) - {POISON}
        ends = arrival.at + min(arrival.leaves, arrival.patience)
        begun = [run.at for run in world.started if mine & set(run.values)]
        assert outcome.at_once or all(at < ends for at in begun)


@given(WORLDS, histories())
def test_shared_runs_are_of_one_kind_and_no_larger_than_allowed(world: World, history: list[Arrival]) -> None:
    """The limit is what memory was planned for; a request above it runs alone."""
    world.play(history)

    outputs = {value: arrival.outputs for arrival in history for value in arrival.values if value != POISON}
    sizes = Counter(len(arrival.values) for arrival in history)
    for run in world.started:
        assert len(run.values) <= MAX_ROWS or sizes[len(run.values)]
        assert {outputs[value] for value in run.values if value != POISON} <= {tuple(run.outputs)}


@given(st.integers(1, 3), st.lists(st.sampled_from([0.0, 0.4, 1.2, 2.0]), min_size=1, max_size=12))
def test_requests_of_one_kind_start_in_the_order_they_came(threads: int, moments: list[float]) -> None:
    """Nobody is overtaken for ever."""
    world = World(threads=threads, max_queue=100, small=0, max_rows=MAX_ROWS)

    world.play([Arrival(at, [float(number)]) for number, at in enumerate(sorted(moments))])

    assert [value for run in world.started for value in run.values] == [*map(float, range(len(moments)))]


def test_who_waits_for_a_busy_thread_shares_its_next_run() -> None:
    """Throughput under load is what sharing is for."""
    world = World(threads=1, max_queue=100, small=0, max_rows=MAX_ROWS)

    world.play([Arrival(0.0, [1.0]), *(Arrival(0.5, [float(number)]) for number in range(2, 10))])

    assert [run.values for run in world.started] == [[1], [2, 3, 4, 5, 6, 7], [8, 9]]
    assert world.started[1].at == FIXED_SECONDS + ROW_SECONDS


def test_several_threads_share_what_waits_instead_of_one_taking_it_all() -> None:
    """Idle cores beside one long run would make everybody wait for it."""
    world = World(threads=2, max_queue=100, small=0, max_rows=MAX_ROWS)

    world.play([Arrival(0.0, [float(number)]) for number in range(6)])

    assert [len(run.values) for run in world.started] == [1, 1, 2, 1, 1]


def test_a_full_queue_refuses_and_the_rest_is_served() -> None:
    """Refused at once, or answered: nothing between."""
    world = World(threads=1, max_queue=3, small=0, max_rows=MAX_ROWS)

    outcomes = world.play([Arrival(0.0, [float(number)]) for number in range(6)])

    assert [refused(outcome) for outcome in outcomes] == [False] * 4 + [True] * 2
    assert {outcome.settled for outcome in outcomes if refused(outcome)} == {0.0}


def test_who_is_passed_over_keeps_its_place() -> None:
    """A request of another kind must not lose its turn to later ones."""
    world = World(threads=1, max_queue=100, small=0, max_rows=MAX_ROWS)
    kinds = [("doubled",), ("a",), ("doubled",), ("b",), ("a",)]

    world.play([Arrival(0.0, [9.0]), *(Arrival(0.5, [float(at)], kind) for at, kind in enumerate(kinds))])

    assert [run.values for run in world.started] == [[9], [0, 2], [1, 4], [3]]


def test_a_shared_run_that_loses_rows_is_not_trusted() -> None:
    """Some model may drop rows that it likes others of; nobody may get a neighbour's."""
    world = World(threads=1, max_queue=100, small=0, max_rows=MAX_ROWS)
    whole = Doubler.run
    world.double = lambda inputs, outputs: whole(world, {"x": inputs["x"][:2]}, outputs)

    outcomes = world.play([Arrival(0.0, [9.0]), *(Arrival(0.5, [float(number)]) for number in range(3))])

    assert all(map(got_its_own, outcomes))
    assert [len(run.values) for run in world.started] == [1, 3, 1, 1, 1]


def test_gathering_ends_when_nobody_else_comes_any_more() -> None:
    """After a busy time, a lone request must not wait for the end of its turn for ever."""
    world = World(threads=1, max_queue=100, small=100, max_rows=MAX_ROWS)
    busy = [Arrival(0.0, [1.0])] * 4
    lonely = [Arrival(100.0 * number, [1.0]) for number in range(1, 40)]

    outcomes = world.play([*busy, *lonely])

    assert [outcome.at_once for outcome in outcomes[:5]] == [True, False, False, False, False]
    assert all(outcome.at_once for outcome in outcomes[-10:])
