from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from crd_schema import ROOT

ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"
HEADING = "Where do I change X"
CODE = re.compile(r"`([^`]+)`")


def change_table() -> list[tuple[str, str]]:
    """What one wants to do, and each backticked path that the table sends one to."""
    text = ARCHITECTURE.read_text()
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (table,) = [part for part in section if part.lower().startswith(HEADING.lower())]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")][2:]
    return [(row[0].strip(), path) for row in rows for path in CODE.findall(row[1]) if "/" in path]


@pytest.mark.parametrize(("wish", "path"), change_table(), ids=lambda value: str(value).replace("/", "."))
def test_the_table_of_changes_sends_nobody_into_the_void(wish: str, path: str) -> None:
    """A newcomer looks there first."""
    assert (ROOT / path).exists(), f"{wish}: {path}"


def test_the_table_of_changes_is_there() -> None:
    """An empty table would pass every check of its paths."""
    assert len(change_table()) >= 10


def test_the_operators_folder_is_no_package() -> None:
    """A package called `operator` would shadow the standard library's module for every program."""
    assert not (ROOT / "operator" / "__init__.py").exists()
    found = subprocess.run(
        [sys.executable, "-c", "import operator; print(operator.__file__)"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not found.stdout.startswith(str(ROOT))


def test_tests_are_no_packages() -> None:
    """With packages, tests/operator would be importable as `operator` from tests/."""
    assert sorted((ROOT / "tests").rglob("__init__.py")) == []


def test_imports_go_down_only() -> None:
    """The layers of docs/ARCHITECTURE.md are what makes a change stay where it is made."""
    contracts = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert contracts.returncode == 0, contracts.stdout
