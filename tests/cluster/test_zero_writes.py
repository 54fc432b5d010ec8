"""At rest the operator writes nothing and stays small. Runs last, so that the rest was long."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime

from figures import Figures
from live_model import AtRest
from live_world import OPERATOR_USER, World

REST_SECONDS = float(os.environ.get("SLIPWAY_REST_SECONDS", "60"))
"""How long at least; `hack/figures` asks for five minutes."""

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
MEGABYTE = 1e6
RSS_BAR = 120


def test_models_at_rest_cost_no_write(world: World, at_rest: AtRest, figures: Figures) -> None:
    """A controller that writes without a reason loads etcd, wakes every watcher and hides real changes."""
    rested = (datetime.now(UTC) - at_rest.since).total_seconds()
    time.sleep(max(0.0, REST_SECONDS - rested))  # nothing to wait for: nothing is what must happen
    rested = (datetime.now(UTC) - at_rest.since).total_seconds()
    since = at_rest.since.isoformat()
    records = world.audited(user=OPERATOR_USER, namespace=at_rest.namespace)
    assert records, "the audit log must show the writes that made the models"
    writes = [
        f"{record['stageTimestamp']} {record['verb']} {target['resource']} {target.get('name', '')}"
        for record in records
        if record["verb"] in WRITES and record["stageTimestamp"] > since
        for target in [record["objectRef"]]
    ]
    figures.record(
        f"operator writes, {len(at_rest.models)} models at rest",
        len(writes),
        f"in {rested:.0f} s",
        "0 in 300 s",
    )
    assert not writes, f"since {since}"
    assert all(model.row()["READY"] == "True" for model in at_rest.models)


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
