"""`http:` and `https:` — one file from a web server; nothing secret goes along but the URI's own query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.storage.download import range_headers, save
from slipway_runtime.storage.web_client import HttpClient

if TYPE_CHECKING:
    from slipway_runtime.storage.staging import Staging
    from slipway_runtime.storage.uri import ModelUri


class WebSource:
    """One URL.

    Args:
        uri: http or https.
        client: asks.
    """

    def __init__(self, uri: ModelUri, client: HttpClient) -> None:
        self._uri = uri
        self._client = client

    def fetch(self, staging: Staging) -> bool:
        """Stream the body into a file of the URI's name."""
        part = staging.part(self._uri.path.partition("?")[0].rsplit("/", maxsplit=1)[-1])
        with self._client.get(self._uri, staging.budget, range_headers(part)) as answer:
            save(answer, part, staging, self._uri.shown)
        return True
