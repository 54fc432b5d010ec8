"""Faults to status codes."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from slipway_runtime import errors
from slipway_runtime.errors import RequestFault, RuntimeFault, ServingFault
from slipway_runtime.rest.errors import STATUS, error_reply
from slipway_runtime.rest.reply import STATUS_LINES


def leaves(kind: type[RuntimeFault]) -> Iterator[type[RuntimeFault]]:
    """The kinds that are raised."""
    below = kind.__subclasses__()
    if not below:
        yield kind
    for each in below:
        yield from leaves(each)


@pytest.mark.parametrize("kind", [*leaves(RequestFault), *leaves(ServingFault)])
def test_every_fault_of_a_request_has_a_status(kind: type[RuntimeFault]) -> None:
    """A kind that somebody adds and forgets here would come out as 500."""
    assert STATUS[kind] in STATUS_LINES


@pytest.mark.parametrize("kind", list(leaves(RequestFault)))
def test_a_client_s_fault_is_never_5xx(kind: type[RuntimeFault]) -> None:
    """It would page the people who run the server."""
    assert 400 <= STATUS[kind] < 500


@pytest.mark.parametrize("kind", [errors.Overloaded, errors.ModelNotReady])
def test_what_may_pass_says_when_to_come_back(kind: type[RuntimeFault]) -> None:
    """Clients and proxies retry on 503 with Retry-After, and on nothing else."""
    reply = error_reply(kind("later"))

    assert reply.status == 503
    assert b"retry-after: 1\r\n" in reply.head


def test_the_body_is_one_json_object_whatever_the_text_holds() -> None:
    """Quotes and control characters in a name must not break out of it."""
    text = "name 'a\"b\r\n\x1b[31m' is not known"

    assert orjson.loads(error_reply(errors.InvalidRequest(text)).body) == {"error": text}
