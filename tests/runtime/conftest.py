"""For all tests of the runtime."""

from __future__ import annotations

import os

# ONNX Runtime's wheel would start a thread that reports to its vendor.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
