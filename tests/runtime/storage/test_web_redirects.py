"""Redirects: followed as browsers do, but never into this machine, and never with anything secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpcore
import pytest

from model_web import Answer, ModelWeb, Request, model_web
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.pull import Puller
from slipway_runtime.storage.source import Budget
from slipway_runtime.storage.staging import Staging
from slipway_runtime.storage.uri import parse_uri
from slipway_runtime.storage.web import WebSource
from slipway_runtime.storage.web_client import MAX_REDIRECTS, CheckedBackend, HttpClient

MODEL = b"graph"
Pullers = Callable[..., Puller]


def _to(location: str, status: int = 302) -> Answer:
    return Answer(status, headers={"Location": location, "Set-Cookie": "session=canary"})


def _by_path(**answers: Answer) -> Callable[[Request], Answer]:
    return lambda request: answers[request.target.strip("/").split(".")[0].split("?")[0]]


class OneHostIsOutside(CheckedBackend):
    """Knows the host name `store.example`, which leads to a test's server; checks all others as usual."""

    def __init__(self, web: ModelWeb) -> None:
        super().__init__(allow_local=False)
        self._web = web

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect."""
        if host != "store.example":
            return super().connect_tcp(host, port, timeout, local_address, socket_options)
        address, _, real = self._web.authority.partition(":")
        return httpcore.SyncBackend().connect_tcp(address, int(real), timeout, local_address, socket_options)


@pytest.fixture
def canary() -> Iterator[ModelWeb]:
    """A server that must never hear anything."""
    with model_web(Answer(body=b"internal")) as web:
        yield web


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(puller: Pullers, tmp_path: Path, status: int) -> None:
    """Release pages hand out storage URLs; the file keeps the name that was asked for."""
    with model_web(_by_path(model=_to("/elsewhere.bin", status), elsewhere=Answer(body=MODEL))) as web:
        artifact = puller().pull(web.url("/model.onnx"), tmp_path)
    assert (tmp_path / "model.onnx").read_bytes() == MODEL
    assert artifact.uri == web.url("/model.onnx")


@pytest.mark.parametrize("location", ["b.onnx", "./b.onnx", "/b.onnx", "//{authority}/b.onnx", "?x=1"])
def test_a_location_may_be_relative(puller: Pullers, tmp_path: Path, location: str) -> None:
    """As the standard says."""

    def answer(request: Request) -> Answer:
        if request.target == "/a.onnx":
            return _to(location.format(authority=web.authority))
        return Answer(body=MODEL)

    with model_web(answer) as web:
        puller().pull(web.url("/a.onnx"), tmp_path)
    assert (tmp_path / "a.onnx").read_bytes() == MODEL


def test_another_host_gets_nothing_of_the_first_ones(puller: Pullers, tmp_path: Path) -> None:
    """Cookies, the signature in the query and the address one came from are the first host's."""
    with model_web(Answer(body=MODEL), host="127.0.0.2") as other, model_web(_to(other.url())) as web:
        puller().pull(web.url("/model.onnx?X-Amz-Signature=canary"), tmp_path)
    (request,) = other.requests
    assert "canary" not in request.text
    assert set(request.headers) == {"host", "accept-encoding", "user-agent"}
    assert request.headers["host"] == other.authority


@pytest.mark.parametrize(("hops", "arrives"), [(MAX_REDIRECTS, True), (MAX_REDIRECTS + 1, False)])
def test_redirects_are_counted(puller: Pullers, tmp_path: Path, hops: int, arrives: int) -> None:
    """Five are a detour, more are a trap."""
    answers = {f"m{i}": _to(f"/m{i + 1}.onnx") for i in range(hops)} | {f"m{hops}": Answer(body=MODEL)}
    with model_web(_by_path(**answers)) as web:
        if arrives:
            puller().pull(web.url("/m0.onnx"), tmp_path)
            return
        with pytest.raises(PullFailure, match="redirects more than 5 times") as caught:
            puller().pull(web.url("/m0.onnx"), tmp_path)
    assert caught.value.reason is Reason.INVALID_URI
    assert len(web.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("location", ["/model.onnx", ""])
def test_a_circle_ends(puller: Pullers, tmp_path: Path, location: str) -> None:
    """A misconfigured server redirects to itself."""
    with model_web(_to(location)) as web, pytest.raises(PullFailure, match="redirects more than 5 times"):
        puller().pull(web.url("/model.onnx"), tmp_path)
    assert len(web.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "location",
    [
        "file:/etc/passwd",
        "file:///etc/passwd",
        "s3://bucket/key",
        "ftp://host/m",
        "gopher://host/m",
        "javascript:alert(1)",
        "http://user:canary@host/m",
        "http://host:port/m",
        "http://host/",
        "http://h\u00f6st/m",
    ],
)
def test_a_redirect_away_from_the_web_is_refused(puller: Pullers, tmp_path: Path, location: str) -> None:
    """The answer of a web server must not read this machine's files or another account's bucket."""
    with model_web(_to(location)) as web, pytest.raises(PullFailure) as caught:
        puller().pull(web.url(), tmp_path)
    assert (caught.value.reason, len(web.requests)) == (Reason.INVALID_URI, 1)
    assert "canary" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"]
)
def test_a_redirect_into_this_machine_is_refused(tmp_path: Path, canary: ModelWeb, host: str) -> None:
    """An allowed host that sends the puller to the node's own ports is the classic attack."""
    port = canary.authority.rpartition(":")[2]
    with model_web(_to(f"http://{host}:{port}/latest/meta-data")) as web:
        source = WebSource(
            parse_uri("http://store.example/model.onnx"),
            HttpClient(allow_local=False, backend=OneHostIsOutside(web)),
        )
        with pytest.raises(PullFailure) as caught:
            source.fetch(Staging(tmp_path, Budget(1000, 1e9)))
    assert (caught.value.reason, caught.value.transient) == (Reason.INVALID_URI, False)
    assert canary.requests == []
    assert web.requests[0].headers["host"] == "store.example"


def test_a_url_into_this_machine_is_refused_without_the_flag(
    puller: Pullers, tmp_path: Path, canary: ModelWeb
) -> None:
    """Whoever may write a ModelDeployment may not read what listens on the node."""
    with pytest.raises(PullFailure) as caught:
        puller(allow_local_addresses=False).pull(canary.url(), tmp_path)
    assert caught.value.reason is Reason.INVALID_URI
    assert canary.requests == []
