"""Deadlines and progress."""

import io

import pytest

from localcluster.errors import ClusterError
from localcluster.waiting import Clock, Progress, until


class Hands:
    """A clock whose time passes only in pauses."""

    def __init__(self) -> None:
        self.time = 100.0
        self.clock = Clock(now=lambda: self.time, pause=self._pause)

    def _pause(self, seconds: float) -> None:
        self.time += seconds


def test_the_answer_is_returned_as_soon_as_there_is_one() -> None:
    """Nobody wants to wait longer than needed."""
    hands = Hands()
    answers = iter([None, None, "here"])
    assert until("it", lambda: next(answers), seconds=5, clock=hands.clock, every=0.5) == "here"
    assert hands.time == 101.0


def test_a_deadline_says_what_was_awaited_and_why_it_did_not_come() -> None:
    """`up` that fails must name the culprit, not just time out."""
    with pytest.raises(ClusterError, match=r"waited 5 s in vain for the node\nkubelet: no such file"):
        until("the node", lambda: None, seconds=5, clue=lambda: "kubelet: no such file", clock=Hands().clock)


def test_what_is_there_at_once_costs_no_pause() -> None:
    """Also when no time is left at all."""
    hands = Hands()
    assert until("it", lambda: 1, seconds=0, clock=hands.clock) == 1
    assert hands.time == 100.0


def test_each_line_of_progress_carries_the_seconds_so_far() -> None:
    """A build of minutes must show that it lives."""
    hands, out = Hands(), io.StringIO()
    progress = Progress(out, hands.clock)
    hands.time += 12.34
    progress.say("half way")
    assert out.getvalue() == "  12.3 s  half way\n"
