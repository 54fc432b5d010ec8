from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crd_schema import ROOT
from imagebuild.inputs import IMAGES

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def lines(image: str) -> list[str]:
    """The pins of an image without comments."""
    text = (ROOT / image / "requirements.txt").read_text()
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


def pins(image: str) -> dict[str, set[str]]:
    """Pinned versions by name; a name may have one per Python release."""
    found: dict[str, set[str]] = {}
    for line in lines(image):
        if pin := PIN.match(line):
            found.setdefault(pin["name"], set()).add(pin["version"])
    return found


def declared(image: str) -> dict[str, Requirement]:
    """What pyproject.toml says the image's package needs."""
    wanted = map(Requirement, PROJECT["optional-dependencies"][image])
    return {canonicalize_name(each.name): each for each in wanted}


def imported(image: str) -> set[str]:
    """Top-level names that the image's package imports from elsewhere, also inside functions."""
    found: set[str] = set()
    for path in (ROOT / image / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {f"slipway_{image}"}


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest) -> str:
    """Each image in turn."""
    return str(request.param)


def test_every_package_is_pinned_with_its_hashes(image: str) -> None:
    """An image that is built tomorrow has to have the bytes that were tested today."""
    assert len(pins(image)) > 10
    for before, line in zip(["", *lines(image)], lines(image), strict=False):
        assert PIN.match(line) or HASH.match(line), line
        assert not PIN.match(before) or HASH.match(line), f"no hash after: {before}"


def test_no_address_is_written_down(image: str) -> None:
    """Where somebody's machine finds packages is nobody else's business, and may hold a password."""
    text = (ROOT / image / "requirements.txt").read_text()
    assert not re.search(r"://|--index-url|--extra-index-url|--find-links|--trusted-host|/(root|home)/", text)


def test_the_pins_are_what_the_project_asks_for(image: str) -> None:
    """A dependency that was added and not pinned is missing in the image only."""
    for name, requirement in declared(image).items():
        assert name in pins(image), f"{name}: run hack/requirements"
        for version in pins(image)[name]:
            assert requirement.specifier.contains(version), f"{requirement}: run hack/requirements"


def test_every_import_is_declared(image: str) -> None:
    """On a developer's machine some other package brings it along; in the image nothing does."""
    providers = packages_distributions()
    for module in imported(image):
        assert module in providers, f"{module} is not even installed here"
        names = {canonicalize_name(each) for each in providers[module]}
        assert names & set(declared(image)), f"{module}: add {' or '.join(names)} to the extra {image!r}"


def test_neither_image_carries_the_others_weight() -> None:
    """An operator with ONNX Runtime in it is three times the size and twice the attack surface."""
    assert not {"onnxruntime", "numpy", "fastapi", "uvicorn"} & set(pins("operator"))
    assert not {"kopf", "kubernetes"} & set(pins("runtime"))


def test_pins_are_made_for_the_oldest_python_that_is_supported() -> None:
    """The base image of a machine without a registry has that one."""
    script = Path(ROOT / "hack" / "requirements").read_text()
    assert "--universal" in script
    assert "requires-python" in script
    assert PROJECT["requires-python"] == ">=3.11"
