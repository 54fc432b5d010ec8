"""A run as a picture: requests a second by revision, failures, and what was done when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

STEADY = "steady"
"""A phase in which nothing happens needs no name in the picture."""


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Writes the picture; its format is that of the file's suffix (svg, png)."""
    # Imported here: most users of this package draw nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see above
    from matplotlib.figure import Figure  # noqa: PLC0415 - see above

    timeline = report["timeline"]
    seconds = [row["second"] for row in timeline]
    revisions = list(dict.fromkeys(name for row in timeline for name in row["revisions"]))
    figure = Figure(figsize=(max(12.0, len(seconds) / 25), 6), layout="constrained")
    FigureCanvasAgg(figure)
    rates, failures, latencies = figure.subplots(3, sharex=True, height_ratios=(3, 1, 2))
    answers = [[row["revisions"].get(name, 0) for row in timeline] for name in revisions]
    rates.stackplot(seconds, answers, step="post", labels=revisions)
    rates.set_ylabel("answers / s, by revision")
    failures.bar(seconds, [row["failed"] for row in timeline], color="red", width=1.0)
    failures.set_ylabel("failed")
    failures.set_ylim(bottom=0, top=max(1, *(row["failed"] for row in timeline)))
    latencies.semilogy(seconds, [max(row["latency_ms"]["p50"], 0.01) for row in timeline], label="p50")
    latencies.semilogy(seconds, [max(row["latency_ms"]["p99"], 0.01) for row in timeline], label="p99")
    latencies.set_ylabel("ms")
    latencies.set_xlabel("seconds")
    latencies.legend(loc="upper right")
    for phase in report["phases"]:
        for part in (rates, failures, latencies):
            part.axvline(phase["begin_s"], color="black", linewidth=0.5, linestyle=":")
        if phase["name"] != STEADY:
            rates.text(phase["begin_s"], rates.get_ylim()[1], phase["name"], rotation=45, fontsize=7)
    figure.savefig(file)
