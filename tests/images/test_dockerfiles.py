from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from typing import NamedTuple

import pytest

from crd_schema import ROOT
from imagebuild.inputs import IMAGES, image, input_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FORBIDDEN = re.compile(r"\b(curl|wget|git clone|apt-get|pip install|sudo|chmod 777)\b|https?://")


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, continuation lines joined."""

    word: str
    rest: str


def instructions(name: str) -> list[Instruction]:
    """The instructions of an image's Dockerfile, in order."""
    text = (ROOT / name / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def rest_of(name: str, word: str) -> list[str]:
    """What follows each `word`."""
    return [each.rest for each in instructions(name) if each.word == word]


def copied(name: str) -> list[str]:
    """Every path of the tree that the Dockerfile copies."""
    return [
        source
        for rest in rest_of(name, "COPY")
        if not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


@pytest.fixture(params=IMAGES)
def name(request: pytest.FixtureRequest) -> str:
    """Each image in turn."""
    return str(request.param)


def test_the_image_runs_as_a_user_that_kubernetes_can_check(name: str) -> None:
    """`runAsNonRoot` cannot judge a user by name: the pod would not start."""
    (user,) = rest_of(name, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_every_stage_stands_on_the_one_base(name: str) -> None:
    """A stage on a base of its own needs a registry where the others do not."""
    assert rest_of(name, "ARG")[0].startswith("BASE_IMAGE=")
    assert {rest.split()[0] for rest in rest_of(name, "FROM")} == {"${BASE_IMAGE}"}


def test_the_default_base_names_no_registry(name: str) -> None:
    """Whoever mirrors images configures that in the engine, not in our files."""
    base = rest_of(name, "ARG")[0].removeprefix("BASE_IMAGE=")
    assert "/" not in base
    assert not base.endswith(":latest")
    assert ":" in base


def test_nothing_comes_into_the_image_unchecked(name: str) -> None:
    """What a build downloads by hand is neither pinned nor seen by any scanner."""
    assert not rest_of(name, "ADD")
    assert not [each for each in instructions(name) if FORBIDDEN.search(each.rest)]


def test_an_image_has_only_its_own_package(name: str) -> None:
    """The operator must not carry the runtime's code, nor the runtime the operator's rights."""
    (other,) = set(IMAGES) - {name}
    assert f"slipway_{other}" not in (ROOT / name / "Dockerfile").read_text()
    assert [path for path in copied(name) if path.startswith(f"{name}/src/")] == [
        f"{name}/src/slipway_{name}"
    ]


def test_the_image_starts_the_program_that_the_package_installs(name: str) -> None:
    """The pod's arguments begin with the command of exactly this program."""
    program = f"slipway-{name}"
    assert PROJECT["scripts"][program] == f"slipway_{name}.__main__:main"
    assert rest_of(name, "ENTRYPOINT") == [f'["{program}"]']
    assert any(f"slipway_{name} {program}" in rest for rest in rest_of(name, "RUN"))


def test_a_served_model_is_nobody_elses_business() -> None:
    """ONNX Runtime's wheel sends usage reports to its vendor by default, from Linux too."""
    assert "ORT_DISABLE_TELEMETRY=1" in " ".join(rest_of("runtime", "ENV")).split()


def test_a_user_without_a_name_has_one(name: str) -> None:
    """OpenShift chooses the user's number; libraries that ask for its name must not fail on that."""
    assert {"USER=slipway", "HOME=/tmp"} <= set(" ".join(rest_of(name, "ENV")).split())


def test_whatever_is_copied_counts_for_the_tag(name: str) -> None:
    """A file that changes an image and not its tag is never rolled out."""
    counted = {path.relative_to(ROOT).as_posix() for path in input_files(name)}
    for path in copied(name):
        assert any(each == path or each.startswith(f"{path}/") for each in counted), path
    assert image(name, "base").dockerfile in counted


def test_whatever_is_copied_reaches_the_build(name: str) -> None:
    """The list of what may reach a build is an allow-list; a forgotten entry fails only there."""
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for path in copied(name):
        assert any(fnmatch(path, pattern) for pattern in allowed), path


def test_nothing_reaches_a_build_unasked() -> None:
    """Credentials, caches and the .git folder stay out of every layer."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    wanted = {path for name in IMAGES for path in copied(name)}
    assert {line[1:] for line in lines if line.startswith("!")} == wanted
