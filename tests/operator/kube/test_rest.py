from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import aiohttp
import orjson
import pytest

import scripted_api as play
from scripted_api import ScriptedApi
from slipway_operator.core.actions import Kind
from slipway_operator.kube import errors
from slipway_operator.kube.client import CHILDREN, EVENTS, LEASES, MODELDEPLOYMENTS, WatchEvent
from slipway_operator.kube.rest import RestClient

DEPLOYMENTS = CHILDREN[Kind.DEPLOYMENT]


@pytest.fixture
async def client(api: ScriptedApi) -> AsyncIterator[RestClient]:
    """A client that loses patience soon."""
    async with aiohttp.ClientSession() as session:
        yield RestClient(session, api.url, request_seconds=0.5, silence_seconds=0.2)


async def watched(client: RestClient, seen: list[WatchEvent]) -> None:
    """Puts a watch's events into `seen` until it ends."""
    stream = client.watch(DEPLOYMENTS, "models", selector="a=b", version="7", seconds=0)
    async with aclosing(stream) as events:
        async for each in events:
            seen.append(each)  # noqa: PERF401 -- what came before an error counts


def event(kind: str, version: str, **more: Any) -> dict[str, Any]:
    """A watch line."""
    return {"type": kind, "object": {"metadata": {"resourceVersion": version, **more}}}


async def test_an_object_is_read_where_it_lives(api: ScriptedApi, client: RestClient) -> None:
    """A wrong path would be a 404 that looks like a deleted object."""
    api.then(play.json({"kind": "ModelDeployment"}))
    assert await client.get(MODELDEPLOYMENTS, "models", "iris") == {"kind": "ModelDeployment"}
    assert api.asked[0].path == "/apis/slipway.dev/v1alpha1/namespaces/models/modeldeployments/iris"


@pytest.mark.parametrize(
    ("resource", "namespace", "path"),
    [
        (CHILDREN[Kind.SERVICE], None, "/api/v1/services"),
        (CHILDREN[Kind.POD], "models", "/api/v1/namespaces/models/pods"),
        (CHILDREN[Kind.HORIZONTAL_POD_AUTOSCALER], None, "/apis/autoscaling/v2/horizontalpodautoscalers"),
    ],
)
def test_every_kind_has_the_path_of_its_group(resource: Any, namespace: str | None, path: str) -> None:
    """The core group lives under /api, all others under /apis."""
    assert resource.path(namespace) == path


async def test_a_list_comes_in_chunks_whose_items_say_what_they_are(
    api: ScriptedApi, client: RestClient
) -> None:
    """Items of a list carry no kind, and everything after this reads one."""
    api.then(play.page({"metadata": {"name": "a"}}, version="12", token="more"))
    answer = await client.list_page(DEPLOYMENTS, None, selector="x=y", limit=2, token="")
    assert answer.token == "more"
    assert answer.resource_version == "12"
    assert (answer.items[0]["kind"], answer.items[0]["apiVersion"]) == ("Deployment", "apps/v1")
    assert api.asked[0].query == {"labelSelector": "x=y", "limit": "2"}


async def test_an_apply_says_who_applies_and_whether_by_force(api: ScriptedApi, client: RestClient) -> None:
    """Unforced creates are what keeps us from overwriting a stranger."""
    api.then(play.json({}))
    manifest = {"metadata": {"namespace": "models", "name": "iris"}}
    await client.apply(DEPLOYMENTS, manifest, manager="slipway", force=False)
    await client.apply(MODELDEPLOYMENTS, manifest, manager="slipway-status", force=True, subresource="status")
    first, second = api.asked
    assert (first.method, first.query) == ("PATCH", {"fieldManager": "slipway", "force": "false"})
    assert first.headers["Content-Type"] == "application/apply-patch+yaml"
    assert first.body == manifest
    assert second.path.endswith("/modeldeployments/iris/status")
    assert second.query["force"] == "true"


async def test_a_deletion_names_the_very_object(api: ScriptedApi, client: RestClient) -> None:
    """Without the uid, a new object of the same name would be deleted instead."""
    api.then(play.json({"kind": "Status"}))
    await client.delete(DEPLOYMENTS, "models", "iris", uid="u1")
    assert api.asked[0].method == "DELETE"
    assert api.asked[0].body == {"propagationPolicy": "Background", "preconditions": {"uid": "u1"}}


async def test_plain_creates_and_updates_go_to_collection_and_object(
    api: ScriptedApi, client: RestClient
) -> None:
    """Events are created, Leases updated under their resourceVersion."""
    api.then(play.json({}))
    await client.create(EVENTS, {"metadata": {"namespace": "models", "name": "e"}}, manager="m")
    await client.replace(LEASES, {"metadata": {"namespace": "slipway", "name": "l"}})
    assert [(a.method, a.path) for a in api.asked] == [
        ("POST", "/api/v1/namespaces/models/events"),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/slipway/leases/l"),
    ]


async def test_a_refusal_becomes_an_error_with_the_servers_words(
    api: ScriptedApi, client: RestClient
) -> None:
    """The words reach the user's condition: they name the rule that was broken."""
    api.then(play.refusal(429, "TooManyRequests", "too busy", Retry_After="9"))
    with pytest.raises(errors.Throttled, match="too busy") as caught:
        await client.get(DEPLOYMENTS, "models", "iris")
    assert caught.value.retry_after == 9


@pytest.mark.parametrize(
    "broken",
    [
        play.text("<html>bad gateway</html>", 502),
        play.text("not JSON", 200),
        play.silence,
        play.stream(b'{"half": ', end="cut"),
    ],
    ids=["a proxy's page", "no JSON", "no answer", "cut in the middle"],
)
async def test_a_useless_answer_is_an_outage_and_nothing_worse(
    api: ScriptedApi, client: RestClient, broken: play.Answer
) -> None:
    """Load balancers answer for dead API servers; that must be retried, not crash the operator."""
    api.then(broken)
    with pytest.raises(errors.Unavailable):
        await client.get(DEPLOYMENTS, "models", "iris")


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    """Connection refused is what an API server's restart looks like."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(errors.Unavailable):
            await RestClient(session, "http://127.0.0.1:1").discover("/apis/slipway.dev")


async def test_a_watch_gives_whole_events_however_they_are_cut_up(
    api: ScriptedApi, client: RestClient
) -> None:
    """TCP delivers halves of lines, and a Deployment's line can be megabytes long."""
    big = orjson.dumps(event("MODIFIED", "9", big="x" * 3_000_000)) + b"\n"
    api.then(play.stream(event("ADDED", "8"), big[:100_000], big[100_000:], b"\n", event("BOOKMARK", "11")))
    seen: list[WatchEvent] = []
    await watched(client, seen)
    assert [(e.type, e.object["metadata"]["resourceVersion"]) for e in seen] == [
        ("ADDED", "8"),
        ("MODIFIED", "9"),
        ("BOOKMARK", "11"),
    ]
    assert api.asked[0].query["resourceVersion"] == "7"
    assert api.asked[0].query["allowWatchBookmarks"] == "true"


async def test_half_a_line_at_the_end_of_a_watch_is_no_event(api: ScriptedApi, client: RestClient) -> None:
    """What was cut off comes again from the last version; guessing at it would be wrong."""
    api.then(play.stream(event("ADDED", "8"), b'{"type": "DELETED", "obj'))
    seen: list[WatchEvent] = []
    await watched(client, seen)
    assert len(seen) == 1


@pytest.mark.parametrize("end", ["cut", "silent"])
async def test_a_watch_whose_connection_dies_says_so_soon(
    api: ScriptedApi, client: RestClient, end: str
) -> None:
    """A connection lost behind a load balancer stays open for hours and never says a word."""
    api.then(play.stream(event("ADDED", "8"), end=end))
    seen: list[WatchEvent] = []
    with pytest.raises(errors.Unavailable):
        await watched(client, seen)
    assert len(seen) == 1


@pytest.mark.parametrize("code", [410, 500, None])
async def test_an_error_inside_a_watch_means_that_the_list_is_due_again(
    api: ScriptedApi, client: RestClient, code: int | None
) -> None:
    """ERROR events come with 200 in front; taking one for an object would poison the store."""
    api.then(play.stream({"type": "ERROR", "object": {"kind": "Status", "code": code, "message": "no"}}))
    with pytest.raises(errors.Expired, match="no"):
        await watched(client, [])


async def test_a_watch_that_is_refused_says_why(api: ScriptedApi, client: RestClient) -> None:
    """410 as an HTTP status means the same as 410 inside the stream."""
    api.then(play.refusal(410, "Expired"))
    with pytest.raises(errors.Expired):
        await watched(client, [])
