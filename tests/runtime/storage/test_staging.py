"""The staging folder: claims, and what is known before a byte comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.source import Budget
from slipway_runtime.storage.staging import Staging


@pytest.fixture
def staging(tmp_path: Path, budget: Budget) -> Staging:
    """On a volume with a thousand bytes left."""
    return Staging(tmp_path, budget, free=lambda _: 1000)


def test_a_model_that_does_not_fit_is_refused_before_it_comes(staging: Staging) -> None:
    """A volume that is too small shows at once, not after an hour."""
    staging.announce(1000)
    with pytest.raises(PullFailure, match=r"1001 bytes, the volume has 1000 left: make it larger") as caught:
        staging.announce(1001)
    assert caught.value.reason is Reason.NO_SPACE


def test_what_is_there_needs_no_space_again(staging: Staging) -> None:
    """The second attempt of a large model must not fail for what the first one brought."""
    staging.part("a").receive([b"x" * 500], 0, "v")
    staging.announce(1500)


@pytest.mark.parametrize(("first", "second"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_a_place_is_claimed_once(staging: Staging, first: str, second: str) -> None:
    """Of two files of one name, one would be lost in silence."""
    staging.part(first).receive([b"x"], 0, "")
    with pytest.raises(PullFailure) as caught:
        staging.part(second)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_only_what_the_last_attempt_claimed_stays(staging: Staging, tmp_path: Path) -> None:
    """A file that left the folder between two attempts is none of the model's."""
    for name in ("old", "both"):
        staging.part(name).receive([b"x"], 0, "v")
    staging.begin()
    assert staging.part("both").kept("v")
    staging.part("new").receive([b"x"], 0, "v")
    staging.finish()
    assert {path.name for path in tmp_path.iterdir()} == {"both", "new"}


def test_a_part_is_kept_only_when_it_is_whole_and_the_same(staging: Staging) -> None:
    """Half a file has the right validator too."""

    def breaking() -> object:
        yield b"x"
        raise ConnectionError

    part = staging.part("a")
    with pytest.raises(ConnectionError):
        part.receive(breaking(), 0, "v")  # type: ignore[arg-type] # it yields bytes
    assert not part.kept("v")
    assert part.offset == 1
    part.receive([b"y"], 1, "v")
    assert part.kept("v")
    assert not part.kept("w")
    part.forget()
    assert part.offset == 0
