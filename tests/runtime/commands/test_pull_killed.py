"""A pull that is stopped half-way, by its kubelet or by the kernel."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from model_web import Answer, ModelWeb, model_web
from pull_command import LONGEST, PullCommand
from slipway_runtime.storage.localize import recorded, unfinished

MODEL = b"0123456789abcdef" * 2**20
"""Half of it is more than the sockets' buffers hold: when that is sent, some of it has arrived."""
LOCAL = "--allow-local-addresses"


@pytest.fixture
def released() -> threading.Event:
    """Set: the second half comes."""
    return threading.Event()


@pytest.fixture
def web(released: threading.Event) -> Iterator[ModelWeb]:
    """Holds every answer half-way until released."""
    with model_web(Answer(body=MODEL, hold=released)) as web:
        yield web
        released.set()


@pytest.fixture
def half_way(pull: PullCommand, web: ModelWeb) -> Iterator[subprocess.Popen[str]]:
    """A pull that has half of its model."""
    process = pull.start(web.url(), LOCAL)
    assert web.half_sent.wait(LONGEST)
    yield process
    process.kill()
    process.communicate()


def test_a_pull_on_its_way_shows_no_model(pull: PullCommand, half_way: subprocess.Popen[str]) -> None:
    """A server that starts too early refuses the folder instead of loading half a file."""
    assert half_way.poll() is None
    assert unfinished(pull.dest)
    assert recorded(pull.dest) is None
    assert pull.contents() == {}


def test_a_pull_killed_half_way_leaves_no_model_and_the_next_one_works(
    pull: PullCommand, web: ModelWeb, half_way: subprocess.Popen[str], released: threading.Event
) -> None:
    """Out of memory, or the node's power is gone: the volume may live on."""
    half_way.kill()
    assert pull.ended(half_way).code == -signal.SIGKILL
    assert unfinished(pull.dest)
    assert pull.contents() == {}
    released.set()
    assert pull(web.url(), LOCAL).code == 0
    assert pull.contents() == {"model.onnx": MODEL}
    assert not unfinished(pull.dest)
    assert sorted(path.name for path in pull.dest.iterdir()) == [".slipway-artifact.json", "model.onnx"]


def test_a_pull_that_is_asked_to_stop_stops(pull: PullCommand, half_way: subprocess.Popen[str]) -> None:
    """A deleted pod must not take its whole grace period, and a container's first process has no default."""
    half_way.terminate()
    done = pull.ended(half_way)
    assert done.code == 128 + signal.SIGTERM
    assert "Traceback" not in done.stderr
    assert pull.contents() == {}


def test_a_pull_over_a_model_that_is_killed_does_not_show_the_old_one_as_the_new(
    pull: PullCommand, web: ModelWeb, released: threading.Event
) -> None:
    """Neither may be served: the folder says that it is unfinished."""
    released.set()
    assert pull(web.url(), LOCAL).code == 0
    released.clear()
    web.half_sent.clear()
    process = pull.start(web.url("/another.onnx"), LOCAL)
    assert web.half_sent.wait(LONGEST)
    process.kill()
    pull.ended(process)
    assert unfinished(pull.dest)
    assert recorded(pull.dest) is None
