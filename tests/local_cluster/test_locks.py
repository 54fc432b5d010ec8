"""One `up`, `down` or build at a time."""

import threading
from pathlib import Path

import pytest

from localcluster.locks import locked


@pytest.mark.parametrize("make_folder", [True, False])
def test_the_second_one_waits_for_the_first(tmp_path: Path, *, make_folder: bool) -> None:
    """Two `up` at once must not build or start twice."""
    path, entered = tmp_path / "thing", threading.Event()

    def second() -> None:
        with locked(path, make_folder=make_folder):
            entered.set()

    with locked(path, make_folder=make_folder):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(5)
    thread.join()


def test_who_waited_for_a_folder_that_was_removed_gets_a_new_one(tmp_path: Path) -> None:
    """An `up` that waits for a `down` starts in a fresh folder, not in one that no longer has a name."""
    path, seen = tmp_path / "home", []

    def second() -> None:
        with locked(path, make_folder=True):
            seen.append(path.is_dir())

    with locked(path, make_folder=True):
        thread = threading.Thread(target=second)
        thread.start()
        path.rmdir()
    thread.join(5)
    assert seen == [True]


def test_a_folder_that_comes_and_goes_all_the_time_is_no_error(tmp_path: Path) -> None:
    """`up` and `down` by turns, from several terminals: the holder removes, the next one makes."""
    path, failures = tmp_path / "clusters" / "home", []

    def turn() -> None:
        try:
            for _ in range(200):
                with locked(path, make_folder=True):
                    assert path.is_dir()
                    path.rmdir()
        except (OSError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
