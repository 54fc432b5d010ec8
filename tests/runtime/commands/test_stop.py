"""How a signal is understood."""

from __future__ import annotations

import pytest

from slipway_runtime.commands.stop import Stop

CASES: dict[str, tuple[list[str], tuple[bool, bool, bool]]] = {
    "one SIGTERM": (["term"], (True, False, False)),
    "a kubelet that repeats itself": (["term", "term", "term"], (True, False, False)),
    "SIGTERM twice at a terminal": (["term", "term at a terminal"], (True, True, False)),
    "Ctrl-C": (["int"], (True, True, False)),
    "SIGTERM, then Ctrl-C": (["term", "int"], (True, True, False)),
    "Ctrl-C twice": (["int", "int"], (True, True, True)),
}


@pytest.mark.parametrize(("signals", "expected"), CASES.values(), ids=CASES.keys())
async def test_who_sends_a_signal_decides_how_polite_the_end_is(
    signals: list[str], expected: tuple[bool, bool, bool]
) -> None:
    """A cluster wants every request finished; a person wants the prompt back."""
    stop = Stop()

    for each in signals:
        if each == "int":
            stop.interrupt()
        else:
            stop.terminate(each == "term at a terminal")

    assert (stop.asked.is_set(), stop.hurry.is_set(), stop.now.is_set()) == expected
