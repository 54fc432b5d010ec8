"""Programs that the demo runs are shown, read, and quoted when they fail."""

from __future__ import annotations

import io

import pytest

from slipway_demo.console import Console
from slipway_demo.shell import DemoError, Shell


def test_progress_is_shown_and_the_result_is_returned() -> None:
    """A long build must show that it is alive, and its result must not get lost among the lines."""
    out = io.StringIO()
    result = Shell(Console(out)).show("sh", "-c", "echo working >&2; echo result")
    assert result == "result\n"
    assert "working" in out.getvalue()
    assert "result" not in out.getvalue()


def test_a_failed_command_is_quoted_with_its_last_words() -> None:
    """Whoever reads the error can run the command again and knows what it said."""
    shell = Shell(Console(io.StringIO()))
    with pytest.raises(DemoError, match=r"`sh -c 'echo sorry >&2; exit 3'` ended with status 3:\nsorry"):
        shell.read("sh", "-c", "echo sorry >&2; exit 3")
    with pytest.raises(DemoError, match="ended with status 3"):
        shell.show("sh", "-c", "exit 3")


def test_a_missing_program_is_named() -> None:
    """A traceback about a file that is not there would help nobody."""
    with pytest.raises(DemoError, match="no-such-program is not there"):
        Shell(Console(io.StringIO())).read("no-such-program")


def test_lines_carry_the_elapsed_time() -> None:
    """A demo of ten minutes must say where it is."""
    out, now = io.StringIO(), [100.0]
    console = Console(out, clock=lambda: now[0])
    now[0] += 65
    console.step("begins")
    console.say("one\ntwo")
    assert out.getvalue() == "  1:05  begins\n        one\n        two\n"
