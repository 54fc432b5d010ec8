"""One file over HTTP, continued where an earlier attempt broke off.

The rest is asked for with Range, and with If-Range and the ETag of what is there: a server whose file is
still the same sends the rest (206), one whose file changed, or that knows no ranges, sends all of it (200).
Without an ETag that stands for the very bytes (a weak one does not) nothing is continued. Content that is
addressed by its digest needs no ETag: it cannot change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.web_client import check_status

if TYPE_CHECKING:
    from slipway_runtime.storage.staging import Part, Staging
    from slipway_runtime.storage.web_client import Answer

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
PARTIAL_CONTENT = 206
_UNSATISFIABLE = 416


def range_headers(part: Part, *, immutable: bool = False) -> dict[str, str]:
    """What to ask with, so that only the missing bytes come."""
    if not part.offset:
        return {}
    asked = {"range": f"bytes={part.offset}-"}
    return asked if immutable else {**asked, "if-range": part.validator}


def save(
    answer: Answer, part: Part, staging: Staging, shown: str, *, digest: str = "", whole: bool = True
) -> None:
    """Write an answer's body into a part.

    Args:
        answer: to a request with `range_headers`; its status is checked here, 401 to 403 by the caller.
        part: where it goes; may hold the beginning.
        staging: told how much is to come.
        shown: the model's URI.
        digest: of content that is addressed by it; then the part's validator, else the ETag is.
        whole: the model is this file alone.

    Raises:
        PullFailure: see check_status; Unreachable, transient, where the server's ranges do not fit.
    """
    start = _start(answer, part, shown, digest)
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise PullFailure(
            Reason.UNSUPPORTED_FORMAT, f"'{shown}' comes compressed although it was not asked for"
        )
    if whole:
        staging.announce(start + answer.length)
    part.receive(answer.chunks, start, digest or _strong_etag(answer))


def _start(answer: Answer, part: Part, shown: str, digest: str) -> int:
    """How many of the bytes that are there the answer continues."""
    if answer.status == _UNSATISFIABLE and part.offset:
        raise _misfit(part, shown)
    if answer.status != PARTIAL_CONTENT:
        check_status(answer, shown)
        return 0
    if not part.offset:
        raise PullFailure(
            Reason.INVALID_URI, f"'{shown}' answered 206 unasked, which is no way to hand out a model"
        )
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    first, last, total = map(int, found.groups()) if found else (-1, -1, -1)
    same = digest or answer.headers.get("etag", part.validator) == part.validator
    if first != part.offset or last != total - 1 or not same:
        raise _misfit(part, shown)
    return first


def _misfit(part: Part, shown: str) -> PullFailure:
    part.forget()
    return PullFailure(
        Reason.UNREACHABLE,
        f"'{shown}' changed, or its server's ranges do not fit: fetched anew",
        transient=True,
    )


def _strong_etag(answer: Answer) -> str:
    etag = answer.headers.get("etag", "")
    return etag if etag.startswith('"') and etag.isascii() and etag.isprintable() else ""
