"""Updates under load: one model on real pods gets another version again and again, each promoted by hand.

Requests leave at a fixed rate whatever the servers do, half of them on new connections, and every answer is
checked. An update begins when the one before it is over and its old pods have gone:

1. apply the other model, and wait until the new set is up beside the old one;
2. promote it at once, as a person would who had waited for it;
3. wait until it serves, and until the old pods, which stay for the delay and then drain, have gone.

Both controllers drive the very same pods, whose server drains by itself.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openloop.session import Rates, Session
from slipway_bench.environment import say
from slipway_rollouts.api import Api, connected
from slipway_rollouts.audit import AuditLog
from slipway_rollouts.contestants import NAMESPACE, Contestant
from slipway_rollouts.controller import running
from slipway_rollouts.shares import Update, updates
from slipway_rollouts.template import Wish
from slipway_rollouts.world import World, world

NAME = "iris"
WITHIN = 180.0
DELAY = 10
REPLICAS = 2
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
APPLIED, PROMOTED, STEADY = "applied", "promoted", "steady"
RATES = Rates(new=30, keep=30, requests=0, seconds=7_200, timeout=30)


@dataclass(frozen=True)
class Found:
    """What one contestant's updates cost.

    Attributes:
        requests: of the whole load.
        failed: of them; anything but the right answer of one of the two models.
        each: the updates.
        writes: of the controller for one update, in the mean.
    """

    title: str
    requests: int
    failed: int
    each: list[Update]
    writes: float


def run(contestants: Sequence[Callable[[Wish], Contestant]], count: int) -> list[Found]:
    """One after the other, each on a cluster of its own."""
    found = []
    for make in contestants:
        with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name, world() as place:
            wish = Wish(replicas=REPLICAS, gated=True, delay=DELAY, image=place.image, secret=place.secret)
            contestant = make(wish)
            say(f"{count} updates under load by {contestant.title}")
            found.append(asyncio.run(_contest(contestant, place, count, Path(name))))
    return found


async def _contest(contestant: Contestant, place: World, count: int, folder: Path) -> Found:
    plane = place.plane
    plane.define(contestant.crds())
    command = contestant.command(plane.account(contestant.key, folder))
    audit = AuditLog(plane.audit)
    with running(command, folder / "controller.log"):
        async with connected(plane.kubeconfig.read_text()) as api:
            for path, manifest in contestant.created(NAME):
                await api.create(path, manifest)
            await api.until(contestant.collection, NAME, contestant.done, seconds=WITHIN)
            audit.skip()
            with place.load(NAME, RATES, folder) as load:
                for number in range(count):
                    await _update(contestant, api, load, 2 - number % 2)
                    say(f"  update {number + 1}, {load.requests:,} requests so far")
                load.phase(STEADY)
    audit.read()
    writes = audit.by(contestant.user) / count
    report = load.report
    return Found(
        contestant.title, report["requests"], report["failed"], updates(report, APPLIED, PROMOTED), writes
    )


async def _update(contestant: Contestant, api: Api, load: Session, model: int) -> None:
    load.phase(APPLIED)
    await api.merge(f"{contestant.collection}/{NAME}", contestant.changed(NAME, model))
    waiting = await api.until(contestant.collection, NAME, contestant.gated, seconds=WITHIN)
    load.phase(PROMOTED)
    await api.merge(*contestant.promoted(waiting))
    await api.until(contestant.collection, NAME, contestant.done, seconds=WITHIN)
    async with asyncio.timeout(WITHIN):
        while len((await api.get(PODS))["items"]) > REPLICAS:  # noqa: ASYNC110 - nothing is measured by it
            await asyncio.sleep(0.5)
