"""The run: for each contestant a fresh control plane, then all objects created, then all of them changed.

1. a control plane, fake nodes, the contestant's kinds, its controller;
2. one object before the clock starts, so that nobody's start counts;
3. all objects created at the given rate → until the last one is done, then until nobody writes any more;
4. every object gets another model at the same rate → likewise, and the old pods have gone.

Seconds count to the last object done; CPU and writes to the end of all work, which includes what comes late.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway_bench.environment import say
from slipway_rollouts import crowd
from slipway_rollouts.api import Api, connected
from slipway_rollouts.audit import AuditLog
from slipway_rollouts.contestants import NAMESPACE, Contestant
from slipway_rollouts.controller import Controller, running
from slipway_rollouts.nodes import fake_nodes
from slipway_rollouts.plane import Plane, control_plane

QUIET_SECONDS = 4.0
DELAY_SECONDS = 30.0
"""Both keep an old set for so long by default, before they remove it."""


@dataclass(frozen=True)
class Plan:
    """How much is asked for: objects, and how many of them in a second."""

    objects: int
    rate: float


@dataclass(frozen=True)
class Phase:
    """What one contestant needed for one phase.

    Attributes:
        times: seconds.
        cpu: seconds of the controller, until it was at rest.
        peak: MiB of the controller so far.
        writes: of the controller.
        all_writes: of the controller and of Kubernetes' own controllers, for the same work.
        by_kind: the controller's writes by verb and resource, the most frequent first.
    """

    times: crowd.Times
    cpu: float
    peak: float
    writes: int
    all_writes: int
    by_kind: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Found:
    """One contestant's two phases."""

    title: str
    created: Phase
    changed: Phase


def run(contestants: Sequence[Contestant], plan: Plan) -> list[Found]:
    """One after the other, each on a control plane of its own."""
    found = []
    for contestant in contestants:
        say(f"{plan.objects} objects by {contestant.title}")
        with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name, control_plane() as plane:
            found.append(asyncio.run(_contest(contestant, plan, plane, Path(name))))
    return found


async def _contest(contestant: Contestant, plan: Plan, plane: Plane, folder: Path) -> Found:
    plane.define(contestant.crds())
    plane.kubectl("create", "namespace", NAMESPACE)
    command = contestant.command(plane.account(contestant.key, folder))
    names = [f"iris-{number}" for number in range(plan.objects)]
    with fake_nodes(plane, folder), running(command, folder / "controller.log") as controller:
        async with connected(plane.kubeconfig.read_text()) as api:
            await crowd.create(api, contestant, ["warm-up"], 1.0)
            bench = _Bench(api, contestant, controller, AuditLog(plane.audit))
            created = await bench.phase(lambda: crowd.create(api, contestant, names, plan.rate), late=0.0)
            changed = await bench.phase(
                lambda: crowd.change(api, contestant, names, plan.rate), late=DELAY_SECONDS
            )
    return Found(contestant.title, created, changed)


@dataclass(frozen=True)
class _Bench:
    api: Api
    contestant: Contestant
    controller: Controller
    audit: AuditLog

    async def phase(self, work: Callable[[], Awaitable[crowd.Times]], *, late: float) -> Phase:
        """Measures one; `late`: how long after the last object more is still to come."""
        self.audit.skip()
        cpu = self.controller.cpu_seconds()
        times = await work()
        await self._rest(late)
        user = self.contestant.user
        kinds = self.audit.writes.get(user)
        phase = Phase(
            times=times,
            cpu=self.controller.cpu_seconds() - cpu,
            peak=self.controller.peak_mebibytes(),
            writes=self.audit.by(user),
            all_writes=sum(self.audit.by(each) for each in self.audit.writes if _works(each, user)),
            by_kind=tuple(kinds.most_common()) if kinds else (),
        )
        say(f"  {times.whole:.1f} s, {phase.cpu:.1f} s of CPU, {phase.peak:.0f} MiB, {phase.writes} writes")
        for kind, count in phase.by_kind:
            say(f"    {count:>6} {kind}")
        return phase

    async def _rest(self, late: float) -> None:
        """Returns when nobody has written for a while."""
        end = time.monotonic() + late + QUIET_SECONDS
        before = -1
        while time.monotonic() < end:
            await asyncio.sleep(1.0)  # a log cannot be awaited
            self.controller.check()
            self.audit.read()
            now = sum(self.audit.by(user) for user in self.audit.writes if "admin" not in user)
            if now != before:
                before, end = now, max(end, time.monotonic() + QUIET_SECONDS)


def _works(user: str, controller: str) -> bool:
    """Whether somebody's writes are part of the work: not the client's, nor those of the fake nodes."""
    return user == controller or user.startswith("system:serviceaccount:kube-system:")
