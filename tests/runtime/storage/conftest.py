"""Budgets and pullers whose time belongs to the test."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from moved_clock import MovedClock
from slipway_runtime.storage.pull import Limits, Puller
from slipway_runtime.storage.source import Budget

MEGABYTE = 10**6


@pytest.fixture
def moved() -> MovedClock:
    """The time of this test."""
    return MovedClock()


@pytest.fixture
def budget() -> Budget:
    """A megabyte and a minute."""
    return Budget(MEGABYTE, deadline=60.0, clock=lambda: 0.0)


@pytest.fixture
def puller(moved: MovedClock) -> Callable[..., Puller]:
    """Makes pullers that may fetch from loopback; keywords change their limits."""
    limits = Limits(MEGABYTE, pull_seconds=600, retry_seconds=60, allow_local_addresses=True)

    def make(**changes: float) -> Puller:
        return Puller(replace(limits, **changes), os.environ, moved.clock, moved.sleep)  # type: ignore[arg-type] # fields of Limits

    return make
