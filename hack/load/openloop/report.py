"""What a run found: JSON for programs, a page of text for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openloop.cores import Cores
from openloop.expect import Expectations
from openloop.histogram import Histogram
from openloop.record import Phase, Record, Tally
from openloop.run import Stream

Report = dict[str, Any]


def build(
    record: Record, expectations: Expectations, streams: Sequence[Stream], *, target: str, seconds: float
) -> Report:
    """The whole report. Times in seconds since the first arrival, latencies in milliseconds."""
    return {
        "target": target,
        "ended_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 3),
        "rate": sum(stream.rate for stream in streams),
        **_tally(record.total),
        "retried": sum(stream.client.retried for stream in streams),
        "schedule_lag_ms": record.lag.milliseconds(),
        "streams": {stream.name: _stream(record, stream) for stream in streams},
        "revisions": _revisions(record, expectations),
        "faults": _faults(record),
        "marks": [{"at_s": round(at, 3), "text": text} for at, text in record.marks],
        "phases": [_phase(phase, record.cores) for phase in record.phases],
        "timeline": [
            {"second": second, **_tally(tally), "revisions": dict(record.seconds_by_revision[second])}
            for second, tally in sorted(record.seconds.items())
        ],
    }


def _tally(tally: Tally) -> Report:
    return {
        "requests": tally.requests,
        "failed": tally.failed,
        "latency_ms": tally.latency.milliseconds(),
    }


def _histogram(latency: Histogram) -> Report:
    return {"requests": latency.count, "latency_ms": latency.milliseconds()}


def _phase(phase: Phase, cores: Cores) -> Report:
    return {
        "name": phase.name,
        "begin_s": round(phase.begin, 3),
        "streams": {
            name: _tally(tally) | {"core_free": _histogram(phase.with_a_core_free(name, cores))}
            for name, tally in phase.streams.items()
        },
        "revisions": [
            {"stream": stream, "revision": revision, "requests": seen.requests}
            | {"first_s": round(seen.first, 3), "last_s": round(seen.last, 3)}
            for (stream, revision), seen in phase.revisions.items()
        ],
    }


def _stream(record: Record, stream: Stream) -> Report:
    carried = stream.client
    return {
        "rate": stream.rate,
        **_tally(record.streams[stream.name]),
        "connections_opened": carried.opened,
        "found_closed": carried.found_closed,
        "retried": carried.retried,
    }


def _revisions(record: Record, expectations: Expectations) -> Report:
    told: Report = {}
    for (stream, revision), seen in record.revisions.items():
        entry = told.setdefault(
            revision, {"model": expectations.revisions[revision], "requests": 0, "streams": {}}
        )
        entry["requests"] += seen.requests
        entry["streams"][stream] = {
            "requests": seen.requests,
            "first_s": round(seen.first, 3),
            "last_s": round(seen.last, 3),
        }
    return told


def _faults(record: Record) -> Report:
    return {
        fault.value: {
            "count": count,
            "samples": [
                {"at_s": round(one.due, 3), "id": one.request_id, "text": one.error.text if one.error else ""}
                for one in record.samples[fault]
            ],
        }
        for fault, count in record.faults.most_common()
    }


def text(report: Mapping[str, Any]) -> str:
    """The page for people."""
    return "\n".join(_lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{report['requests']:,} requests in {report['seconds']:.1f} s to {report['target']}: "
        f"{report['failed']} failed, {report['retried']} retried"
    )
    names = f"{'requests':>9} {'failed':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'connections':>12}"
    yield f"{'':12} {names}"
    for name, stream in report["streams"].items():
        latency = stream["latency_ms"]
        yield (
            f"{name:12} {stream['requests']:>9,} {stream['failed']:>7} {latency['p50']:>8.1f} "
            f"{latency['p99']:>8.1f} {latency['max']:>8.1f} {stream['connections_opened']:>12,}"
        )
    for revision, seen in report["revisions"].items():
        first = min(stream["first_s"] for stream in seen["streams"].values())
        last = max(stream["last_s"] for stream in seen["streams"].values())
        answers = f"{seen['requests']:,} answers from {first:.1f} s to {last:.1f} s"
        yield f"revision {revision} ({seen['model']}): {answers}"
    for mark in report["marks"]:
        yield f"at {mark['at_s']:.1f} s: {mark['text']}"
    for fault, found in report["faults"].items():
        yield f"{fault}: {found['count']}"
        for sample in found["samples"]:
            yield f"    at {sample['at_s']:.3f} s, {sample['id']}: {sample['text']}"
    lag = report["schedule_lag_ms"]
    yield (
        f"the generator itself was late by {lag['p50']:.1f} ms (p50), "
        f"{lag['p99']:.1f} ms (p99), {lag['max']:.1f} ms at most"
    )
