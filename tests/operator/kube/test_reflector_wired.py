"""The reflector's store stays true against a server that misbehaves on a real connection."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

import scripted_api as play
from reflector_bench import Bench, service
from scripted_api import ScriptedApi
from slipway_operator.kube.clock import MonotonicClock
from slipway_operator.kube.rest import RestClient

WATCH_ON = play.stream(end="silent")


@pytest.fixture
async def wired(api: ScriptedApi) -> AsyncIterator[Bench]:
    """A reflector on real connections, whose watches count as silent after 0.2 s."""
    async with aiohttp.ClientSession() as session:
        client = RestClient(session, api.url, request_seconds=2, silence_seconds=0.2)
        made = Bench(client, MonotonicClock(), watch_seconds=0)
        yield made
        await made.stop()


def added(name: str, version: int) -> dict[str, Any]:
    """An ADDED line."""
    return {"type": "ADDED", "object": service(name, version=version)}


def error(code: int) -> dict[str, Any]:
    """An ERROR line."""
    return {"type": "ERROR", "object": {"kind": "Status", "code": code, "message": f"says {code}"}}


@pytest.mark.parametrize("code", [410, 500, 504])
async def test_any_error_event_leads_to_a_new_list(api: ScriptedApi, wired: Bench, code: int) -> None:
    """An ERROR that is not 410 has killed or deafened operators before; here it costs one list."""
    api.then(
        play.page(service("a", version=5)),
        play.stream(added("b", 11), error(code)),
        play.page(service("c", version=20), version="20"),
        WATCH_ON,
    )
    await wired.until(["c"])
    assert wired.seen.lists == 2


async def test_an_expired_version_as_an_http_status_leads_to_a_new_list(
    api: ScriptedApi, wired: Bench
) -> None:
    """Both forms of 410 occur on real servers."""
    api.then(play.page(), play.refusal(410, "Expired"), play.page(service("a", version=5)), WATCH_ON)
    await wired.until(["a"])


async def test_a_continue_token_that_expires_half_way_begins_the_list_anew(
    api: ScriptedApi, wired: Bench
) -> None:
    """A slow list of a big cluster outlives etcd's compaction."""
    api.then(
        play.page(service("a", version=5), token="next"),
        play.refusal(410, "Expired"),
        play.page(service("a", version=5), token="next2"),
        play.page(service("b", version=6)),
        WATCH_ON,
    )
    await wired.until(["a", "b"])
    assert wired.seen.lists == 1


@pytest.mark.parametrize("end", ["cut", "silent", "clean"])
async def test_a_lost_connection_resumes_from_the_last_version(
    api: ScriptedApi, wired: Bench, end: str
) -> None:
    """Nothing is listed anew and nothing is lost, however the connection died."""
    api.then(play.page(), play.stream(added("a", 17), end=end), play.stream(added("b", 18), end="silent"))
    await wired.until(["a", "b"])
    watches = [asked.query for asked in api.asked if "watch" in asked.query]
    assert [query["resourceVersion"] for query in watches[:2]] == ["10", "17"]
    assert wired.seen.lists == 1


async def test_a_bookmark_moves_the_version_forward(api: ScriptedApi, wired: Bench) -> None:
    """Without bookmarks a quiet kind resumes from a version that the server has long forgotten."""
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "400"}}}
    api.then(play.page(), play.stream(bookmark), WATCH_ON)
    await api.after(3)
    assert api.asked[2].query["resourceVersion"] == "400"


async def test_a_refused_watch_keeps_what_is_known(api: ScriptedApi, wired: Bench) -> None:
    """RBAC that is taken away and given back must not look like everything was deleted."""
    api.then(
        play.page(service("a", version=5)),
        play.refusal(403, "Forbidden"),
        play.stream(added("b", 11), end="silent"),
    )
    await wired.until(["a", "b"])
    assert wired.seen.lists == 1
    assert wired.seen.failures == ["Forbidden"]
