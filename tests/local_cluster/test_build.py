"""Builds are made once, whole or not at all; a `go` of the test's own stands in for the compiler."""

import io
import os
from pathlib import Path

import pytest

from localcluster.build import Builder
from localcluster.errors import ClusterError
from localcluster.modules import KIND
from localcluster.waiting import Progress

GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
echo built >> "$COUNT"
while [ "$1" != -o ]; do shift; done
printf program > "$2/kind"
echo "sigs.k8s.io/kind" >&2
exit ${STATUS:-0}
"""


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """A builder whose compiler is a script that counts its calls."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text(GO)
    (tools / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    return Builder(tmp_path / "bin", Progress(io.StringIO()))


def _builds(tmp_path: Path) -> int:
    count = tmp_path / "count"
    return len(count.read_text().splitlines()) if count.exists() else 0


def test_what_is_built_is_not_built_again(builder: Builder, tmp_path: Path) -> None:
    """The second `up` takes seconds, not minutes."""
    first, second = builder.build([KIND]), builder.build([KIND])
    assert first == second
    assert (first["kind"] / "kind").read_text() == "program"
    assert _builds(tmp_path) == 1


def test_a_build_that_failed_leaves_nothing_that_counts(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a set of programs would make a cluster that fails in odd ways."""
    monkeypatch.setenv("STATUS", "2")
    with pytest.raises(ClusterError, match=r"building kind failed .*status 2\):\nsigs.k8s.io/kind"):
        builder.build([KIND])
    monkeypatch.delenv("STATUS")
    assert (builder.build([KIND])["kind"] / "kind").exists()
    assert _builds(tmp_path) == 2


def test_what_a_killed_build_left_is_swept_away(builder: Builder, tmp_path: Path) -> None:
    """A machine that lost power in the middle of a build heals by itself."""
    folder = builder.build([KIND])["kind"]
    draft = folder.with_name(f".{folder.name}.draft")
    folder.rename(draft)
    (draft / "half").touch()
    again = builder.build([KIND])["kind"]
    assert again == folder
    assert not (again / "half").exists()
    assert not draft.exists()
    assert _builds(tmp_path) == 2
