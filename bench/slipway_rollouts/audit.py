"""Who wrote how often, from the API server's audit log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
UNCOUNTED = frozenset({"leases"})
"""Written by the clock, not by the work."""


class AuditLog:
    """Reads on from where it stopped; `writes` is by user and then by verb and resource."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.writes: dict[str, Counter[str]] = {}

    def skip(self) -> None:
        """Forgets what was counted, and leaves out all there is now."""
        self._offset = self._path.stat().st_size
        self.writes = {}

    def read(self) -> None:
        """Counts what was added since."""
        with self._path.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if not line.endswith(b"\n"):  # still being written
                    break
                self._offset += len(line)
                self._count(line)

    def by(self, user: str) -> int:
        """How many writes of one user were counted."""
        return sum(self.writes.get(user, Counter()).values())

    def _count(self, line: bytes) -> None:
        event = orjson.loads(line)
        target = event.get("objectRef") or {}
        if event["verb"] in WRITES and target.get("resource") not in UNCOUNTED:
            about = f"{event['verb']} {target.get('resource')}/{target.get('subresource', '')}".rstrip("/")
            self.writes.setdefault(event["user"]["username"], Counter())[about] += 1
