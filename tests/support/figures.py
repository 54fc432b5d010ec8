"""Measured figures, kept where a reader and `hack/figures` find them: reports/figures.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Figures:
    """Adds to what earlier runs measured, one entry a figure."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def record(self, name: str, value: float, unit: str, bar: str) -> None:
        """Keeps a measured value; `bar` says what it should be, for people."""
        figures: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}
        figures[name] = {"value": round(value, 2), "unit": unit, "bar": bar}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(figures, indent=1) + "\n")
