"""Shows what the parts know: the facts behind `/livez` and `/readyz`, and the gauges read at a scrape.

All of it is read from the probe server's thread, so it is numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipway_operator.cli.parts import Parts
from slipway_operator.core.actions import Kind
from slipway_operator.kube.clock import Clock
from slipway_operator.kube.reflector import Reflector


def show(parts: Parts) -> None:
    """Wires probes and gauges to the parts."""
    for kind in Kind:
        group = Group(parts.clock, [each for each in parts.reflectors if each.kind is kind])
        parts.health.watches[kind] = group.age
        parts.health.ready_when[f"the list of {kind}"] = group.synced
        parts.metrics.watches.follow(kind, group.age)
    parts.health.oldest_work = lambda: _oldest(parts)
    parts.metrics.reconciles.workers.set(parts.settings.workers)
    leader = parts.metrics.leader.labels(parts.settings.lease or "none")
    leader.set_function(lambda: float(parts.elector is None or parts.elector.leading.is_set()))


class Group:
    """The reflectors of one kind: one, or one per namespace."""

    def __init__(self, clock: Clock, reflectors: Sequence[Reflector]) -> None:
        self._clock = clock
        self._reflectors = reflectors

    def age(self) -> float:
        """Seconds since the most silent one showed a sign of life."""
        return self._clock.now() - min(each.beat for each in self._reflectors)

    def synced(self) -> bool:
        """Whether all first lists are complete."""
        return all(each.synced.is_set() for each in self._reflectors)


def _oldest(parts: Parts) -> float:
    """Seconds that the longest reconcile has been running."""
    began = tuple(parts.workers.running.values())
    return parts.clock.now() - min(began) if began else 0.0
