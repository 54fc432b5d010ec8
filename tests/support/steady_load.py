"""Clients that send without a pause, each in its own way, until told to stop; and what became of it all.

Nothing is retried and nothing forgiven: a refused or reset connection, a wrong status or a wrong answer is
a failure.
"""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [3, 4]}]})
ANSWER = [4.5]  # of onnx_models.linear


@dataclass
class Outcome:
    """What one client saw.

    Attributes:
        answers: when each came, and whether it announced the end of its connection.
        failures: what went wrong.
    """

    answers: list[tuple[float, bool]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def after(self, moment: float) -> list[bool]:
        """Of the answers after a moment: which announced the end."""
        return [closing for when, closing in self.answers if when > moment]


class Load:
    """Some clients at work.

    Args:
        port: of the server, on loopback.
        keeping: clients that keep their connection as long as they may.
        renewing: clients that open one for each request.
        pausing: clients that keep their connection and use it only now and then.
    """

    def __init__(self, port: int, *, keeping: int, renewing: int, pausing: int) -> None:
        self._port = port
        self._stop = Event()
        self.outcomes: dict[str, Outcome] = {}
        self._threads = []
        for kind, count, pause in (
            ("keeping", keeping, 0.0),
            ("renewing", renewing, 0.0),
            ("pausing", pausing, 0.1),
        ):
            for number in range(count):
                outcome = self.outcomes[f"{kind}-{number}"] = Outcome()
                arguments = (outcome, kind != "renewing", pause)
                self._threads.append(Thread(target=self._run, args=arguments, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what was begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def wait_for_answers(self, count: int) -> None:
        """Until every client had so many."""
        while any(len(outcome.answers) < count for outcome in self.outcomes.values()):
            assert not self.failures(), self.failures()
            self._stop.wait(0.01)

    def wait_for_answers_after(self, moment: float, count: int) -> None:
        """Until every client had so many after a moment."""
        while any(len(outcome.after(moment)) < count for outcome in self.outcomes.values()):
            assert not self.failures(), self.failures()
            self._stop.wait(0.01)

    def failures(self) -> list[str]:
        """Of all clients."""
        return [f"{name}: {text}" for name, outcome in self.outcomes.items() for text in outcome.failures]

    def _run(self, outcome: Outcome, keep: Any, pause: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stop.is_set():
            try:
                connection.request("POST", "/v2/models/m/infer", BODY)
                answer = connection.getresponse()
                found = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                outcome.failures.append(repr(error))
                connection.close()
                continue
            if answer.status != 200 or found["outputs"][0]["data"] != ANSWER:
                outcome.failures.append(f"{answer.status} {found}")
            outcome.answers.append((time.monotonic(), answer.getheader("connection") == "close"))
            if not keep:
                connection.close()
            if pause:
                self._stop.wait(pause)
        connection.close()
