"""For all tests: what keeps them from depending on the speed of the machine."""

from __future__ import annotations

from hypothesis import settings

# A machine that is busy with other things is no failure of a property.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
