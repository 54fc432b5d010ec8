"""The program as others start it: bounds, marks, exit status, and a report whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from openloop.session import ROOT, Rates, Session
from trick_server import Trick, Tricks, TrickServer, expectation_json

Serve = Callable[[Tricks], Awaitable[TrickServer]]


@pytest.fixture
def expectation_file(tmp_path: Path) -> Path:
    """Both models' answers, as a file."""
    file = tmp_path / "expect.json"
    file.write_text(json.dumps(expectation_json()))
    return file


async def _start(*args: str | Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openloop", *map(str, args)),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_exit_status_says_whether_anything_failed(serve: Serve, expectation_file: Path) -> None:
    """A script needs no more than `if openloop …`; the text on stderr is for whoever watches."""
    server = await serve(lambda number: Trick(reset=number >= 40))
    common = ("--url", f"http://127.0.0.1:{server.port}", "--expect", expectation_file, "--new", "400")
    good = await _start(*common, "--requests", "40")
    _, text = await good.communicate()
    assert (good.returncode, b": 0 failed" in text) == (0, True)
    bad = await _start(*common, "--requests", "10")
    _, text = await bad.communicate()
    assert (bad.returncode, b": 10 failed" in text) == (1, True)


async def test_time_bounds_a_run_whatever_else_was_asked(serve: Serve, expectation_file: Path) -> None:
    """A test suite that waits on the load must never wait for ever."""
    server = await serve(lambda _: Trick())
    program = await _start(
        *("--url", f"http://127.0.0.1:{server.port}", "--expect", expectation_file),
        *("--keep", "100", "--requests", "1000000", "--seconds", "0.5"),
    )
    async with asyncio.timeout(10):
        await program.communicate()
    assert program.returncode == 0
    assert 0 < server.requests <= 60


async def test_a_run_that_is_interrupted_still_reports(
    serve: Serve, expectation_file: Path, tmp_path: Path
) -> None:
    """Ctrl-C at the end of a long proof must not throw the proof away."""
    interrupted = asyncio.Event()

    def tricks(number: int) -> Trick:
        if number == 20:
            interrupted.set()
        return Trick()

    server = await serve(tricks)
    report = tmp_path / "report.json"
    program = await _start(
        *("--url", f"http://127.0.0.1:{server.port}", "--expect", expectation_file),
        *("--keep", "100", "--json", report),
    )
    await interrupted.wait()
    program.send_signal(signal.SIGINT)
    await program.communicate()
    assert json.loads(report.read_text())["requests"] >= 20


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--url", "https://x", "--new", "1"], "must be http://HOST"),
        (["--url", "http://127.0.0.1"], "give --new, --keep or --slow a rate"),
        (["--url", "http://nobody.invalid", "--new", "1"], "nobody.invalid has no address here"),
        (["--url", "http://127.0.0.1", "--new", "1", "--expect", "/nowhere"], "/nowhere"),
    ],
)
async def test_wrong_use_is_told_without_a_traceback(
    expectation_file: Path, wrong: list[str], told: str
) -> None:
    """The message names the value and what to write instead."""
    program = await _start("--expect", expectation_file, *wrong)
    _, text = await program.communicate()
    assert program.returncode == 2
    assert told in text.decode()
    assert "Traceback" not in text.decode()


async def test_a_session_lasts_as_long_as_its_block_and_keeps_its_marks(
    serve: Serve, expectation_file: Path, tmp_path: Path
) -> None:
    """The demo and the cluster tests change a model inside the block: the load must outlast the change."""
    many, switched = asyncio.Event(), asyncio.Event()

    def tricks(number: int) -> Trick:
        if number == 200:
            many.set()
        return Trick(model="second", revision="rev-second") if switched.is_set() else Trick()

    server = await serve(tricks)
    session = Session(
        f"http://127.0.0.1:{server.port}",
        expectation_file,
        Rates(new=200, keep=200, requests=10),
        tmp_path / "reports" / "load.json",
    )
    await asyncio.to_thread(session.__enter__)
    await many.wait()
    session.mark("switch")
    switched.set()
    await asyncio.to_thread(session.__exit__, None, None, None)
    told: dict[str, Any] = session.report
    assert told["failed"] == 0
    assert told["requests"] > 200
    assert [mark["text"] for mark in told["marks"]] == ["switch"]
    assert set(told["streams"]) == {"new", "keep-alive"}
    assert "0 failed" in session.summary


async def test_the_load_goes_before_other_sessions(
    serve: Serve, expectation_file: Path, tmp_path: Path
) -> None:
    """On a busy machine the generator's own wait for a processor would be told as the server's latency."""
    server = await serve(lambda _: Trick())
    bounds = Rates(new=50, keep=0, requests=10)
    session = Session(f"http://127.0.0.1:{server.port}", expectation_file, bounds, tmp_path / "load.json")
    await asyncio.to_thread(session.__enter__)
    leader = session._running().pid
    group, ours = Path(f"/proc/{leader}/autogroup"), Path("/proc/self/autogroup")
    own_session, weight = os.getsid(leader), group.read_text() if group.exists() else ""  # noqa: ASYNC240 # no disk
    await asyncio.to_thread(session.__exit__, None, None, None)
    assert own_session == leader
    if weight and os.geteuid() == 0:
        assert weight.endswith("nice -15\n")
        assert ours.read_text() != weight  # noqa: ASYNC240 # no disk


async def test_a_session_whose_program_cannot_start_says_why(tmp_path: Path) -> None:
    """An update that nothing watched must never pass for one without failures."""
    session = Session("http://127.0.0.1:9", tmp_path / "nowhere.json", Rates(), tmp_path / "load.json")
    session.__enter__()
    with pytest.raises(RuntimeError, match=r"without a report: (?s:.*)nowhere\.json"):
        await asyncio.to_thread(session.__exit__, None, None, None)


async def test_a_mark_after_the_loads_end_is_an_error(
    serve: Serve, expectation_file: Path, tmp_path: Path
) -> None:
    """A load that broke in the middle must not let the rest of an update pass unseen."""
    server = await serve(lambda _: Trick())
    bounds = Rates(new=100, keep=0, requests=10, seconds=0.2)
    session = Session(f"http://127.0.0.1:{server.port}", expectation_file, bounds, tmp_path / "load.json")
    await asyncio.to_thread(session.__enter__)
    async with asyncio.timeout(10):
        await asyncio.to_thread(session._running().wait)
    with pytest.raises(RuntimeError, match="the load ended before 'switch'"):
        session.mark("switch")
    await asyncio.to_thread(session.__exit__, None, None, None)
