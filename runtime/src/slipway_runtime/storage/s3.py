"""`s3:` — an object, or every object below a prefix, from anything that speaks S3.

obstore does the protocol; it takes the vendors' environment names itself (AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, web identity tokens). Without any
credentials there, requests go unsigned: asking the node's metadata service for its role would hand the
node's rights to whoever can write a URI.

The reason of a refusal is in the answer's error code and not always in its status: an unknown access key is
a 404 at some servers. So the object is fetched without a HEAD before it, whose answer would have no body to
read.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError, InvalidPathError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.paths import safe_path
from slipway_runtime.security.redact import redact_text
from slipway_runtime.storage.aws_environment import allows_http, check_environment, signs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from slipway_runtime.storage.source import Budget
    from slipway_runtime.storage.uri import ModelUri

CHUNK = 4 * 1024 * 1024
MAX_FILES = 10_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
LONGEST_TRANSFER = 86_400.0
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_NO_LOCATION = re.compile(r"(redirect) without LOCATION")  # how another region answers
_ABSENT = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "InvalidBucketName"})
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "PermanentRedirect",
        "redirect",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "XAdminUserNotFound",
    }
)
_ERRORS = (BaseError, OSError, ValueError)


class S3Source:
    """One object or prefix.

    Args:
        uri: s3.
        environ: where the vendor's names are looked up.
    """

    def __init__(self, uri: ModelUri, environ: Mapping[str, str]) -> None:
        self._uri = uri
        self._key = uri.path
        self._environ = environ

    def fetch(self, folder: Path, budget: Budget) -> bool:
        """The object of that key; where there is none, everything below it."""
        store = self._store(budget)
        if self._key:
            try:
                self._fetch_object(
                    store, self._key, folder / safe_path(self._key.rsplit("/", maxsplit=1)[-1]), budget
                )
            except PullFailure as failure:
                if failure.reason is not Reason.NOT_FOUND:
                    raise
            else:
                return True
        self._fetch_prefix(store, folder, budget)
        return False

    def _store(self, budget: Budget) -> S3Store:
        check_environment(self._environ)
        try:
            return S3Store(
                self._uri.authority,
                client_options={
                    "allow_http": allows_http(self._environ),
                    "connect_timeout": _milliseconds(budget.seconds_left(CONNECT_SECONDS)),
                    "read_timeout": _milliseconds(budget.seconds_left(READ_SECONDS)),
                    "timeout": _milliseconds(budget.seconds_left(LONGEST_TRANSFER)),
                },
                retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
                skip_signature=not signs(self._environ),
            )
        except _ERRORS as error:
            said = redact_text(str(error).partition("\n")[0])  # its debug form follows
            raise PullFailure(
                Reason.INVALID_SETTINGS, f"the AWS_ settings do not fit together: {said}"
            ) from None

    def _fetch_prefix(self, store: S3Store, folder: Path, budget: Budget) -> None:
        keys = self._list(store)
        if not keys:
            raise PullFailure(
                Reason.NOT_FOUND, f"there is neither an object '{self._uri.shown}' nor any object below it"
            )
        budget.expect(sum(keys.values()))
        for key in sorted(keys):
            target = folder / safe_path(key.removeprefix(self._key).strip("/"))
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise self._no_path(": one key is the folder of another") from None
            self._fetch_object(store, key, target, budget)

    def _list(self, store: S3Store) -> dict[str, int]:
        """Keys below the prefix with their sizes, without the markers that consoles make for folders."""
        keys: dict[str, int] = {}
        try:
            for batch in obstore.list(store, prefix=self._key or None):
                keys.update((entry["path"], entry["size"]) for entry in batch if entry["path"] != self._key)
                if len(keys) > MAX_FILES:
                    raise PullFailure(
                        Reason.TOO_LARGE, f"'{self._uri.shown}' has more than {MAX_FILES} objects below it"
                    )
        except _ERRORS as error:
            raise self._failure(error) from None
        return keys

    def _fetch_object(self, store: S3Store, key: str, target: Path, budget: Budget) -> None:
        try:
            found = obstore.get(store, key)
            budget.expect(found.meta["size"])
            chunks: Iterable[Any] = found.stream(min_chunk_size=CHUNK)
            with target.open("wb") as file:
                for chunk in chunks:
                    budget.take(len(chunk))
                    file.write(chunk)
        except _ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # our own disk, not their storage
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> PullFailure:
        """What the server meant, from its error code, else from the kind of error."""
        if isinstance(error, InvalidPathError):
            return self._no_path(": empty parts, '.', '..' and control characters cannot be")
        match = _CODE.search(str(error)) or _NO_LOCATION.search(str(error))
        code = match.group(1) if match else ""
        where, said = f"'{self._uri.shown}'", f" ({code})" if code else ""
        if code in _DENIED or isinstance(error, PermissionDeniedError | UnauthenticatedError):
            return PullFailure(
                Reason.ACCESS_DENIED,
                f"the storage refuses {where}{said}: check the access key, the secret, AWS_REGION and "
                "AWS_ENDPOINT_URL in the secret, and the key's rights",
            )
        if code in _ABSENT or isinstance(error, FileNotFoundError):
            return PullFailure(Reason.NOT_FOUND, f"there is no {where}{said}")
        if isinstance(error, ValueError):
            return PullFailure(Reason.INVALID_URI, f"{where} is no key that S3 takes")
        return PullFailure(
            Reason.UNREACHABLE, f"the storage of {where} cannot be reached or fails{said}", transient=True
        )

    def _no_path(self, why: str) -> PullFailure:
        return PullFailure(
            Reason.UNSUPPORTED_FORMAT, f"not every key below '{self._uri.shown}' can be a file's path{why}"
        )


def _milliseconds(seconds: float) -> str:
    return f"{max(1, int(seconds * 1000))}ms"
