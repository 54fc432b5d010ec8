"""Credentials of storages that are asked over our own HTTP: who gets them, and who must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from model_web import Answer, ModelWeb, Request, model_web
from moved_clock import MovedClock
from oci_registry import FILE, MANIFEST, TITLE, digest_of
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.pull import Puller

GRAPH = b"graph"
CANARY = "c4nary-password"
Pullers = Callable[..., Puller]


def _artifact(request: Request) -> Answer:
    """A registry's answers about one artifact."""
    layer = {
        "digest": digest_of(GRAPH),
        "size": len(GRAPH),
        "mediaType": FILE,
        "annotations": {TITLE: "m.onnx"},
    }
    if "/manifests/" in request.target:
        return Answer(body=json.dumps({"mediaType": MANIFEST, "layers": [layer]}).encode())
    return Answer(body=GRAPH)


def _asking(realm: str) -> Answer:
    challenge = f'Bearer realm="{realm}",service="models",scope="repository:x:pull"'
    return Answer(401, headers={"WWW-Authenticate": challenge})


def _token(_: Request) -> Answer:
    return Answer(body=b'{"token": "t0ken"}')


def _registry(realm: Callable[[], str], then: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """A registry that wants a token."""

    def answer(request: Request) -> Answer:
        if request.target.startswith("/token"):
            return _token(request)
        if request.headers.get("authorization") != "Bearer t0ken":
            return _asking(realm())
        return then(request)

    return answer


def _pull(puller: Puller, web: ModelWeb, dest: Path) -> None:
    auths = {web.authority: {"username": "me", "password": CANARY}}
    environ = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": auths})}
    replace(puller, environ=environ).pull(f"oci://{web.authority}/org/m:v1", dest)


def _all(web: ModelWeb) -> str:
    return "".join(request.text for request in web.requests)


def test_a_token_is_asked_for_and_used(puller: Pullers, tmp_path: Path) -> None:
    """The password goes to the realm alone, the token to the registry; nothing before it is asked for."""
    with model_web(_registry(lambda: web.url("/token"), _artifact)) as web:
        _pull(puller(), web, tmp_path)
    sent = [
        (request.target.partition("?")[0], request.headers.get("authorization")) for request in web.requests
    ]
    basic = sent[1][1] or ""
    assert basic.startswith("Basic ")
    assert sent == [
        ("/v2/org/m/manifests/v1", None),
        ("/token", basic),
        ("/v2/org/m/manifests/v1", "Bearer t0ken"),
        (f"/v2/org/m/blobs/{digest_of(GRAPH)}", "Bearer t0ken"),
    ]
    assert "scope=repository%3Aorg%2Fm%3Apull" in web.requests[1].target
    assert (tmp_path / "m.onnx").read_bytes() == GRAPH


def test_a_blob_elsewhere_gets_no_token(puller: Pullers, tmp_path: Path) -> None:
    """Registries redirect to a storage with a signature of its own."""
    with model_web(Answer(body=GRAPH), host="127.0.0.2") as storage:

        def answer(request: Request) -> Answer:
            away = Answer(307, headers={"Location": storage.url("/blob?sig=1")})
            return away if "/blobs/" in request.target else _artifact(request)

        with model_web(_registry(lambda: web.url("/token"), answer)) as web:
            _pull(puller(), web, tmp_path)
    assert len(storage.requests) == 1
    assert "authorization" not in storage.requests[0].headers


def test_a_way_back_does_not_bring_the_token_back(puller: Pullers, tmp_path: Path) -> None:
    """Whoever sent us round chose where we come back to."""

    def answer(request: Request) -> Answer:
        if "/blobs/" in request.target:
            return Answer(307, headers={"Location": other.url("/round")})
        return Answer(body=GRAPH) if request.target == "/back" else _artifact(request)

    def open_or_locked(request: Request) -> Answer:
        return Answer(body=GRAPH) if request.target == "/back" else locked(request)

    locked = _registry(lambda: web.url("/token"), answer)
    with (
        model_web(open_or_locked) as web,
        model_web(lambda _: Answer(307, headers={"Location": web.url("/back")}), host="127.0.0.2") as other,
    ):
        _pull(puller(), web, tmp_path)
    (back,) = [request for request in web.requests if request.target == "/back"]
    assert "authorization" not in back.headers


def test_a_realm_on_another_host_in_the_clear_gets_no_password(puller: Pullers, tmp_path: Path) -> None:
    """A registry that was taken over would name its own."""
    with (
        model_web(_token, host="127.0.0.2") as realm,
        model_web(_registry(lambda: realm.url("/token"), _artifact)) as web,
        pytest.raises(PullFailure, match="credentials are not sent there") as caught,
    ):
        _pull(puller(), web, tmp_path)
    assert caught.value.reason is Reason.INVALID_URI
    assert realm.requests == []


@pytest.mark.parametrize("realm", ["", "nonsense", "file:///etc/passwd", "http://169.254.169.254/token"])
def test_a_realm_that_is_none_is_refused(puller: Pullers, tmp_path: Path, realm: str) -> None:
    """It is the registry's word, and the registry is named by a stranger."""
    with model_web(_asking(realm)) as web, pytest.raises(PullFailure) as caught:
        _pull(puller(), web, tmp_path)
    assert caught.value.reason is Reason.INVALID_URI
    assert CANARY not in caught.value.message


def test_another_registrys_password_is_not_sent(puller: Pullers, tmp_path: Path) -> None:
    """The config holds many; the host in the URI chooses."""
    environ = {
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"ghcr.io": {"username": "me", "password": CANARY}}})
    }
    refusing = Answer(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    with model_web(refusing) as web, pytest.raises(PullFailure) as caught:
        replace(puller(), environ=environ).pull(f"oci://{web.authority}/m", tmp_path)
    assert caught.value.reason is Reason.ACCESS_DENIED
    assert "authorization" not in _all(web).lower()


def test_a_registry_that_answers_by_drops_is_left_at_the_deadline(
    puller: Pullers, moved: MovedClock, tmp_path: Path
) -> None:
    """A manifest is no model file, and yet it has to come in time."""

    def slowly(_: Request) -> Answer:
        moved.now += 1000
        return Answer(body=b"{}")

    with model_web(slowly) as web, pytest.raises(PullFailure) as caught:
        puller().pull(f"oci://{web.authority}/m", tmp_path)
    assert caught.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "config",
    ["{", "[]", '{"auths": []}', '{"credsStore": "desktop"}', '{"auths": {"HOST": {"auth": "%%%"}}}'],
)
def test_a_config_that_cannot_be_read_is_named(puller: Pullers, tmp_path: Path, config: str) -> None:
    """The variable is named, its content never."""
    environ = {"DOCKER_AUTH_CONFIG": config.replace("HOST", "127.0.0.1:1")}
    with pytest.raises(PullFailure) as caught:
        replace(puller(), environ=environ).pull("oci://127.0.0.1:1/m", tmp_path)
    assert caught.value.reason is Reason.INVALID_SETTINGS
    assert "%%%" not in caught.value.message


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"not json",
        b"[" * 100_000,
        b'{"layers": {}}',
        b'{"layers": [{}]}',
        b'{"layers": [{"digest": "sha256:../../x", "size": 1}]}',
        b'{"layers": [{"digest": "sha256:' + b"0" * 64 + b'", "size": -1}]}',
        b'{"layers": [{"digest": "sha256:' + b"0" * 64 + b'", "size": 1e99}]}',
        b'{"manifests": []}',
        b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'", "platform": {"architecture": "s390x"}}, '
        b'{"digest": "sha256:' + b"1" * 64 + b'", "platform": 7}]}',
        b'{"layers": "' + b"x" * 5_000_000 + b'"}',
    ],
    ids=lambda manifest: manifest[:40].decode(),
)
def test_a_manifest_that_is_none_is_told(puller: Pullers, tmp_path: Path, manifest: bytes) -> None:
    """Registries hold images, charts and signatures too; and strangers' registries anything."""
    with model_web(Answer(body=manifest)) as web, pytest.raises(PullFailure) as caught:
        puller(max_model_bytes=10**9).pull(f"oci://{web.authority}/m", tmp_path)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert not caught.value.transient
