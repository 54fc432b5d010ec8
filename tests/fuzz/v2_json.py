"""Fuzz target: the JSON of an inference request becomes a request or a typed refusal without an echo."""

from __future__ import annotations

import contextlib

from coverage_guided import check_refusal, fuzz, instrumented

with instrumented("slipway_runtime"):
    from slipway_runtime.errors import RequestFault
    from slipway_runtime.protocol.json_document import LARGE
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.v2_decode import decode
    from slipway_runtime.protocol.validate import validate

SIGNATURE = Signature(
    "test",
    inputs=(TensorSpec("x", "FP32", (-1, 2)), TensorSpec("y", "BYTES", (-1,))),
    outputs=(TensorSpec("z", "FP32", (-1,)),),
)


def one(document: bytes) -> None:
    """Read a body with the parser of small bodies and with that of large ones."""
    assert _outcome(document) == _outcome(document + b" " * LARGE), "the parsers disagree"


def _outcome(document: bytes) -> str:
    try:
        request = decode(document, "m")
    except RequestFault as fault:
        check_refusal(str(fault))
        return "refused"
    with contextlib.suppress(RequestFault):
        validate(request, SIGNATURE)
    return repr([(name, array.dtype, array.shape, array.tolist()) for name, array in request.inputs.items()])


if __name__ == "__main__":
    fuzz(one, __file__)
