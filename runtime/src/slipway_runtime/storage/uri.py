"""A model's URI, parsed once: scheme, authority, path. What the schemes mean is their modules' business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.redact import redact_uri

MAX_LENGTH = 2048
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
SCHEMES = ("file", "http", "https", "s3")


@dataclass(frozen=True, slots=True)
class ModelUri:
    """A URI that is well-formed for its scheme.

    Attributes:
        scheme: one of SCHEMES.
        authority: host and port, or bucket; empty for file.
        path: decoded file system path, raw URL path and query, or object key.
        shown: without userinfo and query, fit for logs.
    """

    scheme: str
    authority: str
    path: str
    shown: str


def parse_uri(text: str) -> ModelUri:
    """Read a URI.

    Raises:
        PullFailure: InvalidURI; says what is wrong and repeats no secret.
    """
    shown = redact_uri(text)
    if len(text) > MAX_LENGTH or not text.isprintable() or " " in text:
        raise _invalid(f"it must be at most {MAX_LENGTH} printable characters without spaces", shown)
    scheme, separator, rest = text.partition(":")
    if not separator or scheme not in SCHEMES:
        raise _invalid(f"its scheme must be one of {', '.join(name + ':' for name in SCHEMES)}", shown)
    if scheme == "file":
        return ModelUri(scheme, "", _file_path(rest, shown), shown)
    if scheme == "s3":
        return _s3(rest, shown)
    return _http(text, shown)


def _file_path(rest: str, shown: str) -> str:
    path = rest
    if rest.startswith("//"):
        host, slash, tail = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise _invalid("a file: URI names no host; write file:/path", shown)
        path = slash + tail
    path = unquote(path)
    if not path or not path.isprintable():
        raise _invalid("it must name a path of printable characters", shown)
    return path


def _s3(rest: str, shown: str) -> ModelUri:
    """Keys are taken literally, as the vendors' tools do: '?' and '%' are ordinary characters in them."""
    bucket, _, key = rest.removeprefix("//").partition("/")
    if not rest.startswith("//") or not _BUCKET.fullmatch(bucket):
        raise _invalid("write s3://BUCKET/KEY, credentials go into the environment", shown)
    return ModelUri("s3", bucket, key.strip("/"), shown)


def _http(text: str, shown: str) -> ModelUri:
    if not text.isascii():
        raise _invalid("over HTTP, characters beyond ASCII are written percent-encoded", shown)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _invalid("host or port is malformed", shown) from None
    if not host or "@" in parts.netloc or "\\" in text:
        raise _invalid("it must name a host, and no user or password", shown)
    if parts.path.endswith("/") or not parts.path:
        raise _invalid("it must name one file: over HTTP there are no folders", shown)
    name = f"[{host}]" if ":" in host else host
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return ModelUri(parts.scheme, f"{name}:{port}" if port else name, path, shown)


def _invalid(what: str, shown: str) -> PullFailure:
    return PullFailure(Reason.INVALID_URI, f"the model's URI is not usable: {what}; it is '{shown}'")
