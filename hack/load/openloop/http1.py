"""Reading one HTTP/1.1 answer from bytes, without any socket.

Bytes go in as they come; a `Response` comes out when it is whole. A body is delimited by its
length, by chunks, or by the end of the connection; interim answers (1xx) are skipped. Bytes beyond
the answer are an error: nobody asked for them, so they belong to somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_HEAD = 65_536
_NO_BODY = {204, 304}


class MalformedError(ValueError):
    """Bytes that are no HTTP/1.1 answer, or end before it does."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; header names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool


class ResponseParser:
    """Collects the bytes of one answer."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[int, str, dict[str, str], str] | None = None
        self.started = False

    def feed(self, received: bytes) -> Response | None:
        """The answer once it is whole, else None. Raises MalformedError."""
        self.started = self.started or bool(received)
        self._buffer += received
        while self._head is None:
            if not self._take_head():
                return None
        return self._whole(at_eof=False)

    def eof(self) -> Response | None:
        """The answer, if the end of the connection is what completes it."""
        return None if self._head is None else self._whole(at_eof=True)

    def _take_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise MalformedError(f"no end of headers within {MAX_HEAD} bytes")
            return False
        head = _parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        if not 100 <= head[0] < 200:  # noqa: PLR2004 - the interim answers' range by definition
            self._head = head
        return True

    def _whole(self, *, at_eof: bool) -> Response | None:
        if self._head is None:
            return None
        status, reason, headers, version = self._head
        body, keep = self._body(status, headers, at_eof=at_eof)
        if body is None:
            return None
        option = headers.get("connection", "").lower()
        keep = keep and "close" not in option and (version == "HTTP/1.1" or "keep-alive" in option)
        return Response(status, reason, headers, body, keep)

    def _body(self, status: int, headers: dict[str, str], *, at_eof: bool) -> tuple[bytes | None, bool]:
        """The body if it is there, and whether the connection may live on after it."""
        if status in _NO_BODY:
            return self._exactly(0), True
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunked(), True
        if "content-length" in headers:
            return self._exactly(_length(headers["content-length"], 10)), True
        return (bytes(self._buffer) if at_eof else None), False

    def _exactly(self, length: int) -> bytes | None:
        if len(self._buffer) > length:
            raise MalformedError(f"{len(self._buffer) - length} bytes more than the answer has")
        return bytes(self._buffer) if len(self._buffer) == length else None

    def _chunked(self) -> bytes | None:
        body, at = bytearray(), 0
        while True:
            line_end = self._buffer.find(b"\r\n", at)
            if line_end < 0:
                return None
            size = _length(self._buffer[at:line_end].split(b";")[0].decode("latin-1"), 16)
            start, end = line_end + 2, line_end + 2 + size
            if len(self._buffer) < end + 2:
                return None
            if self._buffer[end : end + 2] != b"\r\n":
                raise MalformedError("a chunk does not end where it says")
            if size == 0:
                if len(self._buffer) > end + 2:
                    raise MalformedError(f"{len(self._buffer) - end - 2} bytes more than the answer has")
                return bytes(body)
            body += self._buffer[start:end]
            at = end + 2


def _parse_head(head: bytes) -> tuple[int, str, dict[str, str], str]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if version not in {"HTTP/1.1", "HTTP/1.0"} or not (code.isdecimal() and len(code) == 3):  # noqa: PLR2004 - a status code has three digits
        raise MalformedError(f"no HTTP/1.1 status line: {first[:80]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedError(f"no header: {line[:80]!r}")
        headers[name.strip().lower()] = value.strip()
    return int(code), reason, headers, version


def _length(text: str, base: int) -> int:
    try:
        length = int(text.strip(), base)
    except ValueError:
        raise MalformedError(f"no length: {text[:80]!r}") from None
    if length < 0:
        raise MalformedError(f"a negative length: {text[:80]!r}")
    return length
