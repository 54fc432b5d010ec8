"""Vendors' environment variables, looked over before a library reads them.

Libraries panic, or fail in words that nobody understands, on a value that cannot stand in a request: a key
with the line break that `echo` put into the secret, an endpoint without a scheme. Those are the commonest
mistakes of all, so each is named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slipway_runtime.errors import PullFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def check_values(environ: Mapping[str, str], beginning: str, *, except_for: Iterable[str] = ()) -> None:
    """Refuse values that no header can carry.

    Args:
        environ: the environment.
        beginning: of the names that are looked at.
        except_for: names whose values may have lines.

    Raises:
        PullFailure: InvalidSettings; names the variable, never its value.
    """
    for name, value in environ.items():
        if name.startswith(beginning) and name not in except_for and not _is_line(value):
            raise unusable(
                name, "has a line break, a control character or spaces around it; make the secret without"
            )


def check_endpoints(environ: Mapping[str, str], names: Iterable[str]) -> None:
    """Refuse endpoints that are no http(s) URL.

    Raises:
        PullFailure: InvalidSettings; names the variable, never its value.
    """
    for name in names:
        if environ.get(name) and not _is_endpoint(environ[name]):
            raise unusable(name, "must be http://HOST or https://HOST, with :PORT where it needs one")


def first_of(environ: Mapping[str, str], names: Iterable[str]) -> str:
    """The first of these variables that is set; empty when none is."""
    return next((environ[name] for name in names if environ.get(name)), "")


def unusable(name: str, why: str) -> PullFailure:
    """The failure that names a variable."""
    return PullFailure(Reason.INVALID_SETTINGS, f"the environment variable {name} {why}")


def _is_line(value: str) -> bool:
    return value.isprintable() and value == value.strip()


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = text.isascii() and _is_line(text) and " " not in text and "@" not in text
    return fits and plain and parts.scheme in ("http", "https") and bool(parts.hostname)
