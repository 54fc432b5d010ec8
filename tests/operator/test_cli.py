from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from yarl import URL

from fake_clock import FakeClock, breathe
from fake_kube import FakeKube
from manifests import minimal
from slipway_operator.cli.commands import IMPOSSIBLE, OK, run_command
from slipway_operator.cli.crd import DISCOVERY, until_served
from slipway_operator.cli.run import Supervised
from slipway_operator.cli.watch import Pulse
from slipway_operator.kube import errors
from slipway_operator.kube.lease import LeaseLost
from world import World

SERVED = {"kind": "APIResourceList", "resources": [{"name": "modeldeployments"}]}
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts text into a file, and gives its path."""

    def to_file(text: str) -> str:
        path = tmp_path / "manifest.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return to_file


def test_render_prints_what_would_be_made(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A reviewer sees the pods of a manifest without a cluster."""
    file = write(yaml.safe_dump(minimal()))
    assert run_command(["render", file, "--runtime-image", "runtime:7"], {}) == OK
    objects = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [each["kind"] for each in objects] == ["ControllerRevision", "Deployment", "Service"]
    containers = objects[1]["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "runtime:7"


def test_render_takes_several_documents_and_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kustomize build | slipway-operator render -`."""
    wine = minimal() | {"metadata": {"name": "wine"}}
    text = yaml.safe_dump_all([minimal(), None, wine])
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert run_command(["render", "-"], {}) == OK
    names = {each["metadata"]["name"] for each in yaml.safe_load_all(capsys.readouterr().out)}
    assert {"iris", "wine"} <= names


def test_render_names_every_error_with_its_document_and_path(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """All at once, so that nobody plays ping-pong with a validator."""
    broken = minimal()
    broken["spec"]["replicas"] = -1
    broken["spec"]["predictors"][0]["graph"]["modelUri"] = "gopher://x"
    file = write(yaml.safe_dump_all([{"kind": "Service"}, broken]))
    assert run_command(["render", file], {}) == IMPOSSIBLE
    told = capsys.readouterr()
    assert told.out == ""
    assert "document 1: is 'Service'; only ModelDeployment can be rendered" in told.err
    assert "document 2: spec.replicas: " in told.err
    assert "document 2: spec.predictors[0].graph.modelUri: " in told.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "no valid YAML"),
        ("", "there is no ModelDeployment in the file"),
        ("- just\n- a list", "document 1: is 'list'"),
        ("x: " + "y" * 4_000_001, "split the file"),
        ("kind: ModelDeployment", "document 1: "),
        ("kind: ModelDeployment\nmetadata: 7", "document 1: "),
        ("&a [*a]", "document 1: is 'list'"),
        ("kind: ModelDeployment\nspec: &a {predictors: *a}", "document 1: "),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=[
        "broken",
        "empty",
        "list",
        "huge",
        "bare",
        "metadata is a number",
        "a loop",
        "a loop inside",
        "deep",
    ],
)
def test_render_survives_whatever_it_is_given(
    write: Write, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    """A readable line, never a traceback."""
    assert run_command(["render", write(text)], {}) == IMPOSSIBLE
    assert told in capsys.readouterr().err


def test_render_leaves_times_as_they_were_written(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """YAML would turn an unquoted restartAt into a time of its own, which JSON does not know."""
    text = yaml.safe_dump(minimal()).replace(
        "spec:\n", "spec:\n  rollout: {restartAt: 2026-01-01T00:00:00Z}\n", 1
    )
    assert run_command(["render", write(text)], {}) == OK
    assert "2026-01-01T00:00:00Z" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["render", "/does/not/exist"], "/does/not/exist"),
        (["run", "--workers", "0"], "--workers: 0 is outside 1 to 256"),
        (["run", "--kubeconfig", "/does/not/exist", "--port", "0"], "no such file: /does/not/exist"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """The first thing somebody sees of a program is how it fails."""
    assert run_command(words, {}) == IMPOSSIBLE
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


class Waiting:
    """A wait for the CRD on an API server that the test sets up."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.kube = FakeKube(World())
        self.stop = asyncio.Event()
        self.turns = 0
        self.task = asyncio.create_task(until_served(self.kube, self.clock, self.stop, self._turn))

    def _turn(self) -> None:
        self.turns += 1


async def test_a_crd_that_comes_later_is_noticed() -> None:
    """The operator may be installed first."""
    waiting = Waiting()
    await waiting.clock.advance(60)
    assert not waiting.task.done()
    waiting.kube.served[DISCOVERY] = {"resources": [{"name": "somethingelse"}]}
    await waiting.clock.advance(10)
    assert not waiting.task.done()
    waiting.kube.served[DISCOVERY] = SERVED
    await waiting.clock.advance(5)
    assert await waiting.task is True
    assert waiting.turns > 20


async def test_an_outage_while_waiting_for_the_crd_is_waited_out() -> None:
    """Not knowing is no reason to end."""
    waiting = Waiting()
    waiting.kube.served[DISCOVERY] = SERVED
    waiting.kube.before = lambda _: errors.Unavailable("away")
    await waiting.clock.advance(60)
    assert not waiting.task.done()
    waiting.kube.before = lambda _: None
    await waiting.clock.advance(5)
    assert await waiting.task is True


async def test_sigterm_ends_the_wait_for_the_crd() -> None:
    """Uninstalling the chart must not take the whole grace period."""
    waiting = Waiting()
    await waiting.clock.advance(3)
    waiting.stop.set()
    await breathe()
    assert await waiting.task is False


class Heartbeat:
    """A pulse that hears what kopf's session is answered."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.heard: list[int] = []
        self.pulse = Pulse(self.clock, lambda _, status, __: self.heard.append(status))

    def answer(self, path: str, status: int = 200) -> None:
        """One answer of the API server to kopf."""
        request: Any = SimpleNamespace(url=URL(f"https://x/apis/slipway.dev/v1alpha1{path}?watch=true"))
        self.pulse.answered(request, status, 0.1)


async def test_kopfs_watch_is_heard_each_time_it_opens() -> None:
    """Its events alone would not tell a quiet namespace from a dead connection."""
    beat = Heartbeat()
    await beat.clock.advance(50)
    assert beat.pulse.age() == 50
    beat.answer("/modeldeployments")
    assert beat.pulse.age() == 0
    assert beat.heard == [200]


async def test_the_most_silent_of_kopfs_watches_counts() -> None:
    """One deaf namespace must not hide behind a lively one."""
    beat = Heartbeat()
    beat.answer("/namespaces/a/modeldeployments")
    beat.answer("/namespaces/b/modeldeployments")
    await beat.clock.advance(40)
    beat.answer("/namespaces/a/modeldeployments")
    assert beat.pulse.age() == 40


@pytest.mark.parametrize(("status", "age"), [(0, 40.0), (503, 40.0), (403, 0.0), (429, 0.0)])
async def test_silence_and_outages_are_no_sign_of_life_of_kopfs_watch(status: int, age: float) -> None:
    """But a refusal is: no restart would change it."""
    beat = Heartbeat()
    await beat.clock.advance(40)
    beat.answer("/modeldeployments", status)
    assert beat.pulse.age() == age


async def test_without_a_crd_there_is_no_watch_to_be_deaf() -> None:
    """An operator that waits for its CRD is as alive as can be."""
    beat = Heartbeat()
    beat.answer("/modeldeployments")
    await beat.clock.advance(500)
    beat.pulse.reset()
    assert beat.pulse.age() == 0


async def test_a_part_that_dies_ends_the_process() -> None:
    """Half an operator is worse than a restarted one."""
    stop = asyncio.Event()
    tasks = Supervised(stop)

    async def die() -> None:
        raise LeaseLost("holder is 'b'")

    async def live() -> None:
        await asyncio.Event().wait()

    tasks.start(live(), "a watch")
    tasks.start(die(), "Lease")
    async with asyncio.timeout(5):
        await stop.wait()
    assert tasks.failed
    await tasks.cancel()


async def test_parts_that_are_ended_on_purpose_are_no_failure() -> None:
    """The exit code of a clean stop is 0."""
    tasks = Supervised(asyncio.Event())

    async def live() -> None:
        await asyncio.Event().wait()

    tasks.start(live(), "a watch")
    await breathe()
    await tasks.cancel()
    assert not tasks.failed
