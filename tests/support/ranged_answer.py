"""An answer to a request for a file, as a server gives it that knows ranges: whole, or the part asked for."""

from __future__ import annotations

from collections.abc import Mapping

from model_web import Answer, Request


def asked_from(request: Request) -> int:
    """The first byte that a request asks for; 0 where it asks for all."""
    return int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


def ranged(
    request: Request,
    content: bytes,
    etag: str = '"1"',
    *,
    cut: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer; the connection breaks after `cut` bytes of its body.

    A part is sent where the request's If-Range, if it has one, names the ETag; a file of another ETag comes
    whole, as the standard has it.
    """
    named = {"ETag": etag, **(headers or {})}
    start = asked_from(request)
    if not start or request.headers.get("if-range", etag) != etag:
        return Answer(200, content[:cut], named, declared=len(content) if cut is not None else -1)
    rest = content[start:]
    named["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return Answer(206, rest[:cut], named, declared=len(rest) if cut is not None else -1)
