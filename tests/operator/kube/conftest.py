"""A scripted API server on a real connection."""

from collections.abc import AsyncIterator

import pytest

from scripted_api import ScriptedApi, serving


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    """A server that answers what the test says."""
    async with serving(ScriptedApi()) as scripted:
        yield scripted
