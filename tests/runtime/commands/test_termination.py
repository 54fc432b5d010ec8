"""Termination messages: how a container tells the operator why it ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.commands.termination import MAX_BYTES, termination_message, write_termination_message
from slipway_runtime.errors import Reason

FACTS: dict[str, object] = {"digest": "sha256:" + "0" * 64, "sizeBytes": 2**50, "seconds": 12345.678}


@given(st.sampled_from(list(Reason)), st.text(max_size=5000), st.sampled_from([{}, FACTS]))
def test_a_message_is_always_one_short_ascii_object(
    reason: Reason, text: str, facts: dict[str, object]
) -> None:
    """The kubelet keeps the tail of what is longer, and half a JSON object says nothing."""
    written = termination_message(reason, text, facts)
    assert len(written) <= MAX_BYTES
    read = json.loads(written.decode("ascii"))
    assert read["reason"] == str(reason)
    assert {name: read[name] for name in facts} == facts


def test_a_message_that_fits_stays_whole() -> None:
    """Nothing is cut without need."""
    text = "no such file 's3://models/é'"
    assert json.loads(termination_message(Reason.NOT_FOUND, text))["message"] == text


@pytest.mark.parametrize("character", ["a", "é", "\x00", "\N{GRINNING FACE}"])
def test_a_long_message_keeps_its_beginning(character: str) -> None:
    """The cause comes first; an escaped character takes up to twelve bytes."""
    text = "the cause: " + character * 10_000
    shown = json.loads(termination_message(Reason.NOT_FOUND, text, FACTS))["message"]
    assert shown.startswith("the cause: " + character)
    assert shown.endswith("...")
    assert len(termination_message(Reason.NOT_FOUND, text, FACTS)) > MAX_BYTES * 0.9


def test_a_message_is_written_where_the_kubelet_reads_it(tmp_path: Path) -> None:
    """The file exists already, and is a mount of its own: it is written into, not replaced."""
    path = tmp_path / "termination-log"
    path.write_text("junk of an earlier life, longer than what follows" * 100)
    before = path.stat().st_ino
    write_termination_message(path, Reason.TIMEOUT, "late")
    assert json.loads(path.read_bytes()) == {"reason": "Timeout", "message": "late"}
    assert path.stat().st_ino == before


def test_without_a_path_nothing_is_written() -> None:
    """Outside a container there is nobody to read it."""
    write_termination_message(None, Reason.TIMEOUT, "late")


def test_a_path_that_cannot_be_written_costs_only_a_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The exit code still tells."""
    write_termination_message(tmp_path / "no" / "such" / "folder", Reason.TIMEOUT, "late")
    assert "cannot write the termination message" in caplog.text
