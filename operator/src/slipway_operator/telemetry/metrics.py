"""Prometheus metrics under controller-runtime's names, so that stock dashboards work.

One `Metrics` per process, with a registry of its own. The classes that are measured know only the
small protocols next to them; their implementations here are deliberately dumb.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

CONTROLLER: Final = "modeldeployment"
RESULTS: Final = ("success", "requeue_after", "error", "timeout")
SHORT: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LONG: Final = (0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Metrics:
    """Every series of the process; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # untyped; a second series that nobody reads
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.queue = QueueMetrics(self.registry)
        self.reconciles = ReconcileMetrics(self.registry, clock)
        self.requests = RequestMetrics(self.registry)
        self.watches = WatchMetrics(self.registry)
        self.objects = ObjectMetrics(self.registry)
        self.leader = Gauge(
            "leader_election_master_status",
            "1 while this operator holds the Lease, or when there is no election",
            ["name"],
            registry=self.registry,
        )
        self.loop_lag = Gauge(
            "slipway_event_loop_lag_seconds",
            "How late the event loop woke up at the last tick",
            registry=self.registry,
        )


class QueueMetrics:
    """`workqueue_*`: what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        named, labels = ["name", "controller"], (CONTROLLER, CONTROLLER)
        self._depth = Gauge(
            "workqueue_depth", "Keys that are ready and wait", [*named, "priority"], registry=registry
        ).labels(*labels, "")
        self._added = Counter("workqueue_adds", "Keys asked for", named, registry=registry).labels(*labels)
        self._retried = Counter("workqueue_retries", "Keys that failed", named, registry=registry).labels(
            *labels
        )
        self._waited = Histogram(
            "workqueue_queue_duration_seconds",
            "How long a ready key waited",
            named,
            buckets=LONG,
            registry=registry,
        ).labels(*labels)

    def added(self, priority: int) -> None:
        """A key was asked for."""
        del priority
        self._added.inc()

    def depth(self, size: int) -> None:
        """That many keys are ready."""
        self._depth.set(size)

    def started(self, waited: float) -> None:
        """A key was handed out."""
        self._waited.observe(waited)

    def retried(self) -> None:
        """A key failed and will come again."""
        self._retried.inc()


class ReconcileMetrics:
    """`controller_runtime_reconcile_*` and the work half of `workqueue_*`: what runs."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: dict[Hashable, float] = {}
        self._total = Counter(
            "controller_runtime_reconcile",
            "Looks at a ModelDeployment, by result",
            ["controller", "result"],
            registry=registry,
        )
        for result in RESULTS:
            self._total.labels(CONTROLLER, result)
        self._errors = self._counter("controller_runtime_reconcile_errors", "Looks that failed", registry)
        self._timeouts = self._counter(
            "controller_runtime_reconcile_timeouts", "Looks that took too long", registry
        )
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "How long a look took",
            ["controller"],
            buckets=SHORT,
            registry=registry,
        ).labels(CONTROLLER)
        self._active = Gauge(
            "controller_runtime_active_workers", "Looks that run now", ["controller"], registry=registry
        ).labels(CONTROLLER)
        self.workers = Gauge(
            "controller_runtime_max_concurrent_reconciles",
            "Looks that may run at once",
            ["controller"],
            registry=registry,
        ).labels(CONTROLLER)
        self._work_gauges(registry)

    def begun(self, key: Hashable) -> None:
        """A look begins."""
        self._running[key] = self._clock()
        self._active.set(len(self._running))

    def ended(self, key: Hashable, result: str) -> None:
        """A look ended with one of `RESULTS`."""
        seconds = self._clock() - self._running.pop(key)
        self._active.set(len(self._running))
        self._seconds.observe(seconds)
        self._work.observe(seconds)
        self._total.labels(CONTROLLER, result).inc()
        if result in {"error", "timeout"}:
            self._errors.inc()
        if result == "timeout":
            self._timeouts.inc()

    def _counter(self, name: str, text: str, registry: CollectorRegistry) -> Counter:
        return Counter(name, text, ["controller"], registry=registry).labels(CONTROLLER)

    def _work_gauges(self, registry: CollectorRegistry) -> None:
        named, labels = ["name", "controller"], (CONTROLLER, CONTROLLER)
        self._work = Histogram(
            "workqueue_work_duration_seconds", "How long a key took", named, buckets=SHORT, registry=registry
        ).labels(*labels)

        def ages() -> list[float]:  # read at each scrape, in the probe server's thread
            return [self._clock() - began for began in tuple(self._running.values())]

        Gauge(
            "workqueue_unfinished_work_seconds", "Seconds of work in progress", named, registry=registry
        ).labels(*labels).set_function(lambda: sum(ages()))
        Gauge(
            "workqueue_longest_running_processor_seconds",
            "Age of the oldest work in progress",
            named,
            registry=registry,
        ).labels(*labels).set_function(lambda: max(ages(), default=0.0))


class RequestMetrics:
    """`rest_client_*`: requests to the API server, the watch's first byte included."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "rest_client_requests",
            "Requests to the API server; code is <error> when there was no answer",
            ["code", "method", "host"],
            registry=registry,
        )
        self._seconds = Histogram(
            "rest_client_request_duration_seconds",
            "Seconds until the answer began",
            ["verb", "host"],
            buckets=SHORT,
            registry=registry,
        )

    def answered(self, method: str, host: str, status: int, seconds: float) -> None:
        """A request ended; `status` is 0 when there was no answer."""
        self._total.labels(str(status) if status else "<error>", method, host).inc()
        self._seconds.labels(method, host).observe(seconds)


class WatchMetrics:
    """Our own reflectors and kopf's watch."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._age = Gauge(
            "slipway_watch_last_event_age_seconds",
            "Seconds since a watch last showed a sign of life",
            ["kind"],
            registry=registry,
        )
        self._lists = Counter(
            "slipway_watch_relists", "Complete lists, the first included", ["kind"], registry=registry
        )
        self._failures = Counter(
            "slipway_watch_failures",
            "Lists and watches that ended with an error",
            ["kind", "error"],
            registry=registry,
        )

    def follow(self, kind: str, age: Callable[[], float]) -> None:
        """Shows `age()` for `kind` at each scrape."""
        self._age.labels(kind).set_function(age)

    def listed(self, kind: str) -> None:
        """A list is complete."""
        self._lists.labels(kind).inc()

    def failed(self, kind: str, error: str) -> None:
        """A list or watch ended with an error of this class."""
        self._failures.labels(kind, error).inc()


class ObjectMetrics:
    """`slipway_modeldeployments{state}`: how many are ready, reconciling, stalled."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._states: dict[Hashable, str] = {}
        self._gauge = Gauge(
            "slipway_modeldeployments", "ModelDeployments by state", ["state"], registry=registry
        )

    def show(self, key: Hashable, state: str | None) -> None:
        """`key` is in `state` now; `None`: it is gone."""
        before = self._states.pop(key, None)
        if before is not None:
            self._gauge.labels(before).dec()
        if state is not None:
            self._states[key] = state
            self._gauge.labels(state).inc()
