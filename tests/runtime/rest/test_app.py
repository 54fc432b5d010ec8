"""What answers requests: faults, codings, ids and the access log."""

from __future__ import annotations

import gzip
import json
import logging
import zlib

import pytest

from slipway_runtime.errors import ClientGone, SlowBody
from slipway_runtime.rest.app import App
from slipway_runtime.rest.reply import Reply
from slipway_runtime.rest.request import Request
from slipway_runtime.rest.router import Router
from slipway_runtime.telemetry.metrics import Metrics


async def broken(_: Request) -> Reply:
    """Fails as no test foresaw."""
    raise ZeroDivisionError("secret tensor 5.1, 3.5")


async def deserted(_: Request) -> Reply:
    """Its client left."""
    raise ClientGone("gone")


async def fine(_: Request) -> Reply:
    """Works."""
    return Reply(200, b"", b"ok")


def app_with(metrics: Metrics, *, access_log: bool = False) -> App:
    """An application of these endpoints."""
    router = Router(lambda name: name == "m", metrics)
    for name, endpoint in (("broken", broken), ("deserted", deserted), ("fine", fine), ("echo", echo)):
        router.add("POST", f"/{name}/{{model}}", endpoint, "v2")
    return App(router, access_log=access_log)


async def echo(request: Request) -> Reply:
    """Answers what it was sent."""
    return Reply(200, b"", request.body)


def asked(target: str, body: bytes = b"", **headers: str) -> Request:
    """A request; underscores in header names are dashes."""
    told = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    return Request(b"POST", target.encode(), told, body, "192.0.2.7", 0.0, 1.0, keep_alive=True)


async def test_an_unforeseen_failure_is_500_and_its_text_stays_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A traceback in an answer shows strangers the inside, and their neighbours' data."""
    metrics = Metrics()

    reply = await app_with(metrics).answer(asked("/broken/m"))

    assert (reply.status, json.loads(reply.body)) == (
        500,
        {"error": "internal error: the server's log has it"},
    )
    assert "ZeroDivisionError" in caplog.text


async def test_a_fault_found_while_reading_is_answered_like_any_other() -> None:
    """The reader has no answers of its own."""
    request = asked("/fine/m")
    request.fault = SlowBody("late")

    assert (await app_with(Metrics()).answer(request)).status == 408


async def test_a_client_that_left_is_counted_as_such() -> None:
    """It is neither a success nor a failure of the server."""
    metrics = Metrics()

    await app_with(metrics).answer(asked("/deserted/m"))

    assert metrics.answers_of("m", "v2").codes == {499: 1}


async def test_a_compressed_request_gets_an_answer_in_the_coding_that_it_asked_for() -> None:
    """Both ways, for every protocol alike: endpoints never see a coding."""
    metrics = Metrics()
    sent = gzip.compress(b"features" * 100)

    reply = await app_with(metrics).answer(
        asked("/echo/m", sent, content_encoding="gzip", accept_encoding="deflate")
    )

    assert reply.head == b"content-encoding: deflate\r\n"
    assert zlib.decompress(reply.body) == b"features" * 100
    counted = metrics.answers_of("m", "v2")
    assert (counted.received, counted.sent) == (len(sent), len(reply.body))


async def test_a_bomb_is_413() -> None:
    """The limit of a body holds after inflation as well."""
    app = App(app_with(Metrics())._router, access_log=False, max_body=1000)

    reply = await app.answer(asked("/echo/m", gzip.compress(bytes(1001)), content_encoding="gzip"))

    assert reply.status == 413


@pytest.mark.parametrize("target", ["/fine/m", "/broken/m", "/nowhere"])
async def test_a_request_id_comes_back_with_every_answer(target: str) -> None:
    """A trace that ends at the failing request is of no use."""
    reply = await app_with(Metrics()).answer(asked(target, x_request_id="7f3a-91"))

    assert reply.head.endswith(b"x-request-id: 7f3a-91\r\n")


@pytest.mark.parametrize(
    "sent", [{}, {"x_request_id": ""}, {"x_request_id": "a b"}, {"x_request_id": "a" * 129}]
)
async def test_no_id_is_made_up_or_passed_on_that_is_none(sent: dict[str, str]) -> None:
    """What goes into other people's logs has a form and an end."""
    reply = await app_with(Metrics()).answer(asked("/fine/m", b"", **sent))

    assert reply.head == b""


async def test_the_access_log_has_one_line_for_each_request_and_nothing_of_its_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Queries carry tokens; bodies carry data; neither belongs in a log."""
    caplog.set_level(logging.INFO, "slipway_runtime.access")
    sent = gzip.compress(b"person" * 500)

    await app_with(Metrics(), access_log=True).answer(
        asked("/echo/m?token=abc", sent, content_encoding="gzip", x_request_id="r-1")
    )

    (record,) = caplog.records
    line = record.__dict__
    assert {name: line[name] for name in ("method", "path", "model", "protocol", "code", "request_id")} == {
        "method": "POST",
        "path": "/echo/m",
        "model": "m",
        "protocol": "v2",
        "code": 200,
        "request_id": "r-1",
    }
    assert (line["bytes_in"], line["bytes_out"], line["client"]) == (len(sent), 3000, "192.0.2.7")
    assert line["seconds"] > 0


async def test_with_an_access_log_every_request_has_an_id(caplog: pytest.LogCaptureFixture) -> None:
    """A client that reports it leads to the line."""
    caplog.set_level(logging.INFO, "slipway_runtime.access")

    reply = await app_with(Metrics(), access_log=True).answer(asked("/nowhere"))

    (record,) = caplog.records
    identity = record.__dict__["request_id"]
    assert len(identity) == 32
    assert reply.head.endswith(f"x-request-id: {identity}\r\n".encode())
    assert (record.__dict__["code"], record.__dict__["protocol"]) == (404, "")
