"""URIs: what each scheme means, and what is said of those that cannot work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.uri import MAX_LENGTH, ModelUri, parse_uri

DIGEST = "sha256:" + "0a" * 32
BEGINNINGS = ["", "file:", "s3://", "http://", "https://h", "s3:/", "http:", "gs://", "az://"]
BEGINNINGS += ["abfs://c@", "hf://o/", "hf:", "oci://h/", "oci://"]


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
        ("gs://models/iris/3", "gs", "models", "iris/3"),
        ("az://models/iris/3/", "az", "models", "iris/3"),
        ("abfs://models/iris", "az", "models", "iris"),
        ("abfss://models@account1.dfs.core.windows.net/iris", "az", "models", "iris"),
        ("abfs://models@account1.blob.core.windows.net", "az", "models", ""),
        ("hf://org/model", "hf", "org/model", ""),
        ("hf://org/model@v1.0/onnx/model.onnx", "hf", "org/model", "onnx/model.onnx"),
        ("hf://org/model:refs%2Fpr%2F1", "hf", "org/model", ""),
        ("oci://ghcr.io/org/model", "oci", "ghcr.io", "org/model"),
        ("oci://host:5000/a/b/c:v1", "oci", "host:5000", "a/b/c"),
        ("oci://[fd00::1]:5000/m:v1", "oci", "[fd00::1]:5000", "m"),
        (f"oci://h.example/m:v1@{DIGEST}", "oci", "h.example", "m"),
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
    ("text", "reference", "account"),
    [
        ("abfs://models@account1.dfs.core.windows.net/iris", "", "account1"),
        ("az://models/iris", "", ""),
        ("hf://org/model", "", ""),
        ("hf://org/model@main", "main", ""),
        ("hf://org/model:refs%2Fpr%2F1/x", "refs/pr/1", ""),
        ("oci://ghcr.io/org/model", "latest", ""),
        ("oci://host:5000/m:v1", "v1", ""),
        (f"oci://host/m:v1@{DIGEST}", DIGEST, ""),
    ],
)
def test_what_a_uri_names_besides_the_place(text: str, reference: str, account: str) -> None:
    """A revision, a tag, a digest, an account: each in its own field, so that nobody splits strings later."""
    uri = parse_uri(text)
    assert (uri.reference, uri.account) == (reference, account)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "abfs://models@account1.dfs.core.windows.net/iris",
            "abfs://models@account1.dfs.core.windows.net/iris",
        ),
        ("az://models/iris?sig=s3cr3t", "az://models/iris"),
        (f"oci://host:5000/m@{DIGEST}", f"oci://host:5000/m@{DIGEST}"),
        ("hf://org/model@main/onnx", "hf://org/model@main/onnx"),
    ],
)
def test_what_is_shown_of_a_uri_is_what_one_recognises(text: str, shown: str) -> None:
    """An '@' is not always a password; a signature always is one."""
    assert parse_uri(text).shown == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("az://models@account1.dfs.core.windows.net/iris", "write az://CONTAINER/PATH"),
        ("az://Models/iris", "write az://CONTAINER/PATH"),
        ("az:models", "write az://CONTAINER/PATH"),
        ("abfs://models@account1.evil.example/iris", "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net"),
        ("abfs://models@account1.dfs.core.windows.net.evil.example/m", "ACCOUNT.dfs.core.windows.net"),
        ("abfs://models@evil.example/account1.dfs.core.windows.net", "ACCOUNT.dfs.core.windows.net"),
        ("abfs://user:s3cr3t@account1.dfs.core.windows.net/m", "write az://CONTAINER/PATH"),
        ("hf://model", "write hf://ORGANISATION/MODEL"),
        ("hf://org/../model", "write hf://ORGANISATION/MODEL"),
        ("hf://org/model@..%2F..%2Fother", "write hf://ORGANISATION/MODEL"),
        ("hf://org/model@a%3Fb", "write hf://ORGANISATION/MODEL"),
        ("hf://user:s3cr3t@org/model", "write hf://ORGANISATION/MODEL"),
        ("oci://host", "write oci://HOST/REPOSITORY"),
        ("oci://host/Upper", "write oci://HOST/REPOSITORY"),
        ("oci://host/a/../b", "write oci://HOST/REPOSITORY"),
        ("oci://host/m:", "write oci://HOST/REPOSITORY"),
        ("oci://host/m@sha256:1", "write oci://HOST/REPOSITORY"),
        ("oci://user:s3cr3t@host/m", "it must name a host, and no user or password"),
        ("oci://host:99999/m", "host or port is malformed"),
        ("", "its scheme must be one of file:, http:, https:, s3:"),
        ("models/iris", "its scheme must be one of"),
        ("/models/iris", "its scheme must be one of"),
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
    st.sampled_from(BEGINNINGS),
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
    assert (scheme + rest).startswith((f"{uri.scheme}:", "abfs"))
    assert "@" not in uri.authority
    assert uri.shown.isascii()
