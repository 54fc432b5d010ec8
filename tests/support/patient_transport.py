"""What every client of an API server does: where it says 429 and when to come back, it comes back then.

An API server that has just started answers so while it fills its caches.
"""

from __future__ import annotations

import time

import httpx

TRIES = 30


class Patient(httpx.HTTPTransport):
    """Sends a request again, as late as the server asks for."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The first answer that is not 429, or the last of `TRIES`."""
        request.read()  # so that it can be sent again
        answer = super().handle_request(request)
        for _ in range(TRIES - 1):
            seconds = answer.headers.get("retry-after", "")
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or not seconds.isdigit():
                break
            answer.close()
            time.sleep(int(seconds))
            answer = super().handle_request(request)
        return answer
