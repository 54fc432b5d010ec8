"""A model that cannot come up says why, soon, where people look first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from figures import Figures
from live_kube import condition
from live_model import WRONG_DIGEST, LiveModel
from live_paths import Json, Ref
from live_world import World
from slipway_demo.store import SECRET

REASON_WITHIN = 10.0

MISSING = "s3://models/nowhere/1"
BROKEN = "s3://models/broken/1"


@pytest.fixture(scope="module")
def broken_model(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that is called model.onnx and is none."""
    file = tmp_path_factory.mktemp("broken") / "model.onnx"
    file.write_bytes(b"this is not a model\n" * 100)
    world.cluster.put(file, f"{BROKEN}/model.onnx")


def _stalled_for(reason: str) -> Callable[[Json], bool]:
    def holds(obj: Json) -> bool:
        ready, stalled = condition(obj, "Ready"), condition(obj, "Stalled")
        return ready.get("reason") == reason and stalled.get("status") == "True"

    return holds


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is wrong, and what people are told: the reason, and a word of its message."""

    name: str
    uri: str = ""
    graph: Mapping[str, Any] = field(default_factory=dict)
    reason: str = "ModelPullFailed"
    word: str


CASES = [
    Case(name="no such key", uri=MISSING, word="nowhere/1"),
    Case(name="not a model", uri=BROKEN, reason="ModelLoadFailed", word="model.onnx"),
    Case(name="wrong digest", graph={"modelDigest": WRONG_DIGEST}, word=WRONG_DIGEST),
    Case(name="wrong credentials", graph={"envSecretRefName": "wrong-credentials"}, word="AccessDenied"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.usefixtures("broken_model")
def test_the_reason_is_in_kubectl_get_within_ten_seconds(
    world: World, namespace: str, figures: Figures, case: Case
) -> None:
    """Nobody should have to read a pod's logs to learn that a key is missing or a digest wrong."""
    _wrong_credentials(world, namespace)
    model = LiveModel(world, namespace)
    begin = time.monotonic()
    model.apply(case.uri or world.uris[0], predictor={"graph": case.graph})
    stalled = model.until(f"{case.reason}, stalled", _stalled_for(case.reason), seconds=REASON_WITHIN)
    figures.record(f"reason shown: {case.name}", time.monotonic() - begin, "s", f"≤ {REASON_WITHIN:g}")
    row = model.row()
    assert (row["READY"], row["REASON"]) == ("False", case.reason)
    assert case.word in condition(stalled, "Ready")["message"]
    assert "wrong-secret-key" not in str(stalled["status"]), "no secret in a status"


def _wrong_credentials(world: World, namespace: str) -> None:
    secret = world.kube.require(Ref("Secret", namespace, SECRET))
    world.kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": namespace, "name": "wrong-credentials"},
            "data": secret["data"],
            "stringData": {"AWS_SECRET_ACCESS_KEY": "wrong-secret-key"},
        }
    )


def test_a_bad_update_leaves_the_good_revision_serving_and_mending_it_is_enough(
    world: World, namespace: str
) -> None:
    """A wrong digest in an update costs nobody an answer, and the right one cures it without a hand."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0])
    model.until_ready()
    model.apply(world.files[1], predictor={"graph": {"modelDigest": WRONG_DIGEST}})
    stalled = model.until("Stalled", _stalled_for("ModelPullFailed"))
    assert condition(stalled, "Available")["status"] == "True"
    model.ask(world.models[0])
    model.apply(world.files[1], predictor={"graph": {"modelDigest": world.models[1].digest}})
    mended = model.until_ready()
    assert not condition(mended, "Stalled")
    model.ask(world.models[1])


def test_a_preview_whose_image_does_not_exist_is_told_and_gives_way_to_the_next_update(
    world: World, namespace: str
) -> None:
    """A typo in an image costs nobody an answer, and leaves nothing behind that blocks its correction."""
    blue_green = {"strategy": {"type": "BlueGreen", "blueGreen": {"scaleDownDelaySeconds": 0}}}
    model = LiveModel(world, namespace)
    model.apply(world.uris[0], **blue_green)
    model.until_ready()
    model.apply(world.uris[1], predictor={"runtimeImage": "localhost/no-such-image:1"}, **blue_green)
    told = model.until(
        "ImagePullFailed", lambda obj: condition(obj, "Ready").get("reason") == "ImagePullFailed"
    )
    assert condition(told, "Available")["status"] == "True"
    model.ask(world.models[0])
    model.apply(world.uris[1], **blue_green)
    model.until_ready()
    model.ask(world.models[1])


def test_a_name_that_somebody_else_has_is_left_alone(world: World, namespace: str) -> None:
    """Slipway takes nothing that it did not make; it says so, and goes on once the name is free."""
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": "iris", "labels": {"app": "somebody-elses"}},
        "spec": {"selector": {"app": "somebody-elses"}, "ports": [{"port": 80}]},
    }
    before = world.kube.apply(foreign)
    model = LiveModel(world, namespace)
    model.apply(world.uris[0])
    refused = model.until(
        "NameConflict", lambda one: condition(one, "Ready").get("reason") == "NameConflict", seconds=30
    )
    assert "Service" in condition(refused, "Ready")["message"]
    ref = Ref("Service", namespace, "iris")
    assert world.kube.require(ref) == before
    world.kube.delete(ref)
    model.until_ready()
    model.ask(world.models[0])
