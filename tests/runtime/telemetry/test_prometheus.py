"""The text that Prometheus scrapes, read by Prometheus' own parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from slipway_runtime.telemetry.histogram import BOUNDS
from slipway_runtime.telemetry.metrics import Metrics
from slipway_runtime.telemetry.prometheus import METRICS, render


def parsed(metrics: Metrics) -> dict[str, Any]:
    """Families by name."""
    text = render(metrics, {"READY": True, "FAILED": False})
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_every_metric_is_there_from_the_first_scrape() -> None:
    """An alert on a metric that does not exist yet never fires."""
    families = parsed(Metrics())

    assert set(families) == {name.removesuffix("_total") for name in METRICS}


def test_answers_are_counted_by_model_protocol_and_code() -> None:
    """Error rates are made of these."""
    metrics = Metrics()
    answers = metrics.answers_of("iris", "v2")
    for code in (200, 200, 400):
        answers.record(code, 0.001)

    samples = parsed(metrics)["slipway_requests"].samples

    assert [(sample.labels, sample.value) for sample in samples] == [
        ({"model": "iris", "protocol": "v2", "code": "200"}, 2.0),
        ({"model": "iris", "protocol": "v2", "code": "400"}, 1.0),
    ]


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, "0.0001"), (0.0001, "0.0001"), (0.00011, "0.00025"), (61.0, "+Inf")]
)
def test_a_histogram_is_cumulative_from_100_microseconds_on(seconds: float, bucket: str) -> None:
    """Small models answer in microseconds; default buckets would show them as one."""
    metrics = Metrics()
    metrics.answers_of("iris", "v2").record(200, seconds)

    samples = parsed(metrics)["slipway_request_seconds"].samples

    counts = {sample.labels["le"]: sample.value for sample in samples if sample.name.endswith("_bucket")}
    assert list(counts) == [*map(str, BOUNDS), "+Inf"]
    assert [le for le, count in counts.items() if count][0] == bucket  # noqa: RUF015 # reads as what it means
    assert {sample.name: sample.value for sample in samples}["slipway_request_seconds_count"] == 1.0


def test_labels_may_hold_anything() -> None:
    """A revision or digest with a quote in it must not break the whole scrape."""
    odd = 'a"b\\c\nd'

    (sample,) = parsed(Metrics(facts={"revision": odd}))["slipway_model_info"].samples

    assert sample.labels == {"revision": odd}


def test_the_state_is_one_of_many() -> None:
    """Dashboards show which, by name."""
    samples = parsed(Metrics())["slipway_model_state"].samples

    assert {sample.labels["state"]: sample.value for sample in samples} == {"READY": 1.0, "FAILED": 0.0}


def test_the_process_tells_its_memory_and_cpu_under_the_usual_names() -> None:
    """Stock dashboards find them."""
    families = parsed(Metrics())

    assert families["process_resident_memory_bytes"].samples[0].value > 10**6
    assert families["process_cpu_seconds"].samples[0].value > 0


def test_bytes_are_counted_in_and_out() -> None:
    """Traffic is paid for."""
    metrics = Metrics()
    metrics.answers_of("iris", "v2").record(200, 0.001, 120, 90)
    metrics.answers_of("iris", "v2").record(400, 0.001, 30, 10)

    families = parsed(metrics)

    assert families["slipway_received_bytes"].samples[0].value == 150
    assert families["slipway_sent_bytes"].samples[0].value == 100


def test_what_waits_and_what_is_in_flight_is_told() -> None:
    """Autoscalers look at these: threads that wait for the gRPC server's clients count as well."""
    metrics = Metrics(in_flight=2)
    stages = metrics.stages_of("iris")
    stages.begun, stages.ended, stages.waiting = 5, 2, 4

    families = parsed(metrics)

    assert families["slipway_requests_in_flight"].samples[0].value == 5
    assert families["slipway_requests_waiting"].samples[0].value == 4


def test_every_metric_is_documented() -> None:
    """A dashboard is built from the page, not from the code."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "serving.md").read_text()

    assert [name for name in METRICS if f"`{name}`" not in page] == []
