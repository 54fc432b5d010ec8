"""Log lines: JSON for machines, text for people.

One line per record, on standard error. kopf's own chatter about each object is kept down; what it
warns of comes through, save its last words: what ended it is reported by who starts it again.
Control characters in a message cannot begin a line of their own: names and messages in it may be a
user's.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson


class JsonLines(logging.Formatter):
    """`{"time", "level", "logger", "message"[, "exception"]}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object, ending without a newline."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS).decode()


class Text(logging.Formatter):
    """`time level logger: message`, with a traceback below it if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the base class's name
        """The line without its traceback, control characters escaped."""
        record.message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in record.message)
        return super().formatMessage(record)


def set_up(style: str, level: str, stream: TextIO | None = None) -> None:
    """`style` is `json` or `text`; replaces whatever logging was set up before."""
    root = logging.getLogger()
    sink = logging.StreamHandler(stream or sys.stderr)
    sink.setFormatter(JsonLines() if style == "json" else Text())
    root.handlers[:] = [sink]
    root.setLevel(level.upper())
    logging.getLogger("kopf").setLevel(max(logging.WARNING, root.level))
    logging.getLogger("kopf._core.reactor").setLevel(logging.CRITICAL)
    for noisy in ("asyncio", "aiohttp", "kubernetes"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
