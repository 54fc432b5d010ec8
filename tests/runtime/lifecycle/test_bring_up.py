"""From a folder or URI to a warm engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onnx_models import linear, save
from slipway_runtime.errors import Failure, Reason
from slipway_runtime.lifecycle.bring_up import Plan, bring_up
from slipway_runtime.lifecycle.state import Lifecycle, ModelState
from slipway_runtime.storage.localize import PARTIAL
from slipway_runtime.storage.pull import Limits, Puller
from slipway_runtime.telemetry.metrics import Metrics

PULLER = Puller(Limits(10**6, 10, 0), {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a model."""
    save(linear(), tmp_path / "here" / "model.onnx")
    return tmp_path / "here"


def test_a_model_on_disk_is_loaded_and_warm(folder: Path) -> None:
    """Ready means that the first request is as fast as the others."""
    lifecycle, metrics = Lifecycle(), Metrics()

    engine, warmed = bring_up(Plan(folder, "AUTO"), lifecycle, PULLER, metrics)

    assert warmed.ran
    assert warmed.inline_elements > 0
    assert lifecycle.state is ModelState.LOADING
    assert metrics.load_seconds > 0
    assert metrics.facts == {"platform": engine.signature.platform}


def test_a_uri_is_pulled_first_and_its_digest_told(folder: Path, tmp_path: Path) -> None:
    """The server also runs without an init container, and says the same about its model."""
    metrics = Metrics()
    plan = Plan(tmp_path / "there", "AUTO", f"file:{folder}")

    bring_up(plan, Lifecycle(), PULLER, metrics)

    assert metrics.facts["digest"].startswith("sha256:")
    assert (tmp_path / "there" / "model.onnx").exists()


def test_what_the_puller_left_is_told_by_the_server(folder: Path, tmp_path: Path) -> None:
    """In a pod the pull happened in another container; its metrics are scraped here."""
    dest = tmp_path / "mounted"
    artifact = PULLER.pull(f"file:{folder}", dest)
    metrics = Metrics()

    bring_up(Plan(dest, "AUTO"), Lifecycle(), PULLER, metrics)

    assert (metrics.facts["digest"], metrics.pull_seconds) == (artifact.digest, artifact.seconds)
    assert json.loads((dest / ".slipway-artifact.json").read_text())["single"] is False


def test_half_a_model_is_not_served(folder: Path) -> None:
    """A pull that was cut off may have left one file of two, and that one loads."""
    (folder / PARTIAL).mkdir()

    with pytest.raises(Failure) as caught:
        bring_up(Plan(folder, "AUTO"), Lifecycle(), PULLER, Metrics())

    assert caught.value.reason is Reason.NOT_FOUND
    assert "pull again" in caught.value.message
