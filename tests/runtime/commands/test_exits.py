"""Exit codes: one for each reason, documented where people look."""

from __future__ import annotations

import pytest

from slipway_runtime.cli import build_parser
from slipway_runtime.commands.exits import EXIT_CODES, exit_codes_text
from slipway_runtime.errors import Reason

DONE = {Reason.PULLED, Reason.CONVERTED}
TRYING_AGAIN_MAY_HELP = {Reason.TIMEOUT, Reason.UNREACHABLE, Reason.NO_SPACE}


def test_every_reason_has_a_code_of_its_own() -> None:
    """A script tells them apart without reading the message."""
    assert set(EXIT_CODES) == set(Reason)
    assert {reason for reason in Reason if EXIT_CODES[reason] == 0} == DONE
    assert len(set(EXIT_CODES.values())) == len(set(Reason) - DONE) + 1


def test_no_code_is_one_that_shells_and_signals_use() -> None:
    """1 is a bug, 126 and above are the shell's."""
    assert all(code in (0, 2) or 3 <= code < 64 for code in EXIT_CODES.values())


@pytest.mark.parametrize("reason", sorted(set(Reason) - DONE))
def test_the_code_says_whether_trying_again_may_help(reason: Reason) -> None:
    """As the table promises: from 20 on it may."""
    assert (EXIT_CODES[reason] >= 20) == (reason in TRYING_AGAIN_MAY_HELP)


def test_help_names_every_code() -> None:
    """Documentation made from the table itself cannot be out of date."""
    text = build_parser().format_help()
    assert exit_codes_text() in text
    for reason in set(Reason) - DONE:
        assert f"{EXIT_CODES[reason]:>2}  {reason}" in text
