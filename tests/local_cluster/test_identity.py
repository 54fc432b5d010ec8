"""Never end a process that is not ours."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localcluster.identity import Identity, from_json, identify


@pytest.fixture
def sleeper() -> "Iterator[subprocess.Popen[bytes]]":
    """An innocent process."""
    with subprocess.Popen(["sleep", "60"]) as child:
        yield child
        child.kill()


def _fake_proc(folder: Path, *, stat: str, boot: str = "b1") -> Path:
    (folder / "77").mkdir()
    (folder / "77" / "stat").write_text(stat)
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text(boot + "\n")
    return folder


def _stat(state: str = "S", start: int = 4242) -> str:
    return f"77 (a name) with) blanks) {state} 1 " + "0 " * 17 + f"{start} 0 0\n"


def test_a_running_process_is_identified_by_number_start_and_boot(tmp_path: Path) -> None:
    """The three together name one process for ever, even one whose name holds brackets and blanks."""
    assert identify(77, _fake_proc(tmp_path, stat=_stat())) == Identity(77, 4242, "b1")


@pytest.mark.parametrize("state", ["Z", "X"])
def test_a_dead_process_that_nobody_collected_counts_as_gone(tmp_path: Path, state: str) -> None:
    """In a container without an init, killed processes stay as zombies; `down` must not wait for them."""
    assert identify(77, _fake_proc(tmp_path, stat=_stat(state))) is None


def test_after_a_reboot_the_same_number_is_a_stranger(tmp_path: Path) -> None:
    """A stale file of before the reboot must not let `down` kill whatever has the number now."""
    proc = _fake_proc(tmp_path, stat=_stat(), boot="b2")
    assert not Identity(77, 4242, "b1").alive(proc)
    assert Identity(77, 4242, "b2").alive(proc)


def test_a_process_that_began_later_is_a_stranger(tmp_path: Path) -> None:
    """Numbers are used again within one boot, too."""
    assert not Identity(77, 4241, "b1").alive(_fake_proc(tmp_path, stat=_stat()))


def test_a_stranger_with_our_number_survives_the_kill(sleeper: "subprocess.Popen[bytes]") -> None:
    """The whole point of remembering more than a number."""
    ours = identify(sleeper.pid)
    assert ours is not None
    assert replace(ours, start=ours.start - 1).kill(seconds=1)
    assert replace(ours, boot="another").kill(seconds=1)
    assert sleeper.poll() is None


def test_our_own_process_is_ended_and_awaited(sleeper: "subprocess.Popen[bytes]") -> None:
    """`down` goes on to remove files only when nobody uses them any more."""
    ours = identify(sleeper.pid)
    assert ours is not None
    assert ours.kill(seconds=10)
    assert sleeper.wait(timeout=10) == -9


def test_a_process_that_is_gone_already_needs_no_kill(sleeper: "subprocess.Popen[bytes]") -> None:
    """A second `down`, or one after a crash, succeeds."""
    ours = identify(sleeper.pid)
    assert ours is not None
    sleeper.kill()
    sleeper.wait()
    assert ours.kill(seconds=1)
    assert not ours.alive()


@pytest.mark.parametrize("record", [None, {}, [], "x", {"pid": "x", "start": 1, "boot": ""}, {"pid": 1}])
def test_a_damaged_record_names_nobody(record: object) -> None:
    """Whatever a crash left in the file, nobody is killed for it."""
    assert from_json(record) is None


def test_a_record_reads_back_as_it_was_written() -> None:
    """Otherwise no cluster could ever be taken down."""
    me = identify(os.getpid())
    assert me is not None
    assert from_json(me.as_json()) == me
