"""Secrets in URIs and in other libraries' texts: gone before anybody can print them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slipway_runtime.security.redact import LONGEST, redact_text, redact_uri

SHOWN = [
    ("s3://models/iris/3", "s3://models/iris/3"),
    ("https://host:8443/a/b.onnx", "https://host:8443/a/b.onnx"),
    ("https://host/m?X-Amz-Signature=5ecret&X-Amz-Credential=AKIA5ecret", "https://host/m"),
    ("https://host/m?sig=5ecret#5ecret", "https://host/m"),
    ("https://host/m#5ecret", "https://host/m"),
    ("https://user:5ecret@host/m", "https://host/m"),
    ("https://5ecret@host/m", "https://host/m"),
    ("s3://AKIA:5ecret@bucket/key", "s3://bucket/key"),
    ("s3://AKIA:5ec/ret@bucket/key", "s3://bucket/key"),
    ("https://user:5ec@ret@host/m", "https://host/m"),
    ("https://user:5ec?ret@host/m", "https://host/m"),
    ("https://user:5ec#ret@host/m", "https://host/m"),
    ("https:user:5ecret@host/m", "host/m"),
    ("https:/user:5ecret@host/m", "https:/host/m"),
    ("user:5ecret@host/m", "host/m"),
    ("https://host:8443/pkg@1.2/m", "https://host:8443/pkg@1.2/m"),
    ("https://host/pkg@1.2/m", "https://host/pkg@1.2/m"),
    ("http://[::1]:80/m", "http://[::1]:80/m"),
    ("file:/models/a@b/m.onnx", "file:/models/a@b/m.onnx"),
    ("file:///models/m.onnx", "file:///models/m.onnx"),
    ("s3://b/\x1b[2Jé\n", "s3://b/ [2J  "),
    ("", ""),
]


@pytest.mark.parametrize(("uri", "shown"), SHOWN)
def test_a_uri_is_shown_without_its_secrets(uri: str, shown: str) -> None:
    """It stands in logs, in the pod's status and in kubectl."""
    assert redact_uri(uri) == shown


@given(
    scheme=st.sampled_from(["http", "https", "s3", "gs"]),
    user=st.text("abcAKIA0-_.", max_size=6),
    password=st.text("canry/+=@:?#%&.~'\"", max_size=20),
    tail=st.sampled_from(["", "/", "/m.onnx", "/a/b?x=1", "/m#f"]),
)
@example(scheme="s3", user="AKIA", password="a/b+c/d=@x", tail="/m")
def test_no_password_survives_however_it_was_written(
    scheme: str, user: str, password: str, tail: str
) -> None:
    """AWS secrets hold slashes, and nobody encodes them at the first try."""
    canary = f"{password}c4nary{password}"
    shown = redact_uri(f"{scheme}://{user}:{canary}@host{tail}")
    assert "c4nary" not in shown
    assert shown.endswith("host" + tail.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0])


@given(st.text("ab/:.@?#=&%[]", max_size=30))
def test_nothing_behind_a_question_mark_is_shown(before: str) -> None:
    """A presigned URL carries its signature there."""
    assert "c4nary" not in redact_uri(f"https://host/{before}?sig=c4nary")
    assert "c4nary" not in redact_text(f"cannot get https://host/a?sig=c4nary{before}")


@pytest.mark.parametrize(
    "text",
    [
        "GET https://user:5ecret@host/m failed",
        "GET https://user:5e/c5ecret@host/m failed",
        "error sending request for url (https://host/m?X-Amz-Signature=5ecret)",
        'url: "https://host/m?sig=5ecret", retries: 0',
        "<SignatureProvided>5ecret</SignatureProvided>",
        "<StringToSign>AWS4-5ecret</StringToSign>",
        "<AWSAccessKeyId>5ecret</AWSAccessKeyId>",
        "Authorization: Bearer 5ecret",
        "authorization: Basic 5ecret==",
        "x-amz-security-token: 5ecret",
        "secret_access_key=5ecret",
        "'aws_secret_access_key': '5ecret'",
        "password=5ecret&user=a",
        "Token=5ecret",
        '{"client_secret": "5ecret"}',
        "AccountKey=x;SharedAccessSignature=5ecret",
    ],
)
def test_a_librarys_text_loses_what_looks_like_a_secret(text: str) -> None:
    """Libraries print whole requests into their errors."""
    assert "5ecret" not in redact_text(text)


@pytest.mark.parametrize(
    "text",
    ["connection refused", "is opset 25 supported?", "why? because", "shape [1,4] is not [-1,2]", "50% done"],
)
def test_an_ordinary_text_stays_readable(text: str) -> None:
    """A redacted cause helps nobody."""
    assert redact_text(text) == text


@given(st.text(max_size=1000))
def test_what_comes_out_is_short_printable_ascii(text: str) -> None:
    """It goes into a termination message of 2,000 bytes and onto terminals."""
    for shown in (redact_uri(text), redact_text(text)):
        assert len(shown) <= LONGEST
        assert shown.isascii()
        assert shown.isprintable() or shown == ""
