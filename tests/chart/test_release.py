from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

from chart import CHART
from crd_schema import ROOT

SKAFFOLD: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def test_the_chart_bears_the_version_of_the_program() -> None:
    """The chart asks for images of its appVersion; images bear the version of the project."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert chart["version"] == chart["appVersion"] == project["version"]


def test_skaffold_builds_from_files_that_are_there() -> None:
    """Nothing else here runs Skaffold, so a moved Dockerfile would go unnoticed."""
    for artifact in SKAFFOLD["build"]["artifacts"]:
        assert (ROOT / artifact["context"] / artifact["docker"]["dockerfile"]).is_file()
    (release,) = SKAFFOLD["deploy"]["helm"]["releases"]
    assert (ROOT / release["chartPath"]).resolve() == CHART


def test_skaffold_gives_the_chart_the_images_it_built() -> None:
    """A value that the chart does not know is refused; one that names no artifact is empty."""
    built = {re.sub(r"[^a-zA-Z0-9]", "_", each["image"]) for each in SKAFFOLD["build"]["artifacts"]}
    (release,) = SKAFFOLD["deploy"]["helm"]["releases"]
    templates: dict[str, str] = release["setValueTemplates"]
    for path, template in templates.items():
        folder, name = path.split(".")
        assert name in VALUES[folder], path
        used = re.fullmatch(r"\{\{\.IMAGE_(REPO|TAG)_(\w+)\}\}", template)
        assert used, template
        assert used[2] in built, template
    assert {template.rsplit("_", 1)[-1] for template in templates.values()} == {"operator}}", "runtime}}"}


def test_the_chart_names_the_images_that_the_project_builds() -> None:
    """Without any value set, the chart has to work with what `make images` made."""
    names = {each["image"] for each in SKAFFOLD["build"]["artifacts"]}
    assert {VALUES["image"]["repository"], VALUES["runtimeImage"]["repository"]} == names
