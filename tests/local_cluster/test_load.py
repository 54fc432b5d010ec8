"""Where an image comes from."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from localcluster import load
from localcluster.errors import ClusterError

Machine = Callable[..., Callable[[str], str | None]]
TOOL = """#!/bin/sh
case "$*" in *inspect*known*) exit 0;; *inspect*) exit 1;; esac
for last; do :; done
case $1 in push) f=${last#docker-archive:}; f=${f%%:*};; save) f=$3;; esac
echo "$0 $last" > "$f"
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes a machine on which some tools are installed; what it returns finds those and no others."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def with_tools(*tools: str) -> Callable[[str], str | None]:
        for tool in tools:
            (tmp_path / tool).write_text(TOOL)
            (tmp_path / tool).chmod(0o755)
        return lambda program: program if program in tools else None

    return with_tools


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    """Also when it is called like an image."""
    (tmp_path / "image.tar").touch()
    with load.archive(str(tmp_path / "image.tar")) as file:
        assert file == tmp_path / "image.tar"


@pytest.mark.parametrize("tool", ["buildah", "docker"])
def test_a_name_is_saved_by_the_tool_that_has_it(tool: str, machine: Machine) -> None:
    """The user built it with one of them and does not want to know about archives."""
    with load.archive("known:dev", machine(tool)) as file:
        assert f"/{tool} " in file.read_text()
    assert not file.exists()


def test_a_name_nobody_has_says_who_was_asked(machine: Machine) -> None:
    """A typing error in an image's name is the usual case."""
    expected = pytest.raises(ClusterError, match=r"'other:dev' is no file.*asked: buildah, docker")
    with expected, load.archive("other:dev", machine("buildah", "docker")):
        pass


def test_a_machine_without_any_tool_is_told_so(machine: Machine) -> None:
    """Then only a file can help."""
    expected = pytest.raises(ClusterError, match="neither buildah nor podman nor docker")
    with expected, load.archive("x", machine()):
        pass
