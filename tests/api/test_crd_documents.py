from __future__ import annotations

import pytest

from api_server import ApiServer
from documents import Document, documents


@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
@pytest.mark.parametrize("document", list(documents()), ids=str)
def test_what_users_copy_applies(
    api_server: ApiServer, namespace: str, document: Document, *, server_side: bool
) -> None:
    """The first thing that anybody does is to apply an example."""
    options = ["--server-side"] if server_side else []
    printed = api_server.kubectl("apply", *options, "-n", namespace, "-f", "-", stdin=document.text)
    assert "modeldeployment.slipway.dev/" in printed
    again = api_server.kubectl("apply", *options, "-n", namespace, "-f", "-", stdin=document.text)
    assert server_side or "unchanged" in again
