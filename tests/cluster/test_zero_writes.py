"""At rest the operator writes nothing and stays small. Runs last, so that the rest was long."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime

from audit_log import rest
from figures import Figures
from live_model import AtRest
from live_world import OPERATOR_USER, World

REST_SECONDS = float(os.environ.get("SLIPWAY_REST_SECONDS", "60"))
"""How long at least; `hack/figures` asks for five minutes."""

MEGABYTE = 1e6
RSS_BAR = 120


def test_models_at_rest_cost_no_write(world: World, at_rest: AtRest, figures: Figures) -> None:
    """A controller that writes without a reason loads etcd, wakes every watcher and hides real changes."""
    rested = (datetime.now(UTC) - at_rest.since).total_seconds()
    time.sleep(max(0.0, REST_SECONDS - rested))  # nothing to wait for: nothing is what must happen
    until = datetime.now(UTC)
    records = world.audited(namespace=at_rest.namespace)
    made = [record for record in records if record["user"]["username"] == OPERATOR_USER]
    assert made, "the audit log must show the writes that made the models"
    told = rest(records, OPERATOR_USER, at_rest.since, until)
    figures.record(
        f"operator writes, {len(at_rest.models)} models at rest",
        len(told.writes),
        f"in {told.quiet_seconds:.0f} s",
        "0 in 300 s",
    )
    assert not told.writes, f"since {at_rest.since}"
    assert told.quiet_seconds > (until - at_rest.since).total_seconds() / 2, "the models were not at rest"
    for model in at_rest.models:
        model.until_ready()


def test_the_operator_is_small(world: World, at_rest: AtRest, figures: Figures) -> None:
    """It runs in every cluster, so its memory is everybody's."""
    [pod] = world.operator_pods()
    address = f"http://{pod['status']['podIP']}:8080/metrics"
    metrics = world.shell.read(*world.cluster.inside("curl", "--silent", "--fail", address))
    [value] = re.findall(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)
    figures.record(
        f"operator's RSS, {len(at_rest.models)} models and more",
        float(value) / MEGABYTE,
        "MB",
        f"≤ {RSS_BAR}",
    )
    assert float(value) <= RSS_BAR * MEGABYTE
