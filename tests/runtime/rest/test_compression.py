"""gzip and deflate, in and out, and bodies that were made to burst."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import BodyTooLarge, InvalidRequest, RequestFault, Unsupported
from slipway_runtime.rest import compression
from slipway_runtime.rest.compression import (
    _MEMBERS,
    AT_ONCE,
    WORTHWHILE,
    Wish,
    compressed,
    inflated,
    wish_of,
)
from slipway_runtime.rest.reply import Reply

LIMIT = 4 * AT_ONCE


def gzipped(body: bytes) -> bytes:
    """A gzip stream."""
    return gzip.compress(body)


def deflated(body: bytes) -> bytes:
    """A zlib stream, which HTTP calls deflate."""
    return zlib.compress(body)


def bare(body: bytes) -> bytes:
    """What some clients take for deflate."""
    return zlib.compress(body, wbits=-15)


CODINGS = {
    "gzip": (b"gzip", gzipped),
    "x-gzip": (b"X-GZIP", gzipped),
    "deflate": (b"deflate", deflated),
    "bare deflate": (b"deflate", bare),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [0, 1, 1000, AT_ONCE, AT_ONCE + 1, LIMIT])
async def test_a_body_arrives_as_it_was_before(coding: str, size: int) -> None:
    """Clients compress to save time on the line; what they send must not change by it."""
    name, compress = CODINGS[coding]
    body = bytes(index % 251 for index in range(size))

    assert await inflated(compress(body), name, LIMIT) == body


@pytest.mark.parametrize("codings", [b"", b"identity", b" identity , identity"])
async def test_identity_is_no_coding(codings: bytes) -> None:
    """Some clients say it."""
    assert await inflated(b"plain", codings, LIMIT) == b"plain"


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_bomb_is_refused_at_the_limit(coding: str) -> None:
    """A megabyte of zeros fits into a kilobyte, and a terabyte into a few of them, nested."""
    name, compress = CODINGS[coding]

    with pytest.raises(BodyTooLarge, match=f"longer than {LIMIT} bytes once inflated"):
        await inflated(compress(bytes(LIMIT + 1)), name, LIMIT)


@pytest.mark.parametrize("limit", [1, 1000, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1])
async def test_no_limit_is_passed_by_more_than_a_byte(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first piece is as long as the limit, the next one must not be without any."""
    asked: list[int] = []
    next_piece = compression._next

    def recorded(stream: Any, body: bytes, most: int) -> bytes:
        asked.append(most)
        return next_piece(stream, body, most)

    monkeypatch.setattr(compression, "_next", recorded)

    with pytest.raises(BodyTooLarge):
        await inflated(zlib.compress(bytes(50 * AT_ONCE)), b"deflate", limit)

    assert min(asked) > 0
    assert sum(asked) == limit + 1


@pytest.mark.parametrize(
    "parts",
    [
        (b"two", b" members"),
        (b"", b"empty", b"", b"ones"),
        (bytes(3 * AT_ONCE), b"after a long one"),
        (b"before a long one", bytes(3 * AT_ONCE)),
        (*(bytes([number]) * 5000 for number in range(200)),),
        (bytes(LIMIT - 1), b"x"),
    ],
    ids=["two", "empty ones", "long first", "long last", "many", "as long as may be"],
)
async def test_the_members_of_a_gzip_body_are_one_body(parts: tuple[bytes, ...]) -> None:
    """Parallel and appending compressors write several; gzip itself reads them as one."""
    assert await inflated(b"".join(map(gzipped, parts)), b"gzip", LIMIT) == b"".join(parts)


@pytest.mark.parametrize(
    "members",
    [
        (bytes(LIMIT), b"x"),
        (b"x", bytes(LIMIT)),
        (bytes(1000),) * (LIMIT // 1000 + 1),
        (b"", bytes(AT_ONCE), *(b"",) * 10, bytes(LIMIT - AT_ONCE + 1)),
    ],
    ids=["one too many", "long last", "many", "between empty ones"],
)
async def test_a_bomb_in_members_is_refused_at_the_limit(members: tuple[bytes, ...]) -> None:
    """The limit is for the body, in however many parts it comes."""
    with pytest.raises(BodyTooLarge, match=f"longer than {LIMIT} bytes once inflated"):
        await inflated(b"".join(map(gzipped, members)), b"gzip", LIMIT)


async def test_the_members_of_a_body_are_counted() -> None:
    """Empty ones inflate to nothing, and yet each costs as much time as a small request."""
    body = gzip.compress(b"x") + gzip.compress(b"") * (_MEMBERS - 1)

    assert await inflated(body, b"gzip", LIMIT) == b"x"
    with pytest.raises(InvalidRequest, match=f"more than {_MEMBERS} members"):
        await inflated(body + gzip.compress(b""), b"gzip", LIMIT)


async def test_deflate_has_no_members() -> None:
    """What follows the stream was not meant to be dropped in silence."""
    with pytest.raises(InvalidRequest):
        await inflated(zlib.compress(b"a") * 2, b"deflate", LIMIT)


async def test_a_gzip_that_says_its_length_is_refused_unopened() -> None:
    """What follows the head is no gzip: whoever opened it would say so."""
    body = gzip.compress(b"")[:10] + b"never looked at" * 100 + (LIMIT + 1).to_bytes(4, "little")

    with pytest.raises(BodyTooLarge):
        await inflated(body, b"gzip", LIMIT)


async def test_a_gzip_that_lies_about_its_length_is_cut_off() -> None:
    """The length in the trailer is the sender's word."""
    body = gzip.compress(bytes(LIMIT * 2))[:-4] + bytes(4)

    with pytest.raises(BodyTooLarge):
        await inflated(body, b"gzip", LIMIT)


@pytest.mark.parametrize("codings", [b"br", b"zstd", b"compress", b"gzip, gzip", b"gzip,deflate", b"\xff"])
async def test_another_coding_is_refused_with_the_ones_that_are_read(codings: bytes) -> None:
    """Reading it as JSON would complain about the wrong thing."""
    with pytest.raises(Unsupported, match="gzip or deflate"):
        await inflated(b"x", codings, LIMIT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"plain",
        gzip.compress(b"cut off")[:-9],
        gzip.compress(b"a") + b"b",
        gzip.compress(b"a") + bytes(8),
        gzip.compress(b"a") + gzip.compress(b"cut off")[:-9],
        gzip.compress(b"a") + zlib.compress(b"b"),
    ],
    ids=["empty", "plain", "cut off", "followed", "padded", "second cut off", "another coding"],
)
async def test_a_damaged_body_is_a_client_error(body: bytes) -> None:
    """Half a request must not become a request."""
    with pytest.raises(InvalidRequest):
        await inflated(body, b"gzip", LIMIT)


@given(st.binary(max_size=60), st.sampled_from([b"gzip", b"deflate"]))
async def test_random_bytes_are_a_client_error_or_a_body(body: bytes, coding: bytes) -> None:
    """Whatever zlib thinks of them."""
    with contextlib.suppress(RequestFault):
        assert len(await inflated(body, coding, LIMIT)) <= LIMIT


@pytest.mark.parametrize(
    ("accept", "wish"),
    [
        (b"gzip", Wish(b"gzip", alone=True)),
        (b"Deflate", Wish(b"deflate", alone=True)),
        (b"gzip, deflate, br", Wish(b"gzip", alone=False)),
        (b"deflate;q=1, gzip;q=0.5", Wish(b"deflate", alone=False)),
        (b"gzip;q=0, deflate", Wish(b"deflate", alone=False)),
        (b"gzip; q=0", Wish(b"", alone=False)),
        (b"gzip;q=nonsense", Wish(b"", alone=False)),
        (b"br, zstd, *", Wish(b"", alone=False)),
        (b"", Wish(b"", alone=False)),
    ],
)
def test_the_most_wanted_coding_is_taken(accept: bytes, wish: Wish) -> None:
    """A client that gets another one cannot read its answer."""
    assert wish_of(accept) == wish


@pytest.mark.parametrize(
    ("size", "accept", "coding"),
    [
        (10, b"gzip", b"gzip"),
        (10, b"gzip, deflate", b""),
        (0, b"gzip", b""),
        (WORTHWHILE, b"gzip, deflate", b"gzip"),
        (WORTHWHILE, b"deflate", b"deflate"),
        (2 * AT_ONCE, b"gzip, deflate", b"gzip"),
    ],
)
async def test_an_answer_is_compressed_where_it_is_asked_for_or_pays(
    size: int, accept: bytes, coding: bytes
) -> None:
    """Libraries list what they can read with every request; a small answer would cost them more."""
    body = b"a" * size

    reply = await compressed(Reply(200, b"content-type: text/plain\r\n", body), wish_of(accept))

    told = reply.head.removeprefix(b"content-type: text/plain\r\n")
    assert told == (b"content-encoding: %b\r\n" % coding if coding else b"")
    assert (zlib.decompress(reply.body, wbits=47) if coding else reply.body) == body
