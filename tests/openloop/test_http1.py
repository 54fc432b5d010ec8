"""An answer is read right however its bytes arrive, and a broken one is never taken for whole."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openloop.http1 import MalformedError, Response, ResponseParser

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN


def _read(pieces: list[bytes]) -> Response | None:
    parser = ResponseParser()
    answers = [answer for piece in pieces if (answer := parser.feed(piece)) is not None]
    return answers[-1] if answers else None


@given(whole=st.sampled_from([PLAIN, CHUNKED, INTERIM]), cuts=st.lists(st.integers(0, 80)))
def test_the_same_answer_comes_out_wherever_the_bytes_are_cut(whole: bytes, cuts: list[int]) -> None:
    """A network may cut anywhere; a parser that minds would report failures that never happened."""
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(edges)]
    answer = _read(pieces)
    assert answer is not None
    assert (answer.status, answer.body, answer.keep_alive) == (200, b"hello", True)


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED, INTERIM])
def test_no_beginning_of_an_answer_counts_as_an_answer(whole: bytes) -> None:
    """A truncated answer that passed as whole would hide a dropped request."""
    for end in range(len(whole)):
        parser = ResponseParser()
        assert parser.feed(whole[:end]) is None
        assert parser.eof() is None


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_a_server_that_says_close_is_believed(head: bytes, keeps: bool) -> None:  # noqa: FBT001 - a table's column
    """A draining server announces the end this way; a client that goes on would race with it."""
    answer = _read([head])
    assert answer is not None
    assert answer.keep_alive is keeps


def test_an_answer_without_length_ends_with_its_connection() -> None:
    """HTTP allows it, so it is an answer and not a failure."""
    parser = ResponseParser()
    assert parser.feed(b"HTTP/1.1 200 OK\r\n\r\nhel") is None
    assert parser.feed(b"lo") is None
    answer = parser.eof()
    assert answer is not None
    assert (answer.body, answer.keep_alive) == (b"hello", False)


@pytest.mark.parametrize(
    "junk",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        PLAIN + b"more",
        CHUNKED + b"more",
        CHUNKED.replace(b"hel\r\n", b"help!"),
        b"x" * 70_000,
    ],
)
def test_junk_is_named_as_such(junk: bytes) -> None:
    """Bytes beyond or beside an answer belong to another request: taking them would mix answers."""
    with pytest.raises(MalformedError):
        ResponseParser().feed(junk)
