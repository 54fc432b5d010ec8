"""The vendor's environment names for S3, looked over before obstore reads them.

obstore panics on a value that cannot stand in a request: a key with the line break that `echo` put into the
secret, an endpoint without a scheme. Those are the commonest mistakes of all, so each is named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slipway_runtime.errors import PullFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def check_environment(environ: Mapping[str, str]) -> None:
    """Refuse what cannot be sent.

    Raises:
        PullFailure: InvalidSettings; names the variable, never its value.
    """
    for name, value in environ.items():
        if name.startswith("AWS_") and (not value.isprintable() or value != value.strip()):
            raise _unusable(
                name, "has a line break, a control character or spaces around it; make the secret without"
            )
    for name in ENDPOINTS:
        if environ.get(name) and not _is_endpoint(environ[name]):
            raise _unusable(name, "must be http://HOST or https://HOST, with :PORT where it needs one")


def allows_http(environ: Mapping[str, str]) -> bool:
    """True where the endpoint was given without TLS on purpose."""
    endpoint = next((environ[name] for name in ENDPOINTS if environ.get(name)), "")
    return endpoint.lower().startswith("http://")


def signs(environ: Mapping[str, str]) -> bool:
    """True where the environment has credentials and does not ask to leave them out."""
    if environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("true", "1"):
        return False
    return any(environ.get(name) for name in _CREDENTIALS)


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = text.isascii() and " " not in text and "@" not in text
    return fits and plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _unusable(name: str, why: str) -> PullFailure:
    return PullFailure(Reason.INVALID_SETTINGS, f"the environment variable {name} {why}")
