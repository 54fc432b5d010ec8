from __future__ import annotations

import os
import sys
import time

from live_operator import LiveOperator, Stage, operating

OBJECTS = 10
REST_SECONDS = float(os.environ.get("SLIPWAY_TEST_REST_SECONDS", "20"))
"""300 for the figure in the documentation; the suite makes do with less."""
MEMORY_MEGABYTES = 120


def settled(stage: Stage) -> None:
    """Ten models, each with all the children it gets."""
    for number in range(OBJECTS):
        stage.declare(f"model-{number}", replicas=2)
    for number in range(OBJECTS):
        stage.reported(f"model-{number}", seconds=60)
        stage.kube.until(
            stage.ref("ModelDeployment", f"model-{number}"),
            "its pods to be seen",
            lambda md: md["status"].get("replicas") == 2,
            seconds=60,
        )


def test_ten_models_at_rest_cost_no_write_and_little_memory(stage: Stage) -> None:
    """A platform with a thousand models cannot pay for chatter; the Lease is the one exception."""
    with operating(stage, "--lease", "slipway") as running:
        settled(stage)
        time.sleep(5)  # Events and the scheduler's last words about the pods
        mark = stage.mark()
        time.sleep(REST_SECONDS)  # rest itself is what is measured
        assert stage.writes(mark) == {}
        megabytes = running.resident_megabytes()
        sys.stderr.write(
            f"\n{OBJECTS} objects: {megabytes:.0f} MB resident, 0 writes in {REST_SECONDS:g} s\n"
        )
        assert megabytes <= MEMORY_MEGABYTES


def test_a_restart_at_rest_costs_no_write_either(stage: Stage) -> None:
    """An operator upgrade across a thousand models must not become a thousand writes."""
    with operating(stage, "--lease", "") as first:
        settled(stage)
        time.sleep(5)  # as above
        assert first.stop() == 0
    mark = stage.mark()
    with operating(stage, "--lease", "") as second:
        await_looks(second, OBJECTS)
        assert stage.writes(mark) == {}


def await_looks(operator: LiveOperator, count: int) -> None:
    """Returns when every object has been looked at."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in operator.probe("/metrics").text.splitlines():
            done = line.startswith("controller_runtime_reconcile_time_seconds_count")
            if done and float(line.rpartition(" ")[2]) >= count:
                return
        time.sleep(0.5)  # metrics cannot be awaited
    raise AssertionError(f"not {count} looks within a minute")
