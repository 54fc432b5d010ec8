from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from fake_clock import FakeClock
from slipway_operator.telemetry import logs
from slipway_operator.telemetry.health import DEAF_SECONDS, Health
from slipway_operator.telemetry.metrics import Metrics
from slipway_operator.telemetry.probes import ProbeServer


@pytest.fixture
def clock() -> FakeClock:
    """Nothing sleeps."""
    return FakeClock()


class Watched:
    """A health with two watches whose age the test sets."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.ages = {"Deployment": 0.0, "Pod": 0.0}
        self.health = Health(clock.now)
        for name in self.ages:
            self.health.watches[name] = lambda name=name: self.ages[name]  # type: ignore[misc] # bound here


@pytest.fixture
def watched(clock: FakeClock) -> Watched:
    """All is well."""
    return Watched(clock)


def test_a_deaf_watch_among_lively_ones_needs_a_restart(watched: Watched) -> None:
    """An operator that looks healthy and sees nothing is the worst kind."""
    watched.ages["Pod"] = DEAF_SECONDS + 1
    assert watched.health.not_alive() == [
        "the watch of Pod has been deaf for 91 s while the API server answers"
    ]


def test_an_outage_of_the_api_server_is_no_reason_to_restart(watched: Watched) -> None:
    """Restarting every operator of a cluster while its control plane comes back up makes it worse."""
    watched.ages = dict.fromkeys(watched.ages, 3_600.0)
    assert watched.health.not_alive() == []


def test_all_watches_deaf_while_requests_are_answered_needs_a_restart(watched: Watched) -> None:
    """The Lease is renewed, but nothing is seen any more."""
    watched.ages = dict.fromkeys(watched.ages, DEAF_SECONDS + 1)
    watched.health.answered(200)
    assert len(watched.health.not_alive()) == 2


@pytest.mark.parametrize("status", [0, 401, 403, 503])
def test_a_refusal_is_no_answer(watched: Watched, status: int) -> None:
    """Expired credentials deafen every watch, and no restart renews them."""
    watched.ages = dict.fromkeys(watched.ages, 3_600.0)
    watched.health.answered(status)
    assert watched.health.not_alive() == []


async def test_a_stuck_event_loop_needs_a_restart(watched: Watched) -> None:
    """The probe is answered by another thread, so it can tell."""
    assert watched.health.not_alive() == []
    watched.health.ticked()
    await watched.clock.advance(31)
    assert watched.health.not_alive() == ["the event loop has not come round for 31 s"]


def test_a_reconcile_without_end_needs_a_restart(watched: Watched) -> None:
    """Its own time-out did not catch it: something is badly stuck."""
    watched.health.oldest_work = lambda: 301.0
    assert watched.health.not_alive() == ["a reconcile has been running for 301 s"]


def test_ready_means_that_the_stores_are_full(watched: Watched) -> None:
    """A rolling update must not take the old operator away before the new one can see."""
    full = False
    watched.health.ready_when["the list of Pod"] = lambda: full
    assert watched.health.not_ready() == ["waiting for the list of Pod"]
    full = True
    assert watched.health.not_ready() == []


Get = Callable[[str], httpx.Response]


@pytest.fixture
def get(watched: Watched) -> Iterator[Get]:
    """A served health with fresh metrics."""
    server = ProbeServer(watched.health, Metrics(watched.clock.now).registry, host="127.0.0.1", port=0)
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        yield client.get
    server.stop()


def test_probes_answer_with_the_reason(get: Get, watched: Watched) -> None:
    """`kubectl describe pod` shows the text of a failed probe."""
    assert get("/livez").status_code == 200
    watched.ages["Pod"] = 1_000.0
    answer = get("/livez?verbose")
    assert answer.status_code == 503
    assert "watch of Pod" in answer.text
    assert get("/readyz").text == "ok\n"


NO_IPV6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("[::1]", marks=NO_IPV6)])
def test_probes_are_answered_on_both_address_families(clock: FakeClock, address: str) -> None:
    """In an IPv6-only cluster the kubelet would otherwise restart the operator for ever."""
    server = ProbeServer(Health(clock.now), Metrics(clock.now).registry, port=0)
    server.start()
    try:
        answer = httpx.get(f"http://{address}:{server.port}/livez", trust_env=False)
        assert answer.text == "ok\n"
    finally:
        server.stop()


def test_other_paths_say_what_there_is(get: Get) -> None:
    """A mistyped path in a probe is found at the first look."""
    assert get("/healthz").status_code == 404
    assert "/livez" in get("/healthz").text


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_metrics_come_in_the_form_that_is_asked_for(get: Get, accept: str) -> None:
    """Prometheus asks for OpenMetrics, people for text."""
    assert "workqueue_depth" in get("/metrics").text
    del accept


def test_stock_dashboards_find_every_series_by_its_usual_name(get: Get) -> None:
    """controller-runtime's names: whoever runs other operators has the graphs and alerts already."""
    text = get("/metrics").text
    for name in (
        "workqueue_depth",
        "workqueue_adds_total",
        "workqueue_queue_duration_seconds_bucket",
        "workqueue_work_duration_seconds_bucket",
        "workqueue_unfinished_work_seconds",
        "workqueue_longest_running_processor_seconds",
        "workqueue_retries_total",
        'controller_runtime_reconcile_total{controller="modeldeployment",result="success"}',
        "controller_runtime_reconcile_errors_total",
        "controller_runtime_reconcile_time_seconds_bucket",
        "controller_runtime_active_workers",
        "controller_runtime_max_concurrent_reconciles",
        "# TYPE rest_client_requests_total",
        "# TYPE rest_client_request_duration_seconds",
        "# TYPE leader_election_master_status",
        "process_resident_memory_bytes",
    ):
        assert name in text


async def test_work_is_counted_while_it_runs_and_after(clock: FakeClock) -> None:
    """A stuck reconcile must show before it ends."""
    metrics = Metrics(clock.now)
    value = metrics.registry.get_sample_value
    labels = {"name": "modeldeployment", "controller": "modeldeployment"}
    metrics.reconciles.begun("a")
    await clock.advance(7)
    assert value("workqueue_longest_running_processor_seconds", labels) == 7
    metrics.reconciles.ended("a", "timeout")
    assert value("workqueue_longest_running_processor_seconds", labels) == 0
    assert value("controller_runtime_reconcile_timeouts_total", {"controller": "modeldeployment"}) == 1
    assert value("controller_runtime_reconcile_errors_total", {"controller": "modeldeployment"}) == 1
    assert value("workqueue_work_duration_seconds_sum", labels) == 7


def test_objects_are_counted_by_what_they_are_now(clock: FakeClock) -> None:
    """An object that changes its state, or goes, must not be counted twice."""
    metrics = Metrics(clock.now)
    metrics.objects.show("a", "reconciling")
    metrics.objects.show("a", "ready")
    metrics.objects.show("b", "ready")
    metrics.objects.show("b", None)
    value = metrics.registry.get_sample_value
    assert value("slipway_modeldeployments", {"state": "ready"}) == 1
    assert value("slipway_modeldeployments", {"state": "reconciling"}) == 0


def test_requests_without_an_answer_are_counted_as_such(clock: FakeClock) -> None:
    """client-go's word for it, which alerts look for."""
    metrics = Metrics(clock.now)
    metrics.requests.answered("GET", "10.96.0.1:443", 0, 0.1)
    labels = {"code": "<error>", "method": "GET", "host": "10.96.0.1:443"}
    assert metrics.registry.get_sample_value("rest_client_requests_total", labels) == 1


@pytest.fixture
def logged() -> Iterator[Callable[[str], io.StringIO]]:
    """Sets logging up, and puts it back after the test."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)

    def into(style: str) -> io.StringIO:
        stream = io.StringIO()
        logs.set_up(style, "info", stream)
        return stream

    yield into
    root.handlers[:], root.level = before[0], before[1]


def test_json_lines_are_one_object_each(logged: Callable[[str], io.StringIO]) -> None:
    """Whatever is in a message, a log shipper reads line by line."""
    stream = logged("json")
    try:
        int("two\nlines")
    except ValueError:
        logging.getLogger("x").exception("it %s", "failed\nbadly")
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "x", "it failed\nbadly")
    assert "ValueError: invalid literal" in entry["exception"]


def test_text_lines_cannot_be_forged(logged: Callable[[str], io.StringIO]) -> None:
    """A name or message with a newline in it must not look like a line of ours."""
    stream = logged("text")
    logging.getLogger("x").warning("bad: %s", "name\n2026-11-21 CRITICAL all is lost\x1b[31m")
    (line,) = stream.getvalue().splitlines()
    assert "\\n2026" in line
    assert "\x1b" not in line
