"""A pull that was cut goes on where it broke off, and never mixes two contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_web import Answer, Request, model_web
from ranged_answer import asked_from, ranged
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.pull import Puller

OLD = bytes(range(256)) * 8
NEW = bytes(reversed(range(256))) * 9
Pullers = Callable[..., Puller]
Step = Callable[[Request], Answer]


def _cut(at: int, content: bytes = OLD, etag: str = '"old"') -> Step:
    return lambda request: ranged(request, content, etag, cut=at)


def _whole(content: bytes = OLD, etag: str = '"old"') -> Step:
    return lambda request: ranged(request, content, etag)


def _plain(answer: Answer) -> Step:
    return lambda _: answer


def _steps(*steps: Step) -> Step:
    """One step a request."""
    left = iter(steps)

    def answer(request: Request) -> Answer:
        return next(left)(request)

    return answer


@pytest.fixture
def pulled(puller: Pullers, tmp_path: Path) -> Callable[..., tuple[bytes, list[tuple[str, str]]]]:
    """Pulls from a server that takes one step a request; returns the file and what was asked for."""

    def run(*steps: Step) -> tuple[bytes, list[tuple[str, str]]]:
        with model_web(_steps(*steps)) as web:
            puller().pull(web.url(), tmp_path / "dest")
            asked = [(r.headers.get("range", ""), r.headers.get("if-range", "")) for r in web.requests]
        assert len(asked) == len(steps)
        return (tmp_path / "dest" / "model.onnx").read_bytes(), asked

    return run


Pulled = Callable[..., tuple[bytes, list[tuple[str, str]]]]


def test_only_what_is_missing_is_asked_for(pulled: Pulled) -> None:
    """The last gigabyte of a large model must not cost the first nine again."""
    content, asked = pulled(_cut(1000), _cut(500), _whole())
    assert content == OLD
    assert asked == [("", ""), ("bytes=1000-", '"old"'), ("bytes=1500-", '"old"')]


def test_a_file_that_changed_in_between_begins_again(pulled: Pulled) -> None:
    """Half of one model and half of another is a model that nobody made."""
    content, asked = pulled(_cut(1000), _whole(NEW, '"new"'))
    assert content == NEW
    assert asked[1] == ("bytes=1000-", '"old"')


def test_a_shorter_file_leaves_nothing_of_the_longer_one(pulled: Pulled) -> None:
    """Bytes beyond the new end would be the old file's."""
    assert pulled(_cut(1000), _whole(b"short", '"new"'))[0] == b"short"


@pytest.mark.parametrize("etag", ["", 'W/"weak"', '"not ascii \u00e9"', "unquoted"])
def test_nothing_is_continued_without_an_etag_for_the_very_bytes(pulled: Pulled, etag: str) -> None:
    """A weak one says that the file means the same, not that it is the same."""
    cut = Answer(body=OLD[:100], headers={"ETag": etag} if etag else {}, declared=len(OLD))
    content, asked = pulled(_plain(cut), _plain(Answer(body=NEW)))
    assert content == NEW
    assert asked == [("", ""), ("", "")]


def test_a_server_that_knows_no_ranges_sends_all(pulled: Pulled) -> None:
    """Many do not, and say nothing of it."""
    content, asked = pulled(_cut(1000), _plain(Answer(body=OLD, headers={"ETag": '"old"'})))
    assert content == OLD
    assert len(asked) == 2


def _partial(content_range: str, etag: str = '"old"') -> Step:
    return _plain(Answer(206, OLD[1000:], {"Content-Range": content_range, "ETag": etag}))


@pytest.mark.parametrize(
    "odd",
    [
        _plain(Answer(416)),
        _partial("bytes 0-2047/2048"),
        _partial("bytes 999-2047/2048"),
        _partial("bytes 1000-2046/2048"),
        _partial("bytes 1000-2047/*"),
        _partial("nonsense"),
        _partial(""),
        _partial("bytes 1000-2047/2048", '"new"'),
    ],
)
def test_a_range_that_does_not_fit_is_not_taken(pulled: Pulled, odd: Step) -> None:
    """Proxies and caches answer ranges wrongly; the file is then fetched whole."""
    content, asked = pulled(_cut(1000), odd, _whole())
    assert content == OLD
    assert [offset for offset, _ in asked] == ["", "bytes=1000-", ""]


def test_what_was_kept_counts_towards_the_limit(puller: Pullers, tmp_path: Path) -> None:
    """Two halves are one whole, also for --max-model-bytes."""
    with model_web(_steps(_cut(1000), _whole(), _whole())) as web, pytest.raises(PullFailure) as caught:
        puller(max_model_bytes=len(OLD) - 1).pull(web.url(), tmp_path / "dest")
    assert caught.value.reason is Reason.TOO_LARGE


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 2500), st.sampled_from(["old", "new"])), max_size=6),
    st.sampled_from(["old", "new"]),
)
def test_whatever_breaks_and_changes_the_file_is_one_of_those_that_were_there(
    puller: Pullers, cuts: list[tuple[int, str]], last: str
) -> None:
    """Any order of cuts and uploads; and no byte is sent twice while the file stays the same."""
    steps: Iterator[tuple[int | None, str]] = iter([*cuts, (None, last)])

    def answer(request: Request) -> Answer:
        at, which = next(steps)
        content, etag = {"old": (OLD, '"old"'), "new": (NEW, '"new"')}[which]
        return ranged(request, content, etag, cut=at if at is not None and at < len(content) else None)

    with model_web(answer) as web, TemporaryDirectory() as folder:
        puller(retry_seconds=3600, pull_seconds=36_000).pull(web.url(), Path(folder))
        content = (Path(folder) / "model.onnx").read_bytes()
        offsets = [asked_from(request) for request in web.requests]
    assert content in (OLD, NEW)
    if {last, *(which for _, which in cuts)} == {"old"}:
        assert offsets == sorted(offsets)
