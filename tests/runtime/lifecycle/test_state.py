"""The state of the model and its one writer."""

from __future__ import annotations

import pytest

from slipway_runtime.lifecycle.state import Lifecycle, ModelState

GOOD = [ModelState.PULLING, ModelState.LOADING, ModelState.READY, ModelState.DRAINING, ModelState.STOPPED]


def test_a_model_that_all_goes_well_with_is_serving_from_ready_to_the_end_of_the_drain() -> None:
    """A draining server stays ready: what rolls it out relies on its last answers."""
    lifecycle = Lifecycle()
    serving = [lifecycle.serving]

    for state in GOOD:
        lifecycle.advance(state)
        serving.append(lifecycle.serving)

    assert serving == [False, False, False, True, True, False]


@pytest.mark.parametrize("reached", range(4))
@pytest.mark.parametrize("end", [ModelState.FAILED, ModelState.STOPPED])
def test_a_model_may_fail_or_be_stopped_at_any_time(reached: int, end: ModelState) -> None:
    """Signals and broken files come when they like."""
    lifecycle = Lifecycle()
    for state in GOOD[:reached]:
        lifecycle.advance(state)

    lifecycle.advance(end)

    assert not lifecycle.serving


@pytest.mark.parametrize(
    "path",
    [
        [ModelState.READY],
        [ModelState.LOADING, ModelState.PULLING],
        [ModelState.FAILED, ModelState.LOADING],
        [ModelState.LOADING, ModelState.READY, ModelState.READY],
    ],
)
def test_there_is_no_way_round_the_warm_up_or_back_from_the_end(path: list[ModelState]) -> None:
    """Ready before loaded would send the first clients to a model that is not there."""
    lifecycle = Lifecycle()
    for state in path[:-1]:
        lifecycle.advance(state)

    with pytest.raises(RuntimeError, match="no way"):
        lifecycle.advance(path[-1])
