"""`http:` sources against a real server on loopback that misbehaves in every way that servers do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model_web import Answer, Request, model_web
from moved_clock import MovedClock
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.localize import RECORD
from slipway_runtime.storage.pull import Puller

MODEL = b"graph and weights" * 100
Pullers = Callable[..., Puller]


def _scripted(*answers: Answer) -> Callable[[Request], Answer]:
    """One answer after another; the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def _files(dest: Path) -> dict[str, bytes]:
    files = [path for path in dest.rglob("*") if path.is_file() and path.name != RECORD]
    return {path.name: path.read_bytes() for path in files}


def _failure(puller: Puller, url: str, dest: Path) -> PullFailure:
    with pytest.raises(PullFailure) as caught:
        puller.pull(url, dest)
    assert _files(dest) == {}
    return caught.value


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """Where the model goes."""
    return tmp_path / "dest"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/model.onnx", "model.onnx"),
        ("/a/b/iris.onnx?version=3&x=/y", "iris.onnx"),
        ("/m%20x.onnx", "m%20x.onnx"),
        ("/..%2f..%2fevil", "..%2f..%2fevil"),
        ("/download", "download"),
    ],
)
def test_a_file_arrives_under_the_name_in_its_url(puller: Pullers, dest: Path, path: str, name: str) -> None:
    """The name is taken literally: nothing in it is decoded into a path."""
    with model_web(Answer(body=MODEL)) as web:
        artifact = puller().pull(web.url(path), dest)
    assert _files(dest) == {name: MODEL}
    assert (artifact.size_bytes, artifact.single) == (len(MODEL), True)
    assert [request.target for request in web.requests] == [path]


def test_the_request_says_no_more_than_it_must(
    puller: Pullers, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies, .netrc and cookies are the environment's: a stranger's URL must not get them."""
    (tmp_path / ".netrc").write_text("default login canary password canary\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    with model_web(Answer(body=b"proxy")) as proxy, model_web(Answer(body=MODEL)) as web:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        puller().pull(web.url(), dest)
    assert proxy.requests == []
    assert set(web.requests[0].headers) == {"host", "accept-encoding", "user-agent"}
    assert "canary" not in web.requests[0].text
    assert _files(dest) == {"model.onnx": MODEL}


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (404, Reason.NOT_FOUND, "there is no such file"),
        (410, Reason.NOT_FOUND, "there is no such file"),
        (401, Reason.ACCESS_DENIED, "lacks credentials"),
        (403, Reason.ACCESS_DENIED, "lacks credentials"),
        (407, Reason.ACCESS_DENIED, "lacks credentials"),
        (400, Reason.INVALID_URI, "no way to hand out a model"),
        (204, Reason.INVALID_URI, "no way to hand out a model"),
        (206, Reason.INVALID_URI, "no way to hand out a model"),
        (304, Reason.INVALID_URI, "no way to hand out a model"),
        (418, Reason.INVALID_URI, "no way to hand out a model"),
    ],
)
def test_an_answer_that_will_not_change_ends_the_pull_at_once(
    puller: Pullers, dest: Path, status: int, reason: Reason, said: str
) -> None:
    """A wrong URL shows within seconds; the status is named."""
    with model_web(Answer(status, b"" if status in (204, 304) else b"secret page")) as web:
        failure = _failure(puller(), web.url(), dest)
    assert (failure.reason, len(web.requests)) == (reason, 1)
    assert str(status) in failure.message
    assert said in failure.message
    assert "secret page" not in failure.message


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_an_answer_that_may_change_is_asked_for_again(
    puller: Pullers, moved: MovedClock, dest: Path, status: int
) -> None:
    """A registry that restarts or throttles must not fail a rollout."""
    with model_web(_scripted(Answer(status), Answer(status), Answer(body=MODEL))) as web:
        puller().pull(web.url(), dest)
    assert _files(dest) == {"model.onnx": MODEL}
    assert (len(web.requests), len(moved.slept)) == (3, 2)


def test_a_server_that_never_recovers_is_unreachable(puller: Pullers, moved: MovedClock, dest: Path) -> None:
    """After --retry-seconds the reason is told instead of hoped away."""
    with model_web(Answer(503)) as web:
        failure = _failure(puller(), web.url(), dest)
    assert failure.reason is Reason.UNREACHABLE
    assert "answered 503" in failure.message
    assert sum(moved.slept) <= 60


def test_a_body_that_ends_early_is_fetched_again(puller: Pullers, dest: Path) -> None:
    """Half a file has a digest too: it must never be taken for the model."""
    cut = Answer(body=MODEL[:100], declared=len(MODEL))
    with model_web(_scripted(cut, cut, Answer(body=MODEL))) as web:
        puller().pull(web.url(), dest)
    assert _files(dest) == {"model.onnx": MODEL}
    assert len(web.requests) == 3


def test_a_body_that_always_ends_early_is_unreachable(puller: Pullers, dest: Path) -> None:
    """A proxy with a limit of its own cuts every time."""
    with model_web(Answer(body=MODEL[:100], declared=len(MODEL))) as web:
        failure = _failure(puller(retry_seconds=0), web.url(), dest)
    assert failure.reason is Reason.UNREACHABLE


def test_a_body_of_unknown_length_is_fetched(puller: Pullers, dest: Path) -> None:
    """Some servers close the connection instead of counting."""
    with model_web(Answer(body=MODEL, declared=None)) as web:
        puller().pull(web.url(), dest)
    assert _files(dest) == {"model.onnx": MODEL}


@pytest.mark.parametrize("declared", [None, -1])
def test_a_model_beyond_the_limit_is_refused(puller: Pullers, dest: Path, declared: int | None) -> None:
    """An endless answer would fill the node's disk; what is too large is not tried again."""
    with model_web(Answer(body=MODEL, declared=declared)) as web:
        failure = _failure(puller(max_model_bytes=1000), web.url(), dest)
    assert (failure.reason, len(web.requests)) == (Reason.TOO_LARGE, 1)
    assert "the limit is 1000" in failure.message


def test_a_length_beyond_the_limit_is_refused_before_the_body(puller: Pullers, dest: Path) -> None:
    """A hundred gigabytes need not come first."""
    with model_web(Answer(body=b"", declared=10**11)) as web:
        failure = _failure(puller(), web.url(), dest)
    assert failure.reason is Reason.TOO_LARGE
    assert str(10**11) in failure.message


def test_a_compressed_answer_is_refused(puller: Pullers, dest: Path) -> None:
    """Its digest would be of other bytes, and inflating it has no bound."""
    with model_web(Answer(body=MODEL, headers={"Content-Encoding": "gzip"})) as web:
        failure = _failure(puller(), web.url(), dest)
    assert failure.reason is Reason.UNSUPPORTED_FORMAT
    assert web.requests[0].headers["accept-encoding"] == "identity"


def test_ranges_are_not_needed(puller: Pullers, dest: Path) -> None:
    """Plain servers cannot do them."""
    with model_web(_scripted(Answer(body=MODEL[:9], declared=99), Answer(body=MODEL))) as web:
        puller().pull(web.url(), dest)
    assert not any("range" in request.headers for request in web.requests)


def test_a_port_where_nobody_listens_is_unreachable(puller: Pullers, dest: Path) -> None:
    """With the cause, so that nobody searches in the bucket."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failure = _failure(puller(retry_seconds=0), f"http://127.0.0.1:{taken.getsockname()[1]}/m.onnx", dest)
    assert failure.reason is Reason.UNREACHABLE
    assert "Connection refused" in failure.message


@pytest.fixture
def babbling() -> Iterator[str]:
    """A URL whose server does not speak HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/m.onnx"
        thread.join()


def test_a_server_of_another_protocol_is_unreachable(puller: Pullers, dest: Path, babbling: str) -> None:
    """A wrong port of the right machine."""
    assert _failure(puller(retry_seconds=0), babbling, dest).reason is Reason.UNREACHABLE


def test_a_url_with_a_signature_is_never_shown(puller: Pullers, dest: Path) -> None:
    """A presigned URL is a password for as long as it lives."""
    with model_web(Answer(403)) as web:
        failure = _failure(puller(), web.url("/m.onnx?X-Amz-Signature=canary"), dest)
    assert web.requests[0].target.endswith("canary")
    assert "canary" not in failure.message
    assert "/m.onnx" in failure.message


def test_the_record_does_not_keep_a_signature(puller: Pullers, dest: Path) -> None:
    """It lies beside the model, where the server and everybody in its pod reads it."""
    with model_web(Answer(body=MODEL)) as web:
        artifact = puller().pull(web.url("/m.onnx?sig=canary"), dest)
    assert "canary" not in artifact.uri
    assert "canary" not in (dest / RECORD).read_text()
