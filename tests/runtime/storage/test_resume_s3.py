"""Storages of objects go on after a cut too; scripted, since no real server cuts on demand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_web import Answer, Request, model_web
from ranged_answer import asked_from, ranged
from slipway_runtime.storage.pull import Puller

CONTENT = bytes(range(256)) * 8192  # eight chunks
DATED = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
Pullers = Callable[..., Puller]
Pull = Callable[..., list[Request]]


@pytest.fixture
def pull(puller: Pullers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pull:
    """Pulls s3://b/m from a scripted storage into `tmp_path/dest`; returns what was asked."""

    def run(script: Callable[[Request], Answer]) -> list[Request]:
        with model_web(script) as web:
            monkeypatch.setenv("AWS_ENDPOINT_URL", web.url(""))
            puller(max_model_bytes=10**8).pull("s3://b/m", tmp_path / "dest")
        return web.requests

    return run


def test_an_object_is_continued(pull: Pull, tmp_path: Path) -> None:
    """Only the missing bytes come."""
    cuts = iter([900_000, 700_000, None])
    requests = pull(lambda request: ranged(request, CONTENT, cut=next(cuts), headers=DATED))
    assert (tmp_path / "dest" / "m").read_bytes() == CONTENT
    offsets = [asked_from(request) for request in requests]
    assert offsets[0] == 0
    assert 0 < offsets[1] < offsets[2]


def test_an_object_that_changed_begins_again(pull: Pull, tmp_path: Path) -> None:
    """S3 sends the range of whatever is there now: its ETag tells."""
    steps = iter([(CONTENT, '"1"', 900_000), (CONTENT[::-1], '"2"', None), (CONTENT[::-1], '"2"', None)])

    def answer(request: Request) -> Answer:
        content, etag, cut = next(steps)
        return ranged(request, content, etag, cut=cut, headers=DATED)

    assert asked_from(pull(answer)[-1]) == 0
    assert (tmp_path / "dest" / "m").read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_is_asked_for_all(pull: Pull, tmp_path: Path) -> None:
    """Gateways of file systems have none."""
    whole = Answer(body=CONTENT, headers={"ETag": '"1"', **DATED})
    steps = iter([Answer(body=CONTENT[:900_000], headers=whole.headers, declared=len(CONTENT)), whole, whole])
    pull(lambda _: next(steps))
    assert (tmp_path / "dest" / "m").read_bytes() == CONTENT


def test_files_that_came_whole_are_not_fetched_again(pull: Pull, tmp_path: Path) -> None:
    """A folder of a hundred weights that breaks at the last one."""
    listing = "".join(
        f"<Contents><Key>m/{name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f'<ETag>"1"</ETag><Size>{len(CONTENT)}</Size></Contents>'
        for name in "abc"
    )
    head = "<ListBucketResult><Name>b</Name><Prefix/><KeyCount>3</KeyCount><IsTruncated>false</IsTruncated>"
    failing = iter([True])

    def answer(request: Request) -> Answer:
        if "list-type" in request.target:
            return Answer(body=f"{head}{listing}</ListBucketResult>".encode())
        if request.target == "/b/m":
            return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        if request.target == "/b/m/b" and next(failing, False):
            return Answer(503, b"<Error><Code>SlowDown</Code></Error>")
        return ranged(request, CONTENT, headers=DATED)

    targets = [request.target for request in pull(answer) if "list-type" not in request.target]
    assert targets == ["/b/m", "/b/m/a", "/b/m/b", "/b/m/b", "/b/m/c"]
    assert {path.name for path in (tmp_path / "dest").iterdir() if path.name in "abc"} == {"a", "b", "c"}
