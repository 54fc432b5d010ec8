"""An object, or every object below a prefix, from a storage of objects: S3, Google's, Azure's.

obstore does the protocols. What is common to them is here: an object is fetched without a HEAD before it,
whose refusal would have no body to read the reason from; a folder is listed first, so that its size is
known; what an earlier attempt brought is kept where the ETag is still the same, and continued with a range.
An answer says which content it is of, so that a content that changed in between begins again.

The reason of a refusal is in the answer's error code and not always in its status: an unknown access key is
a 404 at some servers. Each vendor says which codes mean what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError, InvalidPathError, PermissionDeniedError, UnauthenticatedError

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway_runtime.storage.source import Budget
    from slipway_runtime.storage.staging import Part, Staging
    from slipway_runtime.storage.uri import ModelUri

CHUNK = 256 * 1024  # what a cut may cost: obstore drops the chunk that it was gathering
MAX_FILES = 10_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
LONGEST_TRANSFER = 86_400.0
_ERRORS = (BaseError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is peculiar to one kind of storage.

    Attributes:
        settings: how its environment variables begin.
        code: finds the error code in a failed request's text; group 1.
        absent, denied: codes that mean so.
        rights: the remedy where access is denied.
    """

    settings: str
    code: re.Pattern[str]
    absent: frozenset[str]
    denied: frozenset[str]
    rights: str


@dataclass(frozen=True, slots=True)
class Found:
    """One object of a listing."""

    size: int
    etag: str


class BucketSource:
    """One object or prefix.

    Args:
        uri: its path is the key.
        vendor: whose storage.
        store: makes the client; keyword arguments for obstore come with the call.
    """

    def __init__(self, uri: ModelUri, vendor: Vendor, store: Callable[..., Any]) -> None:
        self._uri = uri
        self._key = uri.path
        self._vendor = vendor
        self._make = store
        self._is_folder = not uri.path

    def fetch(self, staging: Staging) -> bool:
        """The object of that key; where there is none, everything below it."""
        store = self._store(staging.budget)
        if not self._is_folder:
            part = staging.part(self._key.rsplit("/", maxsplit=1)[-1])
            try:
                self._fetch_object(store, self._key, part, staging)
            except PullFailure as failure:
                if failure.reason is not Reason.NOT_FOUND:
                    raise
            else:
                return True
            self._is_folder = True  # also in the attempts that may follow
            staging.begin()
        self._fetch_prefix(store, staging)
        return False

    def _store(self, budget: Budget) -> Any:
        try:
            return self._make(
                client_options={
                    "connect_timeout": _milliseconds(budget.seconds_left(CONNECT_SECONDS)),
                    "read_timeout": _milliseconds(budget.seconds_left(READ_SECONDS)),
                    "timeout": _milliseconds(budget.seconds_left(LONGEST_TRANSFER)),
                },
                retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
            )
        except _ERRORS as error:
            said = redact_text(str(error).partition("\n")[0])  # its debug form follows
            raise PullFailure(
                Reason.INVALID_SETTINGS, f"the {self._vendor.settings} settings do not fit together: {said}"
            ) from None

    def _fetch_prefix(self, store: Any, staging: Staging) -> None:
        found = self._list(store)
        if not found:
            raise PullFailure(
                Reason.NOT_FOUND, f"there is neither an object '{self._uri.shown}' nor any object below it"
            )
        staging.announce(sum(entry.size for entry in found.values()))
        for key in sorted(found):
            part = staging.part(key.removeprefix(self._key).strip("/"))
            if not part.kept(found[key].etag):
                self._fetch_object(store, key, part, staging, whole=False)

    def _list(self, store: Any) -> Mapping[str, Found]:
        """Keys below the prefix, without the markers that consoles and file systems make for folders."""
        found: dict[str, Found] = {}
        try:
            for batch in obstore.list(store, prefix=self._key or None):
                for entry in batch:
                    if entry["path"] != self._key:
                        found[entry["path"]] = Found(entry["size"], entry["e_tag"] or "")
                if len(found) > MAX_FILES:
                    raise PullFailure(
                        Reason.TOO_LARGE, f"'{self._uri.shown}' has more than {MAX_FILES} objects below it"
                    )
        except _ERRORS as error:
            raise self._failure(error) from None
        folders = {parent for key in found for parent in _parents(key)}
        return {key: entry for key, entry in found.items() if entry.size or key not in folders}

    def _fetch_object(
        self, store: Any, key: str, part: Part, staging: Staging, *, whole: bool = True
    ) -> None:
        offset = part.offset
        try:
            found = obstore.get(store, key, options={"range": {"offset": offset}} if offset else None)
            etag = found.meta["e_tag"] or ""
            start = found.range[0] if offset else 0
            if start != offset or (offset and etag != part.validator):
                part.forget()
                raise self._changed(key)
            if whole:
                staging.announce(found.meta["size"])
            else:
                staging.budget.expect(found.meta["size"])
            part.receive(found.stream(min_chunk_size=CHUNK), start, etag)
        except _ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # our own disk, not their storage
            if part.offset == offset:  # the range itself may be what the server does not take
                part.forget()
            raise self._failure(error) from None

    def _changed(self, key: str) -> PullFailure:
        return PullFailure(
            Reason.UNREACHABLE,
            f"'{redact_text(key)}' of '{self._uri.shown}' changed while it was fetched: fetched anew",
            transient=True,
        )

    def _failure(self, error: Exception) -> PullFailure:
        """What the server meant, from its error code, else from the kind of error."""
        if isinstance(error, InvalidPathError):
            return PullFailure(
                Reason.UNSUPPORTED_FORMAT,
                f"not every key below '{self._uri.shown}' can be a file's path: empty parts, '.', '..' and "
                "control characters cannot be",
            )
        match = self._vendor.code.search(str(error))
        code = next(filter(None, match.groups()), "") if match else ""
        where, said = f"'{self._uri.shown}'", f" ({code})" if code else ""
        if code in self._vendor.denied or isinstance(error, PermissionDeniedError | UnauthenticatedError):
            return PullFailure(
                Reason.ACCESS_DENIED, f"the storage refuses {where}{said}: check {self._vendor.rights}"
            )
        if code in self._vendor.absent or isinstance(error, FileNotFoundError):
            return PullFailure(Reason.NOT_FOUND, f"there is no {where}{said}")
        if isinstance(error, ValueError):
            return PullFailure(Reason.INVALID_URI, f"{where} is no key that the storage takes")
        return PullFailure(
            Reason.UNREACHABLE, f"the storage of {where} cannot be reached or fails{said}", transient=True
        )


def _parents(key: str) -> list[str]:
    parts = key.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _milliseconds(seconds: float) -> str:
    return f"{max(1, int(seconds * 1000))}ms"
