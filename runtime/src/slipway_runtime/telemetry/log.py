"""Log lines: one JSON object each, on standard error; on a terminal the same facts as plain text.

Facts travel in `extra`, never inside the message, so that a line can be searched by field. What may hold a
secret was redacted where it was made.
"""

from __future__ import annotations

import json
import logging
import sys
import time

_ORDINARY = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(level: int = logging.INFO) -> None:
    """Send this program's log lines to standard error; libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLine() if sys.stderr.isatty() else JsonLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("slipway_runtime").setLevel(level)


class JsonLine(logging.Formatter):
    """One JSON object a line: time, level, message, the facts, error. Control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        line: dict[str, object] = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextLine(logging.Formatter):
    """Time, level, message and `fact=value`, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of text, and the traceback if there is one."""
        facts = " ".join(f"{name}={value!s}" for name, value in _facts(record).items())
        text = (
            f"{_timestamp(record.created)[11:19]} {record.levelname.lower():7} {record.getMessage()} {facts}"
        )
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text.rstrip()


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _ORDINARY}


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
