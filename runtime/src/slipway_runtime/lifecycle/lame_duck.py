"""When a server that was told to leave may close its listeners. Pure.

A pod learns that it has to go before the nodes learn to send elsewhere. They need a second or two, and the
drain's time is made for that. But a node that lost its watch of the API server may hear of it a minute
later, and sends here until then: whoever closes by the clock alone refuses all of that. So the server stays
for the drain's time, and then for as long as it is still asked, within a limit that leaves time for what is
in flight.

Nodes hear within two seconds, mostly, so half of the drain's time without a request costs an ordinary update
nothing. It has to be seconds: a busy machine, or a client that asks rarely, is silent for that long.
"""

from __future__ import annotations

QUIET = 0.5  # of the drain's time: so long without an answer, and nobody sends here any more
LONGER = 0.75  # of a request's time, which the pod's grace period holds besides the drain's


class LameDuck:
    """One server's last look around.

    Args:
        drain_seconds: it stays at least so long.
        request_seconds: time for one request.
    """

    __slots__ = ("_answers", "_changed", "_least", "_most", "_quiet")

    def __init__(self, drain_seconds: float, request_seconds: float) -> None:
        self._least = drain_seconds
        self._most = drain_seconds + LONGER * request_seconds if drain_seconds else 0.0
        self._quiet = QUIET * drain_seconds
        self._answers = -1
        self._changed = 0.0

    def over(self, elapsed: float, answers: int) -> bool:
        """True once it may close: nobody asks any more, or the limit is reached.

        Args:
            elapsed: seconds since it was told to leave; never less than before.
            answers: how many it has given in its life.
        """
        if answers != self._answers:
            self._answers, self._changed = answers, elapsed
        return elapsed >= self._most or (elapsed >= self._least and elapsed - self._changed >= self._quiet)
