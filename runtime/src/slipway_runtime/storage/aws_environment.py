"""The vendor's environment names for S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.storage.environment import check_endpoints, check_values, first_of

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
    check_values(environ, "AWS_")
    check_endpoints(environ, ENDPOINTS)


def allows_http(environ: Mapping[str, str]) -> bool:
    """True where the endpoint was given without TLS on purpose."""
    return first_of(environ, ENDPOINTS).lower().startswith("http://")


def signs(environ: Mapping[str, str]) -> bool:
    """True where the environment has credentials and does not ask to leave them out."""
    if environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("true", "1"):
        return False
    return bool(first_of(environ, _CREDENTIALS))
