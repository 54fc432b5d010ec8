"""The Helm chart, rendered by the Helm that the project builds."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crd_schema import ROOT

CHART = ROOT / "charts" / "slipway"
NAMESPACE = "slipway-system"
BUILD_SECONDS = 1800
"""Long, because the first time Helm is compiled."""


@dataclass(frozen=True)
class Chart:
    """The chart and the `helm` to work on it with."""

    helm: Path

    def run(
        self, *words: str | Path, values: dict[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Any Helm command; `values` are there as the file `-`."""
        text = json.dumps(values or {})
        return subprocess.run(
            [self.helm, *words], input=text, check=False, capture_output=True, text=True, timeout=60
        )

    def text(self, values: dict[str, Any], release: str = "slipway") -> str:
        """What `helm template` prints; a chart that it refuses is an error."""
        done = self.run("template", release, CHART, f"--namespace={NAMESPACE}", "--values=-", values=values)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self, release: str = "slipway", **values: Any) -> list[dict[str, Any]]:
        """The objects of a release with these values."""
        return [each for each in yaml.safe_load_all(self.text(values, release)) if each]


def built_chart() -> Chart:
    """The chart with the project's own Helm, which is built now if it is not there."""
    command = [str(ROOT / "hack" / "cluster" / "cluster"), "build"]
    built = subprocess.run(command, check=True, capture_output=True, text=True, timeout=BUILD_SECONDS)
    (program,) = (path for line in built.stdout.split() if (path := Path(line) / "helm").exists())
    return Chart(program)


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The one object of this kind."""
    (found,) = (each for each in objects if each["kind"] == kind)
    return found
