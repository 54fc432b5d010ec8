"""A short run of every fuzz target, always the same one: what longer runs find comes back as a seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris has wheels for x86-64 only")

HERE = Path(__file__).parent
TARGETS = sorted(folder.name for folder in (HERE / "seeds").iterdir())
RUNS = 20_000


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_that_a_stranger_sends_breaks_the_parser(target: str, tmp_path: Path) -> None:
    """Thousands of inputs made from the seeds, each chosen because it reached new code."""
    command = [sys.executable, str(HERE / f"{target}.py"), f"-runs={RUNS}", "-seed=1", "-max_total_time=120"]

    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
    )

    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {RUNS} runs" in done.stderr
