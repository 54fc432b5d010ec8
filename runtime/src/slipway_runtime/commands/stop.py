"""How the process is asked to stop, and how urgently.

SIGTERM asks for a polite end: the whole lame-duck time. It may come twice (a kubelet that restarts sends it
again) and that changes nothing. A person at a terminal is in a hurry: Ctrl-C skips the lame duck and
finishes what is in flight, another one cuts that off too.
"""

from __future__ import annotations

import asyncio
import signal
import sys


class Stop:
    """Three events, in this order.

    Attributes:
        asked: stop, politely.
        hurry: stop without the lame duck.
        now: do not wait for anything.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()
        self.now = asyncio.Event()

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take SIGTERM and SIGINT from now on."""
        loop.add_signal_handler(signal.SIGTERM, self.terminate, sys.stdin.isatty())
        loop.add_signal_handler(signal.SIGINT, self.interrupt)

    def terminate(self, at_terminal: bool = False) -> None:  # noqa: FBT001, FBT002 # a signal handler's argument
        """SIGTERM came."""
        if self.asked.is_set() and at_terminal:
            self.interrupt()
        self.asked.set()

    def interrupt(self) -> None:
        """SIGINT came."""
        if self.hurry.is_set():
            self.now.set()
        self.asked.set()
        self.hurry.set()
