"""The pull command, with a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pull_command import PullCommand


@pytest.fixture
def pull(tmp_path: Path) -> PullCommand:
    """Pulls into `tmp_path/dest`."""
    return PullCommand(tmp_path)
