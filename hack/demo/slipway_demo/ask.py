"""Asks a served model about rows, from inside the cluster's network: `python -m slipway_demo.ask URL`.

Reads a JSON list of V2 request bodies from standard input and prints the list of answers, each with
the revision that gave it.
"""

from __future__ import annotations

import json
import sys
import urllib.request


def main() -> None:
    """Asks one after the other."""
    print(json.dumps([_ask(sys.argv[1], body) for body in json.load(sys.stdin)]))


def _ask(url: str, body: object) -> dict[str, object]:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the demo's own http address
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
        return {"revision": answer.headers["x-slipway-revision"], **json.load(answer)}


if __name__ == "__main__":
    main()
