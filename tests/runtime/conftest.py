"""For all tests of the runtime: what keeps them from depending on the speed of the machine."""

from __future__ import annotations

import os

from hypothesis import settings

# A machine that is busy with other things is no failure of a property.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# ONNX Runtime's wheel would start a thread that reports to its vendor.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
