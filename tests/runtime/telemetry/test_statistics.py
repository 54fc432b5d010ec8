"""What is counted, over threads, and in the words of Triton's statistics."""

from __future__ import annotations

from threading import Thread

import pytest

from slipway_runtime.errors import DeadlineExceeded, EngineFailed, InvalidRequest, Overloaded
from slipway_runtime.telemetry.metrics import Metrics
from slipway_runtime.telemetry.prometheus import render
from slipway_runtime.telemetry.stages import MAX_SIZES, Stages
from slipway_runtime.telemetry.statistics import Duration, ModelStatistics, model_statistics

SECOND = 10**9


def statistics() -> ModelStatistics:
    """Of one request of two rows that ran at once, and three that shared a run of six; one failed."""
    metrics = Metrics()
    stages = metrics.stages_of("m")
    stages.ran_at_once(1.0, 2, 5.0)
    stages.ran([0.5, 0.25, 0.25], 6, joining=0.125, computing=2.0, cutting=0.0625, now=6.0)
    stages.failed(InvalidRequest("no"), 3.0)
    return model_statistics(metrics, "m")


def test_rows_and_runs_are_counted_apart() -> None:
    """Their ratio is the mean batch, the first thing that whoever tunes a server looks at."""
    found = statistics()

    assert (found.inference_count, found.execution_count) == (8, 2)
    assert [batch.batch_size for batch in found.batches] == [2, 6]
    assert found.batches[1].compute_infer == Duration(1, 2 * SECOND)
    assert found.last_inference > 0


def test_each_request_counts_the_time_that_it_felt() -> None:
    """As Triton's do: dashboards divide the sums by the count of requests."""
    found = statistics()

    assert found.queue == Duration(4, SECOND)
    assert found.compute_infer == Duration(4, 7 * SECOND)
    assert found.compute_input == Duration(4, 3 * SECOND // 8)
    assert found.success == Duration(4, SECOND + 7 * SECOND + 9 * SECOND // 16)
    assert found.fail == Duration(1, 3 * SECOND)


def test_a_model_that_was_never_asked_has_empty_statistics() -> None:
    """Not an error: it is ready and nobody came."""
    found = model_statistics(Metrics(), "m")

    assert (found.last_inference, found.success, found.batches) == (0, Duration(0, 0), ())


def test_no_count_is_lost_between_threads() -> None:
    """The gRPC server's threads count while the loop does; an alert on a ratio needs both right."""
    metrics, threads, each = Metrics(), 8, 5_000

    def count() -> None:
        answers, stages = metrics.answers_of("m", "v2-grpc"), metrics.stages_of("m")
        for _ in range(each):
            answers.record(0, 0.001, 10, 20)
            stages.ran_at_once(0.001, 1, 1.0)
            stages.begun += 1
            stages.ended += 1

    workers = [Thread(target=count) for _ in range(threads)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        render(metrics, {})
    answers = metrics.all_answers()["m", "v2-grpc"]
    total = threads * each

    assert (answers.codes, answers.received, answers.sent) == ({0: total}, 10 * total, 20 * total)
    assert metrics.all_stages()["m"].queue.count == total
    assert f'slipway_batch_rows_count{{model="m"}} {total}\n' in render(metrics, {})


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (InvalidRequest(""), "invalid"),
        (Overloaded(""), "overloaded"),
        (DeadlineExceeded(""), "deadline"),
        (EngineFailed(""), "engine"),
    ],
)
def test_failures_are_counted_by_reason(fault: Exception, reason: str) -> None:
    """A full queue asks for more replicas, a broken engine for a developer."""
    metrics = Metrics()
    metrics.stages_of("m").failed(fault, 0.1)

    assert f'slipway_failures_total{{model="m",reason="{reason}"}} 1\n' in render(metrics, {})


def test_clients_cannot_fill_the_memory_with_sizes() -> None:
    """Every number of rows would get a counter of its own."""
    stages = Stages()

    for rows in range(1, 10_000):
        stages.ran_at_once(0.001, rows, 1.0)

    assert len(stages.sizes) < MAX_SIZES + 20
    assert sum(spent.runs for spent in stages.sizes.values()) == 9_999
