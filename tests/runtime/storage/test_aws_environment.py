"""The environment names of S3: mistakes in a secret are named before the library trips over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.aws_environment import ENDPOINTS, allows_http, check_environment, signs
from slipway_runtime.storage.s3 import s3_source
from slipway_runtime.storage.uri import parse_uri

CANARY = "c4nary"
SECRETS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"]


def _refusal(environ: dict[str, str]) -> str:
    with pytest.raises(PullFailure) as caught:
        check_environment(environ)
    assert (caught.value.reason, caught.value.transient) == (Reason.INVALID_SETTINGS, False)
    assert CANARY not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {}", "{} ", "\t{}", "{}\x00", "a\n{}"])
def test_a_line_break_in_a_secret_is_named(name: str, around: str) -> None:
    """`echo key | base64` puts one there, and nobody sees it."""
    text = _refusal({name: around.format(CANARY)})
    assert name in text
    assert "line break" in text


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    "endpoint",
    [
        "c4nary",
        "s3.c4nary.svc:9000",
        "http://",
        "https://",
        "http:///c4nary",
        "ftp://c4nary",
        "http://c4nary:99999",
        "http://c4nary:0",
        "http://c4nary:port",
        "http://[::1",
        "http://a c4nary",
        "http://c4n\u00e4ry",
        "http://user:c4nary@host",
    ],
)
def test_an_endpoint_that_is_no_url_is_named(name: str, endpoint: str) -> None:
    """Host and port without a scheme is how people write it."""
    text = _refusal({name: endpoint})
    assert name in text
    assert "http://HOST" in text


@pytest.mark.parametrize(
    "endpoint", ["http://s3.svc:9000", "https://s3.example", "http://[fd00::1]:80", "https://host/base/path"]
)
def test_an_endpoint_that_is_a_url_is_fine(endpoint: str) -> None:
    """Some storages live below a path."""
    check_environment({"AWS_ENDPOINT_URL": endpoint})


def test_other_variables_are_nobody_elses_business() -> None:
    """A pod's environment holds certificates and scripts."""
    check_environment({"CERTIFICATE": "a\nb", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "a/b+c="})


def test_a_source_looks_before_it_asks(tmp_path: Path) -> None:
    """The library would end the process, with the reason in a language that no operator reads."""
    with pytest.raises(PullFailure, match="AWS_ACCESS_KEY_ID has a line break"):
        s3_source(parse_uri("s3://b/k"), {"AWS_ACCESS_KEY_ID": "AKIA\n"})


@pytest.mark.parametrize(
    ("environ", "allowed"),
    [
        ({}, False),
        ({"AWS_ENDPOINT_URL": "http://s3"}, True),
        ({"AWS_ENDPOINT_URL": "HTTP://s3"}, True),
        ({"AWS_ENDPOINT_URL": "https://s3"}, False),
        ({"AWS_ENDPOINT_URL": "http://s3", "AWS_ENDPOINT_URL_S3": "https://s3"}, False),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT": "http://s3"}, True),
    ],
)
def test_plain_http_is_allowed_only_where_the_endpoint_says_so(environ: dict[str, str], allowed: int) -> None:
    """The public cloud is never asked in the clear."""
    assert allows_http(environ) == allowed


@pytest.mark.parametrize(
    ("environ", "signed"),
    [
        ({}, False),
        ({"AWS_ACCESS_KEY_ID": ""}, False),
        ({"AWS_REGION": "us-east-1"}, False),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, True),
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SKIP_SIGNATURE": "false"}, True),
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SKIP_SIGNATURE": "True"}, False),
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SKIP_SIGNATURE": "1"}, False),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/token"}, True),
    ],
)
def test_requests_are_signed_only_with_credentials_of_the_environment(
    environ: dict[str, str], signed: int
) -> None:
    """Never with the node's own."""
    assert signs(environ) == signed
