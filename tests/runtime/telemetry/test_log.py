"""Log lines: one JSON object each."""

from __future__ import annotations

import json
import logging

from slipway_runtime.telemetry.log import JsonLine, TextLine


def record(message: str, *, error: bool = False, **facts: object) -> logging.LogRecord:
    """A record as the logging module makes it."""
    made = logging.LogRecord("slipway_runtime.x", logging.INFO, __file__, 1, message, (), None)
    made.__dict__.update(facts)
    if error:
        made.exc_info = (ValueError, ValueError("broken\nin two"), None)
    return made


def test_a_line_has_time_level_message_and_facts() -> None:
    """Log stores index fields, not sentences."""
    line = json.loads(JsonLine().format(record("pulled", sizeBytes=7, uri="s3://b/k")))

    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "message": "pulled", "sizeBytes": 7, "uri": "s3://b/k"}


def test_a_line_stays_one_line_whatever_it_holds() -> None:
    """A client that writes a newline into a path must not be able to write log lines."""
    text = JsonLine().format(record("x", error=True, path='/a\r\n{"level":"error"}\x1b[31m\u2028'))

    assert text.isascii()
    assert text.isprintable()
    assert "broken" in json.loads(text)["error"]


def test_facts_that_are_no_json_are_written_as_text() -> None:
    """A log line must never be what fails."""
    assert json.loads(JsonLine().format(record("x", odd={1j}))) is not None


def test_a_person_at_a_terminal_gets_text() -> None:
    """JSON is for machines."""
    assert TextLine().format(record("ready", model="iris")).endswith("info    ready model=iris")
