"""URIs: what each scheme means, and what is said of those that cannot work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.uri import MAX_LENGTH, ModelUri, parse_uri


@pytest.mark.parametrize(
    ("text", "scheme", "authority", "path"),
    [
        ("file:/models/iris", "file", "", "/models/iris"),
        ("file:///models/iris", "file", "", "/models/iris"),
        ("file://localhost/models/iris", "file", "", "/models/iris"),
        ("file:models/iris", "file", "", "models/iris"),
        ("file:/a%20b/%C3%A9", "file", "", "/a b/é"),
        ("s3://models/iris/3", "s3", "models", "iris/3"),
        ("s3://models/iris/3/", "s3", "models", "iris/3"),
        ("s3://models", "s3", "models", ""),
        ("s3://my.models-1_a/k", "s3", "my.models-1_a", "k"),
        ("s3://models/a?b=c%20#d", "s3", "models", "a?b=c%20#d"),
        ("s3://models/日本", "s3", "models", "日本"),
        ("https://host/m.onnx", "https", "host", "/m.onnx"),
        ("http://host:8080/a/m.onnx?v=1&x=%2F", "http", "host:8080", "/a/m.onnx?v=1&x=%2F"),
        ("http://[fd00::1]:80/m", "http", "[fd00::1]:80", "/m"),
        ("http://[fd00::1]/m", "http", "[fd00::1]", "/m"),
        ("https://HOST/M#fragment", "https", "host", "/M"),
    ],
)
def test_a_uri_is_taken_apart(text: str, scheme: str, authority: str, path: str) -> None:
    """Keys are literal in S3 and encoded over HTTP, as the vendors' own tools have it."""
    uri = parse_uri(text)
    assert (uri.scheme, uri.authority, uri.path) == (scheme, authority, path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "its scheme must be one of file:, http:, https:, s3:"),
        ("models/iris", "its scheme must be one of"),
        ("/models/iris", "its scheme must be one of"),
        ("gs://b/k", "its scheme must be one of"),
        ("ftp://host/m", "its scheme must be one of"),
        ("S3://b/k", "its scheme must be one of"),
        ("javascript:alert(1)", "its scheme must be one of"),
        ("file:", "it must name a path"),
        ("file://host/m", "a file: URI names no host"),
        ("file:/a%00b", "it must name a path of printable characters"),
        ("file:/a%0Ab", "it must name a path of printable characters"),
        ("s3:models/iris", "write s3://BUCKET/KEY"),
        ("s3:///iris", "write s3://BUCKET/KEY"),
        ("s3://", "write s3://BUCKET/KEY"),
        ("s3://user:s3cr3t@models/iris", "write s3://BUCKET/KEY"),
        ("s3://models:80/iris", "write s3://BUCKET/KEY"),
        ("s3://models?list-type=2/iris", "write s3://BUCKET/KEY"),
        ("s3://../iris", "write s3://BUCKET/KEY"),
        ("s3://a%2Fb/iris", "write s3://BUCKET/KEY"),
        ("http://", "it must name a host"),
        ("http:///m", "it must name a host"),
        ("http:m", "it must name a host"),
        ("http://user:s3cr3t@host/m", "it must name a host, and no user or password"),
        ("http://host@other/m", "it must name a host, and no user or password"),
        ("http://host\\@other/m", "it must name a host, and no user or password"),
        ("http://host:port/m", "host or port is malformed"),
        ("http://host:99999/m", "host or port is malformed"),
        ("http://[::1/m", "host or port is malformed"),
        ("http://host", "it must name one file"),
        ("http://host/", "it must name one file"),
        ("http://host/folder/", "it must name one file"),
        ("http://host/mod\u00e8le", "percent-encoded"),
        ("http://\u24d7ost/m", "percent-encoded"),
        ("http://host/a b", "printable characters without spaces"),
        ("http://host/a\nHost: other", "printable characters without spaces"),
        ("s3://b/\x00", "printable characters without spaces"),
        ("s3://b/\ud800", "printable characters without spaces"),
        ("s3://b/" + "k" * MAX_LENGTH, f"at most {MAX_LENGTH} printable characters"),
    ],
)
def test_a_uri_that_cannot_work_is_told_why(text: str, expected: str) -> None:
    """It is typed by hand, and the answer is read in kubectl."""
    with pytest.raises(PullFailure) as caught:
        parse_uri(text)
    assert caught.value.reason is Reason.INVALID_URI
    assert not caught.value.transient
    assert expected in caught.value.message
    assert caught.value.message.isprintable()
    assert "s3cr3t" not in caught.value.message
    assert len(caught.value.message) < 600


@given(
    st.sampled_from(["", "file:", "s3://", "http://", "https://h", "s3:/", "http:"]),
    st.text("ab1/:@?#%[]\\. \n\u00e9\u2100&=", max_size=20) | st.text(max_size=40),
)
def test_any_text_is_a_uri_or_a_typed_failure(scheme: str, rest: str) -> None:
    """A typo must not show as a crash of the puller."""
    try:
        uri = parse_uri(scheme + rest)
    except PullFailure as failure:
        assert failure.reason is Reason.INVALID_URI  # noqa: PT017 # both ends are right
        return
    assert isinstance(uri, ModelUri)
    assert uri.scheme + ":" in scheme + rest
    assert "@" not in uri.authority
    assert uri.shown.isascii()
