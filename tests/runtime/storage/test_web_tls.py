"""`https:` sources: certificates are verified, and nothing leads back to plain HTTP."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from model_web import Answer, Request, model_web
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.pull import Puller

MODEL = b"graph"
Pullers = Callable[..., Puller]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for `localhost`, signed by itself."""
    pem = tmp_path_factory.mktemp("tls") / "localhost.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        f" -addext subjectAltName=DNS:localhost -keyout {pem} -out {pem}.crt".split(),
        check=True,
        capture_output=True,
    )
    pem.write_text(pem.read_text() + Path(f"{pem}.crt").read_text())
    return pem


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")


def _at_localhost(url: str) -> str:
    return url.replace("http://127.0.0.1", "https://localhost")


def test_a_certificate_that_the_machine_trusts_is_fine(
    puller: Pullers, tmp_path: Path, context: ssl.SSLContext, trusted: None
) -> None:
    """A company's own authority, mounted into the pod, is how most stores inside are signed."""
    with model_web(Answer(body=MODEL), tls=context) as web:
        puller().pull(_at_localhost(web.url()), tmp_path)
    assert (tmp_path / "model.onnx").read_bytes() == MODEL


def test_a_certificate_that_nobody_signed_is_refused(
    puller: Pullers, tmp_path: Path, context: ssl.SSLContext
) -> None:
    """Whoever answers could hand out another model; the request is not even sent, nor tried again."""
    with model_web(Answer(body=MODEL), tls=context) as web, pytest.raises(PullFailure) as caught:
        puller().pull(_at_localhost(web.url("/m?sig=canary")), tmp_path)
    assert (caught.value.reason, caught.value.transient) == (Reason.UNREACHABLE, False)
    assert "cannot be verified: self" in caught.value.message
    assert web.requests == []


def test_a_certificate_for_another_name_is_refused(
    puller: Pullers, tmp_path: Path, context: ssl.SSLContext, trusted: None
) -> None:
    """A trusted certificate of somebody else is still somebody else's."""
    with model_web(Answer(body=MODEL), tls=context) as web, pytest.raises(PullFailure) as caught:
        puller().pull(web.url().replace("http:", "https:"), tmp_path)
    assert caught.value.reason is Reason.UNREACHABLE
    assert "127.0.0.1" in caught.value.message
    assert web.requests == []


def test_a_redirect_to_plain_http_is_refused(
    puller: Pullers, tmp_path: Path, context: ssl.SSLContext, trusted: None
) -> None:
    """What was asked for in private must not come over a wire that anybody may change."""
    with model_web(Answer(body=b"changed")) as plain:
        away = Answer(302, headers={"Location": plain.url("/model.onnx?sig=canary")})
        with model_web(away, tls=context) as web, pytest.raises(PullFailure) as caught:
            puller().pull(_at_localhost(web.url()), tmp_path)
    assert caught.value.reason is Reason.INVALID_URI
    assert "away from https" in caught.value.message
    assert "canary" not in caught.value.message
    assert plain.requests == []


def test_a_redirect_from_plain_http_to_tls_is_followed(
    puller: Pullers, tmp_path: Path, context: ssl.SSLContext, trusted: None
) -> None:
    """The other way round is what every host does."""
    with model_web(Answer(body=MODEL), tls=context) as web:

        def away(_: Request) -> Answer:
            return Answer(301, headers={"Location": _at_localhost(web.url())})

        with model_web(away) as plain:
            puller().pull(plain.url(), tmp_path)
    assert (tmp_path / "model.onnx").read_bytes() == MODEL


def test_a_server_without_tls_behind_an_https_url_is_unreachable(puller: Pullers, tmp_path: Path) -> None:
    """No silent fall back to plain HTTP."""
    with model_web(Answer(body=MODEL)) as web, pytest.raises(PullFailure) as caught:
        puller(retry_seconds=0).pull(web.url().replace("http:", "https:"), tmp_path)
    assert caught.value.reason is Reason.UNREACHABLE
    assert web.requests == []
