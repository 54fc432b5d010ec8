"""A model's URI, parsed once. What the schemes mean is their modules' business.

file:PATH                                        http(s)://HOST[:PORT]/PATH[?QUERY]
s3://BUCKET[/KEY]   gs://BUCKET[/KEY]            az://CONTAINER[/KEY]
abfs[s]://CONTAINER@ACCOUNT.dfs.core.windows.net[/KEY]
hf://ORGANISATION/MODEL[@REVISION][/PATH]        oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.redact import redact_uri

MAX_LENGTH = 2048
SCHEMES = ("file", "http", "https", "s3", "gs", "az", "abfs", "abfss", "hf", "oci")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_CONTAINER = re.compile(r"[a-z0-9$][a-z0-9-]{0,62}")
_LAKE = re.compile(r"([a-z0-9]{3,24})\.(?:dfs|blob)\.core\.windows\.net")
_HUB_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_./-]{0,199}")
_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9._/-]{0,254}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelUri:
    """A URI that is well-formed for its scheme.

    Attributes:
        scheme: one of SCHEMES.
        authority: host and port, bucket, container, or ORGANISATION/MODEL; empty for file.
        path: decoded file system path, raw URL path and query, object key, path in a repository.
        shown: without userinfo and query, fit for logs.
        reference: revision, tag or digest; empty where the URI has none.
        account: Azure's; empty where the URI has none.
    """

    scheme: str
    authority: str
    path: str
    shown: str
    reference: str = ""
    account: str = ""


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
    if scheme in ("http", "https"):
        return _http(text, shown)
    place = rest[2:] if rest.startswith("//") else ""  # which no scheme takes
    return _READERS.get(scheme, _azure)(scheme, place, shown)


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


def _bucket(scheme: str, rest: str, shown: str) -> ModelUri:
    """Keys are taken literally, as the vendors' tools do: '?' and '%' are ordinary characters in them."""
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise _invalid(f"write {scheme}://BUCKET/KEY, credentials go into the environment", shown)
    return ModelUri(scheme, bucket, key.strip("/"), shown)


def _azure(scheme: str, rest: str, shown: str) -> ModelUri:
    place, _, key = rest.partition("/")
    container, at, host = place.partition("@")
    lake = _LAKE.fullmatch(host) if at and scheme != "az" else None
    if not _CONTAINER.fullmatch(container) or (at and not lake):
        raise _invalid(
            "write az://CONTAINER/PATH with AZURE_STORAGE_ACCOUNT_NAME, or "
            "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH; credentials go into the environment",
            shown,
        )
    account = lake.group(1) if lake else ""
    told = redact_uri(f"{scheme}://{container}/{key}")
    if lake:  # a container before an '@' is no secret
        told = told.replace(container, place, 1)
    return ModelUri("az", container, key.strip("/"), told, account=account)


def _hub(scheme: str, rest: str, shown: str) -> ModelUri:
    organisation, _, rest = rest.partition("/")
    name, _, path = rest.partition("/")
    model, _, revision = name.replace("@", ":", 1).partition(":")
    revision = unquote(revision)
    named = all(_HUB_NAME.fullmatch(part) and ".." not in part for part in (organisation, model))
    if not named or (revision and not _REVISION.fullmatch(revision)) or ".." in revision:
        raise _invalid("write hf://ORGANISATION/MODEL@REVISION/PATH, the token goes into HF_TOKEN", shown)
    return ModelUri(scheme, f"{organisation}/{model}", path.strip("/"), shown, reference=revision)


def _registry(scheme: str, rest: str, shown: str) -> ModelUri:
    host, _, rest = rest.partition("/")
    name, at, digest = rest.partition("@")
    repository, colon, tag = name.partition(":")
    fits = _REPOSITORY.fullmatch(repository) and ".." not in repository and "//" not in repository
    pinned = _DIGEST.fullmatch(digest) if at else True
    if not fits or not pinned or (colon and not _TAG.fullmatch(tag)):
        raise _invalid(
            "write oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST, credentials go into "
            "DOCKER_AUTH_CONFIG",
            shown,
        )
    checked = _http(f"https://{host}/v2", shown)
    return ModelUri(scheme, checked.authority, repository, shown, reference=digest or tag or "latest")


_READERS = {"s3": _bucket, "gs": _bucket, "hf": _hub, "oci": _registry}


def _invalid(what: str, shown: str) -> PullFailure:
    return PullFailure(Reason.INVALID_URI, f"the model's URI is not usable: {what}; it is '{shown}'")
