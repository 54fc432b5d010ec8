"""Canaries: secrets in every place that a pull reads, and in none that anybody else does."""

from __future__ import annotations

import itertools

import pytest

from model_web import Answer, model_web
from pull_command import PullCommand, Pulled

CANARY = "c4nary"
ENVIRON = {
    "AWS_ACCESS_KEY_ID": f"AKIA{CANARY}1",
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}2/a+b=",
    "AWS_SESSION_TOKEN": f"{CANARY}3",
    "AWS_REGION": "us-east-1",
    "HTTPS_PROXY": f"http://user:{CANARY}4@127.0.0.1:1",
    "HF_TOKEN": f"{CANARY}5",
    "GOOGLE_BEARER_TOKEN": f"{CANARY}6",
    "DOCKER_AUTH_CONFIG": f'{{"auths": {{"host.invalid": {{"username": "me", "password": "{CANARY}7"}}}}}}',
}
LOCAL = "--allow-local-addresses"


def _assert_silent(done: Pulled, pull: PullCommand) -> None:
    assert CANARY not in done.everything
    assert len(done.report) <= 2000
    for path in pull.dest.rglob(".slipway-*"):
        assert path.is_dir() or CANARY not in path.read_text()


@pytest.mark.parametrize(
    "uri",
    [
        f"https://user:{CANARY}@host.invalid/m.onnx",
        f"https://user:{CANARY}/b@host.invalid/m.onnx",
        f"https://user:{CANARY}#b@host.invalid/m.onnx",
        f"https://{CANARY}@host.invalid/m.onnx",
        f"https://host.invalid/m.onnx?X-Amz-Signature={CANARY}&X-Amz-Credential={CANARY}",
        f"https://host.invalid:port/m.onnx?sig={CANARY}",
        f"https://host.invalid/?sig={CANARY}",
        f"oci://user:{CANARY}@host.invalid/org/m:v1",
        f"oci://host.invalid/org/m:v1?token={CANARY}",
        f"hf://user:{CANARY}@org/model",
        f"az://models/iris?sv=1&sig={CANARY}",
        f"abfs://models:{CANARY}@account1.dfs.core.windows.net/iris",
        f"https://host.invalid/m.onnx#{CANARY}",
        f"s3://AKIA:{CANARY}@bucket/key",
        f"s3://AKIA:{CANARY}/+b@bucket/key",
        f"s3:AKIA:{CANARY}@bucket/key",
        f"ftp://user:{CANARY}@host.invalid/m",
        f"user:{CANARY}@host.invalid/m",
    ],
)
def test_a_secret_in_a_uri_is_never_told(pull: PullCommand, uri: str) -> None:
    """People put them there, and the URI is in every message."""
    done = pull(uri, "--retry-seconds", "0", environ=ENVIRON)
    assert done.code in (2, 10, 11, 21)
    _assert_silent(done, pull)


ANSWERS = {
    "found": Answer(body=b"model", headers={"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}),
    "not found": Answer(404, f"no {CANARY} here".encode()),
    "denied": Answer(
        403,
        f"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{CANARY}</AWSAccessKeyId>"
        f"<StringToSign>{CANARY}</StringToSign></Error>".encode(),
    ),
    "broken": Answer(500, CANARY.encode()),
    "cut": Answer(body=b"mo", declared=5),
    "moved": Answer(302, headers={"Location": f"https://user:{CANARY}@host.invalid/?sig={CANARY}"}),
    "moved to a file": Answer(302, headers={"Location": f"file:/m?sig={CANARY}"}),
}


@pytest.mark.parametrize(("answer", "scheme"), sorted(itertools.product(ANSWERS, ["http", "s3"])))
def test_a_secret_in_an_answer_or_in_the_environment_is_never_told(
    pull: PullCommand, answer: str, scheme: str
) -> None:
    """Servers repeat in their errors what they were sent; success and every failure are looked at."""
    with model_web(ANSWERS[answer]) as web:
        environ = {**ENVIRON, "AWS_ENDPOINT_URL": web.url("")}
        uri = web.url(f"/m.onnx?sig={CANARY}") if scheme == "http" else "s3://bucket/key"
        done = pull(uri, LOCAL, "--retry-seconds", "0", environ=environ)
    assert (done.code == 0) == (answer == "found")
    _assert_silent(done, pull)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_secret_with_a_line_break_is_named_and_not_shown(pull: PullCommand, name: str) -> None:
    """Made by `echo secret | base64`: the library would end the process with a backtrace."""
    done = pull("s3://bucket/key", environ={**ENVIRON, name: f"{CANARY}\n"})
    assert (done.code, done.message["reason"]) == (2, "InvalidSettings")
    assert name in done.message["message"]
    assert len(done.log) == 1
    _assert_silent(done, pull)


def test_an_endpoint_with_credentials_in_it_is_named_and_not_shown(pull: PullCommand) -> None:
    """Another place where people put them."""
    environ = {**ENVIRON, "AWS_ENDPOINT_URL": f"http://user:{CANARY}@127.0.0.1:1"}
    done = pull("s3://bucket/key", "--retry-seconds", "0", environ=environ)
    assert done.code == 2
    _assert_silent(done, pull)
