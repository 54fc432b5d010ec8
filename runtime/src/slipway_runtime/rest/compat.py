"""What the endpoints of all protocols but v2 have in common: the body, the run, and faults in their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.rest.errors import error_reply
from slipway_runtime.rest.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.rows import Inputs
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.rest.request import Request

TEXT = b"content-type: text/plain; charset=utf-8\r\n"
CSV = b"content-type: text/csv; charset=utf-8\r\n"


class Endpoints:
    """The data plane, as these endpoints use it.

    Args:
        dataplane: what answers.
    """

    def __init__(self, dataplane: DataPlane) -> None:
        self._dataplane = dataplane

    @property
    def only(self) -> str:
        """The model that paths without a name stand for."""
        return self._dataplane.models()[0].name

    def signature(self, model: str, version: str = "") -> Signature:
        """What a model takes and gives.

        Raises:
            NotFound: no such model or version.
            ModelNotReady: it is not loaded.
        """
        return self._dataplane.signature(self._dataplane.model(model, version))

    async def run(
        self, request: Request, inputs: Inputs, outputs: Sequence[str], version: str = ""
    ) -> InferenceResult:
        """Run the request's model once; see DataPlane.infer for what it raises."""
        wanted = InferenceRequest(
            model=request.params["model"], version=version, id="", inputs=inputs, outputs=tuple(outputs)
        )
        return await self._dataplane.infer(wanted, request.deadline, request.abandoned)


def header_of(request: Request, name: bytes) -> str:
    """A header's text; empty if it was not sent or says nothing unusual."""
    return request.headers.get(name, b"").decode("latin-1")


async def in_words(
    reply: Coroutine[Any, Any, Reply], words: Callable[[str, int], bytes], head: bytes = b""
) -> Reply:
    """A reply whose body, if it is a fault, is what the protocol's clients read.

    Args:
        reply: awaited.
        words: the fault's text and status to that body.
        head: more header lines of a fault.
    """
    try:
        return await reply
    except RuntimeFault as fault:
        status, lines, _ = error_reply(fault)
        return Reply(status, lines + head, words(str(fault), status))
