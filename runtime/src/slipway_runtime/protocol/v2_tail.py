"""The binary data behind a request's JSON: cut into the inputs' pieces, in their order, nothing left over."""

from __future__ import annotations

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.words import kind, quoted

SIZE = "binary_data_size"


class Tail:
    """What follows the JSON of a body.

    Args:
        body: all of it.
        length: of the JSON.

    Raises:
        InvalidRequest: the JSON would be longer than the body.
    """

    __slots__ = ("_body", "_place")

    def __init__(self, body: bytes, length: int) -> None:
        if length > len(body):
            raise InvalidRequest(
                f"Inference-Header-Content-Length says {_shown(length)}, but the body has {len(body)} bytes"
            )
        self._body = memoryview(body)
        self._place = length

    def take(self, size: int, name: str) -> memoryview:
        """The next bytes, for an input of this name.

        Raises:
            InvalidRequest: there are not so many.
        """
        start, end = self._place, self._place + size
        if end > len(self._body):
            raise InvalidRequest(
                f"'{SIZE}' of input {quoted(name)} is {_shown(size)}, but only "
                f"{len(self._body) - start} bytes are left of the body"
            )
        self._place = end
        return self._body[start:end]

    def finish(self) -> None:
        """Nothing may be left.

        Raises:
            InvalidRequest: how much is.
        """
        left = len(self._body) - self._place
        if left:
            raise InvalidRequest(
                f"unexpected additional input data: {left} bytes follow the last input; check each '{SIZE}'"
            )


def size_of(value: object, name: str) -> int:
    """A declared size, checked.

    Raises:
        InvalidRequest: it is no integer from 0 on.
    """
    if type(value) is not int:
        raise InvalidRequest(f"'{SIZE}' of input {quoted(name)} must be an integer, not {kind(value)}")
    if value < 0:
        raise InvalidRequest(f"'{SIZE}' of input {quoted(name)} must not be negative")
    return value


def header_length(text: bytes) -> int:
    """The value of Inference-Header-Content-Length.

    Raises:
        InvalidRequest: it is no whole number.
    """
    if not text.isdigit() or len(text) > 18:  # noqa: PLR2004 # no body has 10^18 bytes
        raise InvalidRequest(
            "Inference-Header-Content-Length must be a whole number: the bytes of JSON before the binary data"
        )
    return int(text)


def _shown(size: int) -> str:
    return str(size) if size < 2**63 else "more than 2^63"
