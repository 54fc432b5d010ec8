"""`s3:` sources against scripted answers: codes, keys and cuts that no real server gives on demand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from model_web import Answer, Request, model_web
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.buckets import MAX_FILES
from slipway_runtime.storage.localize import RECORD
from slipway_runtime.storage.pull import Puller

Pullers = Callable[..., Puller]
Script = Callable[[Request], Answer]
OBJECT = Answer(body=b"x", headers={"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})
CANARY = "c4nary/S3CR3T"


def _xml(text: str, status: int = 200) -> Answer:
    return Answer(status, f'<?xml version="1.0"?>{text}'.encode(), {"Content-Type": "application/xml"})


def _error(status: int, code: str) -> Answer:
    return _xml(f"<Error><Code>{code}</Code><Message>{CANARY}</Message></Error>", status)


def _listing(*keys: str) -> Answer:
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        '<ETag>"1"</ETag><Size>1</Size></Contents>'
        for key in keys
    )
    count = f"<KeyCount>{len(keys)}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    return _xml(f"<ListBucketResult><Name>b</Name><Prefix/>{count}{entries}</ListBucketResult>")


def _folder(*keys: str) -> Script:
    """A bucket with these keys and nothing at `m` itself."""

    def answer(request: Request) -> Answer:
        if "list-type" in request.target:
            return _listing(*keys)
        return _error(404, "NoSuchKey") if request.target == "/b/m" else OBJECT

    return answer


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a made-up account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.fixture
def pull(puller: Pullers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Request]]:
    """Pulls from a scripted storage into `tmp_path/dest`; returns what the storage was asked."""

    def run(script: Script | Answer, uri: str = "s3://b/m", **limits: float) -> list[Request]:
        with model_web(script) as web:
            monkeypatch.setenv("AWS_ENDPOINT_URL", web.url(""))
            try:
                puller(**{"retry_seconds": 0, **limits}).pull(uri, tmp_path / "dest")
            finally:
                requests.extend(web.requests)
        return requests

    requests: list[Request] = []
    return run


Pull = Callable[..., list[Request]]


def _arrived(tmp_path: Path) -> set[str]:
    dest = tmp_path / "dest"
    return {str(path.relative_to(dest)) for path in dest.rglob("*") if path.is_file() and path.name != RECORD}


def test_a_key_is_one_request(pull: Pull, tmp_path: Path) -> None:
    """No HEAD before it: its refusal would have no body to read the reason from."""
    assert [(request.method, request.target) for request in pull(OBJECT)] == [("GET", "/b/m")]
    assert _arrived(tmp_path) == {"m"}


def test_requests_are_signed_and_the_secret_is_not_sent(pull: Pull) -> None:
    """The secret signs, it does not travel."""
    (request,) = pull(OBJECT)
    assert "Credential=AKIAEXAMPLE/" in request.headers["authorization"]
    assert CANARY not in request.text


def test_a_setting_that_the_library_refuses_is_a_typed_failure(
    pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads more names than are documented here."""
    monkeypatch.setenv("AWS_UNSIGNED_PAYLOAD", "perhaps")
    with pytest.raises(PullFailure, match=r"AWS_ settings do not fit together.* as boolean$") as caught:
        pull(OBJECT)
    assert caught.value.reason is Reason.INVALID_SETTINGS


def test_without_credentials_requests_are_unsigned(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking the node's metadata service would lend the node's rights to whoever writes a URI."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (request,) = pull(OBJECT)
    assert "authorization" not in request.headers


def test_a_folder_is_every_key_below_it(pull: Pull, tmp_path: Path) -> None:
    """Consoles leave markers for folders: they are no files."""
    pull(_folder("m/", "m/model.onnx", "m/weights/0.bin", "m/~", "m/\u00fc \u00e9"))
    assert _arrived(tmp_path) == {"model.onnx", "weights/0.bin", "~", "\u00fc \u00e9"}


def test_a_bucket_is_a_folder(pull: Pull, tmp_path: Path) -> None:
    """One model a bucket."""
    pull(_folder("model.onnx", "a/b"), "s3://b")
    assert _arrived(tmp_path) == {"model.onnx", "a/b"}


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (403, "AccessDenied", Reason.ACCESS_DENIED),
        (403, "InvalidAccessKeyId", Reason.ACCESS_DENIED),
        (404, "InvalidAccessKeyId", Reason.ACCESS_DENIED),
        (404, "XAdminUserNotFound", Reason.ACCESS_DENIED),
        (403, "SignatureDoesNotMatch", Reason.ACCESS_DENIED),
        (403, "RequestTimeTooSkewed", Reason.ACCESS_DENIED),
        (400, "ExpiredToken", Reason.ACCESS_DENIED),
        (400, "InvalidToken", Reason.ACCESS_DENIED),
        (400, "AuthorizationHeaderMalformed", Reason.ACCESS_DENIED),
        (401, "SomethingNew", Reason.ACCESS_DENIED),
        (301, "PermanentRedirect", Reason.ACCESS_DENIED),
        (404, "NoSuchBucket", Reason.NOT_FOUND),
        (503, "SlowDown", Reason.UNREACHABLE),
        (500, "InternalError", Reason.UNREACHABLE),
        (400, "SomethingNew", Reason.UNREACHABLE),
    ],
)
def test_the_servers_code_becomes_a_reason(pull: Pull, status: int, code: str, reason: Reason) -> None:
    """Status codes differ between servers; and only what may pass is worth another try."""
    with pytest.raises(PullFailure) as caught:
        pull(_error(status, code))
    assert caught.value.reason is reason
    assert caught.value.transient == (reason is Reason.UNREACHABLE)
    assert code in caught.value.message or status == 301
    assert CANARY not in caught.value.message


def test_an_access_that_is_denied_names_what_to_check(pull: Pull) -> None:
    """Four settings have to be right together."""
    with pytest.raises(PullFailure) as caught:
        pull(_error(403, "AccessDenied"))
    for word in ("access key", "secret", "AWS_REGION", "AWS_ENDPOINT_URL", "rights"):
        assert word in caught.value.message


def test_a_fault_that_passes_is_waited_out(pull: Pull, tmp_path: Path) -> None:
    """SlowDown is how S3 says 'later'."""
    answers = [_error(503, "SlowDown"), _error(500, "InternalError"), OBJECT]
    assert len(pull(lambda _: answers.pop(0), retry_seconds=60)) == 3
    assert _arrived(tmp_path) == {"m"}


NO_PATHS = [
    "m/../../evil",
    "m/..",
    "m//a",
    "m/./a",
    "m/..\\..\\evil",
    "m/a\nb",
    "m/\u202eb",
    "m/.slipway-partial",
    "m/" + "x" * 300,
]


@pytest.mark.parametrize("key", NO_PATHS)
def test_a_key_that_is_no_path_ends_the_pull(pull: Pull, tmp_path: Path, key: str) -> None:
    """Whoever writes into the bucket chooses the keys; nothing is written, nothing is tried again."""
    with pytest.raises(PullFailure) as caught:
        pull(_folder("m/a", key))
    assert (caught.value.reason, caught.value.transient) == (Reason.UNSUPPORTED_FORMAT, False)
    assert {path.name for path in tmp_path.rglob("*")} == {"dest"}


def test_a_key_that_is_the_folder_of_another_ends_the_pull(pull: Pull) -> None:
    """Buckets can have both, file systems cannot; the disk is not full."""
    with pytest.raises(PullFailure, match="one key is the folder of another") as caught:
        pull(_folder("m/a", "m/a/b"))
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("uri", ["s3://b/m", "s3://b"])
def test_a_folder_without_objects_is_not_found(pull: Pull, uri: str) -> None:
    """An empty listing is an answer too; an empty model would never load."""
    with pytest.raises(PullFailure, match=r"neither an object .* nor any object below it") as caught:
        pull(_folder(), uri)
    assert (caught.value.reason, caught.value.transient) == (Reason.NOT_FOUND, False)


def test_a_folder_of_countless_objects_is_refused(pull: Pull) -> None:
    """The root of a data lake is no model."""
    with pytest.raises(PullFailure, match=f"more than {MAX_FILES} objects") as caught:
        pull(_folder(*(f"m/{number}" for number in range(MAX_FILES + 1))))
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("key", ["a//c", "a/../c", "./c"])
def test_a_uri_whose_key_is_no_path_is_refused_without_a_request(pull: Pull, key: str) -> None:
    """A typo in the URI."""
    with pytest.raises(PullFailure) as caught:
        pull(OBJECT, f"s3://b/{key}")
    assert caught.value.reason is Reason.INVALID_URI


def test_an_object_beyond_the_limit_is_refused(pull: Pull, tmp_path: Path) -> None:
    """Before it comes."""
    with pytest.raises(PullFailure) as caught:
        pull(Answer(body=b"x" * 200, headers=OBJECT.headers), max_model_bytes=100)
    assert caught.value.reason is Reason.TOO_LARGE
    assert _arrived(tmp_path) == set()


def test_a_folder_beyond_the_limit_is_refused_before_it_is_fetched(pull: Pull) -> None:
    """The listing says how much it is."""
    with pytest.raises(PullFailure) as caught:
        pull(_folder(*(f"m/{number}" for number in range(200))), max_model_bytes=100)
    assert caught.value.reason is Reason.TOO_LARGE


def test_an_object_that_ends_early_is_no_model(pull: Pull, tmp_path: Path) -> None:
    """A connection that broke is tried again, never taken for the end."""
    with pytest.raises(PullFailure) as caught:
        pull(Answer(body=b"x" * 20, headers=OBJECT.headers, declared=40))
    assert (caught.value.reason, caught.value.transient) == (Reason.UNREACHABLE, True)
    assert _arrived(tmp_path) == set()


def test_a_redirect_to_another_host_takes_no_credentials_along(pull: Pull) -> None:
    """A signature is good for minutes, and for this very request."""
    with model_web(OBJECT, host="127.0.0.2") as other:
        pull(Answer(307, headers={"Location": other.url("/b/m")}))
    (request,) = other.requests
    assert "authorization" not in request.headers
    assert "AKIAEXAMPLE" not in request.text
    assert CANARY not in request.text


def test_an_endpoint_where_nobody_listens_is_unreachable(
    puller: Pullers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come up."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(PullFailure) as caught:
        puller(retry_seconds=0).pull("s3://b/m", tmp_path / "dest")
    assert (caught.value.reason, caught.value.transient) == (Reason.UNREACHABLE, True)
