"""Keeping the components running: decides what to start and stop; `init` does it.

A component that ends is started again a second later, and how it ended is remembered. One that is
held down (`cluster stop`) is killed and stays away until it is let go (`cluster start`). Those that
need the API server wait for its first readiness, never for later ones.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from localcluster.components import Component

RESTART_DELAY = 1.0  # seconds


@dataclass
class Slot:
    """One component's run."""

    component: Component
    pid: int | None = None
    due: float = 0.0
    restarts: int = 0
    last_exit: str = ""


class Supervisor:
    """Which components run; `spawn` starts one and returns its PID, `kill` ends a PID."""

    def __init__(
        self,
        components: Iterable[Component],
        *,
        spawn: Callable[[Component], int],
        kill: Callable[[int], None],
        api_ready: Callable[[], bool],
        held: Callable[[str], bool],
    ) -> None:
        self._slots = [Slot(component) for component in components]
        self._spawn = spawn
        self._kill = kill
        self._api_ready = api_ready
        self._held = held
        self._api_was_ready = False

    def step(self, now: float) -> None:
        """Kill what is held, start what is due."""
        for slot in self._slots:
            if self._held(slot.component.name):
                if slot.pid is not None:
                    self._kill(slot.pid)
            elif slot.pid is None and now >= slot.due and self._may_start(slot.component):
                slot.pid = self._spawn(slot.component)

    def ended(self, pid: int, status: int, now: float) -> None:
        """Take note of a child's end; children that are no component (orphans of pods) are ignored."""
        for slot in self._slots:
            if slot.pid == pid:
                slot.pid = None
                slot.due = now + RESTART_DELAY
                slot.restarts += 1
                slot.last_exit = describe(status)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """What `cluster status` shows: name → running, held, restarts, last exit."""
        return {
            slot.component.name: {
                "running": slot.pid is not None,
                "held": self._held(slot.component.name),
                "restarts": slot.restarts,
                "last_exit": slot.last_exit,
            }
            for slot in self._slots
        }

    def _may_start(self, component: Component) -> bool:
        if component.needs_api and not self._api_was_ready:
            self._api_was_ready = self._api_ready()
        return self._api_was_ready or not component.needs_api


def describe(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    return f"ended with status {code}" if code >= 0 else f"killed by signal {-code}"
