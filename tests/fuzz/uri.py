"""Fuzz target: a model's URI is read or refused, and what is shown of it has no secret in it."""

from __future__ import annotations

from coverage_guided import check_refusal, fuzz, instrumented

with instrumented("slipway_runtime"):
    from slipway_runtime.errors import PullFailure, Reason
    from slipway_runtime.security.redact import redact_text
    from slipway_runtime.storage.uri import SCHEMES, parse_uri

LONGEST = 300


def one(document: bytes) -> None:
    """Read a URI; a signature in its query never comes back."""
    text = document.decode("utf-8", errors="surrogateescape")
    _read(text)
    _read(f"https://host.example/{text.partition('?')[0]}?X-Amz-Signature=c4nary")
    shown = redact_text(text)
    assert shown.isascii()
    assert len(shown) <= LONGEST


def _read(text: str) -> None:
    try:
        uri = parse_uri(text)
    except PullFailure as failure:
        assert failure.reason is Reason.INVALID_URI  # noqa: PT017 # both ends are right
        check_refusal(failure.message)
        assert "c4nary" not in failure.message  # noqa: PT017 # likewise
        return
    assert uri.scheme in SCHEMES
    assert uri.shown.isascii()
    assert "c4nary" not in uri.shown
    assert "@" not in uri.authority, "a password became a host"
    assert not set(uri.authority) & set("?#\\ \t\r\n"), "the host is not what it seems"
    assert ".." not in (*uri.reference.split("/"), *uri.authority.split("/")), "a part leads out"


if __name__ == "__main__":
    fuzz(one, __file__)
