"""For all tests: what keeps them from depending on the speed of the machine, or on luck."""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, settings

# A machine that is busy with other things is no failure of a property. A failure is made small, but not
# explained: that can take minutes, in which a test looks as if it hung.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

# The same examples in each run: a change is judged by itself, not by what happens to be drawn today. New
# ones are looked for on purpose, as are all places of a crash.
EXPLORING = os.environ.get("SLIPWAY_TEST_EXHAUSTIVE") == "1"
settings.register_profile("any-machine", deadline=None, phases=PHASES, derandomize=not EXPLORING)
settings.load_profile("any-machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in two of the parts that run side by side would share a cluster with itself."""
    twice = [
        item.nodeid
        for item in items
        if len({"api", "cluster"} & {one.name for one in item.iter_markers()}) > 1
    ]
    if twice:
        raise pytest.UsageError(f"marked both api and cluster: {', '.join(twice)}")
