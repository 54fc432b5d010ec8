"""What answers requests, when an endpoint does not do what it should."""

from __future__ import annotations

import json
import logging

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
    for name, endpoint in (("broken", broken), ("deserted", deserted), ("fine", fine)):
        router.add("POST", f"/{name}/{{model}}", endpoint, "v2")
    return App(router, access_log=access_log)


def asked(target: str) -> Request:
    """A request."""
    return Request(b"POST", target.encode(), {}, b"", "192.0.2.7", 0.0, 1.0, keep_alive=True)


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


async def test_the_access_log_has_one_line_for_each_request_and_no_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Queries carry tokens; bodies carry data; neither belongs in a log."""
    caplog.set_level(logging.INFO, "slipway_runtime.access")

    await app_with(Metrics(), access_log=True).answer(asked("/fine/m?token=abc"))

    (record,) = caplog.records
    assert (record.__dict__["path"], record.__dict__["status"]) == ("/fine/m", 200)
    assert record.__dict__["client"] == "192.0.2.7"
