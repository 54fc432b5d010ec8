"""For all tests: what keeps them from depending on the speed of the machine."""

from __future__ import annotations

from hypothesis import Phase, settings

# A machine that is busy with other things is no failure of a property. A failure is made small, but not
# explained: that can take minutes, in which a test looks as if it hung.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
settings.register_profile("any-machine", deadline=None, phases=PHASES)
settings.load_profile("any-machine")
