"""Fuzz target: JSON with binary data behind it, and raw bodies. The first byte says where the JSON ends."""

from __future__ import annotations

from collections.abc import Callable

from coverage_guided import check_refusal, fuzz, instrumented

with instrumented("slipway_runtime"):
    from slipway_runtime.errors import RequestFault
    from slipway_runtime.protocol.messages import Form, InferenceRequest, InferenceResult
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.tensors import datatype_of
    from slipway_runtime.protocol.v2_decode import decode
    from slipway_runtime.protocol.v2_encode import encode_as
    from slipway_runtime.protocol.v2_raw import decode_raw
    from slipway_runtime.protocol.v2_tail import header_length

RAW = [
    Signature("test", (TensorSpec("x", datatype, shape),), ())
    for datatype in ("FP32", "BOOL", "BYTES", "BF16")
    for shape in ((-1, 3), (1,), (0, -1), (2, -1, -1))
]
BINARY = Form(binary=True)


def one(data: bytes) -> None:
    """Read a body, and write what it held."""
    place, body = data[:1], data[1:]
    _try(lambda: header_length(body[:20]))
    found = _try(lambda: decode(body, "m", "", place[0] if place else 0))
    if isinstance(found, InferenceRequest):
        _answer(found)
    signature = RAW[place[0] % len(RAW) if place else 0]
    found = _try(lambda: decode_raw(body, "m", "", signature))
    if isinstance(found, InferenceRequest):
        assert signature.inputs[0].accepts(found.inputs["x"].shape), "another shape than the model's"


def _try(read: Callable[[], object]) -> object:
    try:
        return read()
    except RequestFault as fault:
        check_refusal(str(fault))
        return None


def _answer(request: InferenceRequest) -> None:
    """What came in goes out, in the form that it asked for and in binary."""
    specs = [TensorSpec(name, datatype_of(array), array.shape) for name, array in request.inputs.items()]
    result = InferenceResult("m", "1", request.id, specs, list(request.inputs.values()))
    for form in (request.form or BINARY, BINARY):
        _try(lambda form=form: encode_as(result, form))  # type: ignore[misc] # mypy cannot infer this lambda


if __name__ == "__main__":
    fuzz(one, __file__)
