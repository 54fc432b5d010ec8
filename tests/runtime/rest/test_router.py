"""Targets to endpoints, and what is remembered of them."""

from __future__ import annotations

import pytest

from slipway_runtime.errors import InvalidRequest, MethodNotAllowed, NotFound
from slipway_runtime.rest.reply import Reply
from slipway_runtime.rest.request import Request
from slipway_runtime.rest.router import REMEMBERED, Router
from slipway_runtime.telemetry.metrics import Metrics


async def infer(_: Request) -> Reply:
    """Stands for an inference."""
    return Reply(200, b"", b"")


async def describe(_: Request) -> Reply:
    """Stands for metadata."""
    return Reply(200, b"", b"")


@pytest.fixture
def router() -> Router:
    """A router that serves the models iris and a+b."""
    made = Router(lambda name: name in ("iris", "a+b"), Metrics())
    made.add("GET", "/v2/models/{model}", describe)
    made.add("POST", "/v2/models/{model}/infer", infer, "v2")
    made.add("POST", "/v2/models/{model}/versions/{version}/infer", infer, "v2")
    return made


def asked(target: str, method: str = "POST") -> Request:
    """A request for a target."""
    return Request(method.encode(), target.encode("latin-1"), {}, b"", "", 0.0, 1.0, keep_alive=True)


@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("/v2/models/iris/infer", {"model": "iris"}),
        ("/v2/models/iris/infer?trace=1", {"model": "iris"}),
        ("/v2/models/a%2Bb/infer", {"model": "a+b"}),
        ("/v2/models/iris/versions/12/infer", {"model": "iris", "version": "12"}),
        ("http://elsewhere/v2/models/iris/infer", {"model": "iris"}),
    ],
)
def test_a_path_leads_to_its_endpoint_with_its_params(
    router: Router, target: str, params: dict[str, str]
) -> None:
    """Clients quote names, add queries, and proxies send absolute targets."""
    for _ in range(2):  # the second time it is remembered
        match = router.match(asked(target))

        assert match.endpoint is infer
        assert match.params == params


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v2/models/iris/infer/",
        "/v2/models//infer",
        "/v2/models/iris/versions/one/infer",
        "/v2/models/../iris/infer",
        "/v2/models/iris/infer%00",
    ],
)
def test_what_is_no_path_of_the_server_is_not_found(router: Router, target: str) -> None:
    """Dots, doubled and quoted slashes must not lead anywhere else."""
    with pytest.raises(NotFound):
        router.match(asked(target))


@pytest.mark.parametrize("target", ["*", "/v2/models/%ff/infer", "/v2/models/\xe9/infer", "http://"])
def test_what_is_no_path_at_all_is_the_client_s_fault(router: Router, target: str) -> None:
    """It is a 400 with a reason, not a crash."""
    with pytest.raises((InvalidRequest, NotFound)):
        router.match(asked(target))


def test_a_quoted_slash_is_part_of_a_name(router: Router) -> None:
    """Else a name could reach a path that the one who quoted it did not mean."""
    assert router.match(asked("/v2/models/iris%2Finfer", "GET")).params == {"model": "iris/infer"}


def test_a_wrong_verb_is_told_the_right_ones(router: Router) -> None:
    """The Allow header is the remedy."""
    with pytest.raises(MethodNotAllowed) as caught:
        router.match(asked("/v2/models/iris/infer", "DELETE"))

    assert caught.value.allowed == ("POST",)


def test_head_goes_where_get_goes(router: Router) -> None:
    """HTTP promises that wherever there is a GET there is a HEAD."""
    assert router.match(asked("/v2/models/iris", "HEAD")).endpoint is describe


def test_asking_for_models_that_do_not_exist_fills_no_memory(router: Router) -> None:
    """Anybody can invent names."""
    for number in range(REMEMBERED * 2):
        router.match(asked(f"/v2/models/invented-{number}/infer"))

    assert len(router._known) == 0


def test_asking_for_one_model_in_endless_ways_fills_a_bounded_memory(router: Router) -> None:
    """Anybody can invent queries, too."""
    for number in range(REMEMBERED * 2):
        router.match(asked(f"/v2/models/iris/infer?{number}"))

    assert len(router._known) == REMEMBERED


def test_a_model_that_is_not_served_is_counted_without_its_name(router: Router) -> None:
    """Labels that clients can invent would fill the memory of whoever scrapes them."""
    counted = router.match(asked("/v2/models/invented/infer")).answers

    assert counted is router._metrics.answers_of("", "v2")


def test_only_inferences_are_counted(router: Router) -> None:
    """Health checks would drown the requests that matter."""
    assert router.match(asked("/v2/models/iris", "GET")).answers is None


def test_a_path_may_stand_for_a_model(router: Router) -> None:
    """Protocols that name no model are counted and remembered like the others."""
    router.add("POST", "/invocations", infer, "mlflow", model="iris")

    match = router.match(asked("/invocations"))

    assert match.params == {"model": "iris"}
    assert match.answers is router._metrics.answers_of("iris", "mlflow")
    assert (b"POST", b"/invocations") in router._known


@pytest.mark.parametrize(
    "target", ["/v1/models/iris:predict", "/v1/models/iris%3Apredict", "/v1/models/iris%3apredict"]
)
def test_a_method_after_a_colon_may_be_quoted(router: Router, target: str) -> None:
    """Clients that quote whole path segments quote the colon, too."""
    router.add("POST", "/v1/models/{model}:predict", infer, "v1")
    router.add("GET", "/v1/models/{model}", describe)

    assert router.match(asked(target)).params == {"model": "iris"}


def test_a_path_that_is_a_model_s_name_comes_last_and_only_for_served_models(router: Router) -> None:
    """Fixed routes win whichever was added first, and other names are not found."""
    router.add("POST", "/{model}", describe, "plain")
    router.add("POST", "/iris", infer)

    assert router.match(asked("/iris")).endpoint is infer
    assert router.match(asked("/a+b")).endpoint is describe
    for verb in ("GET", "POST"):
        with pytest.raises(NotFound):
            router.match(asked("/other", verb))
