"""Small and large bodies go through different parsers; what a body means must not depend on its length."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from hypothesis import example, given
from hypothesis import strategies as st

from slipway_runtime.errors import RequestFault
from slipway_runtime.protocol.v2_decode import decode
from tensor_bodies import ALMOST_REQUESTS, padded, tensor

Outcome: TypeAlias = tuple[str, Any]


def _outcome(body: bytes) -> Outcome:
    """What came of it: the request in comparable form, or the kind of refusal."""
    try:
        request = decode(body, "m")
    except RequestFault as fault:
        return type(fault).__name__, None
    tensors = [
        (name, str(array.dtype), array.shape, array.tolist() if array.dtype == object else array.tobytes())
        for name, array in request.inputs.items()
    ]
    return "request", (request.id, request.outputs, tensors)


def _request(**fields: Any) -> dict[str, Any]:
    return {"inputs": [tensor(**fields)]}


@given(ALMOST_REQUESTS)
@example(_request(data=[[1, 2], [3], [4, 5, 6]], shape=[3, 2]))
@example(_request(data=[[[1.5]]], shape=[1], datatype="FP64"))
@example(_request(data=[10**25], shape=[1], datatype="FP64"))
@example(_request(data=[2**63], shape=[1], datatype="INT64"))
@example(_request(data=[2**64 - 1], shape=[1], datatype="UINT64"))
@example(_request(data=[1.0], shape=[1], datatype="INT8"))
@example(_request(data=[], shape=[0, 2**63 - 1]))
@example(_request(data=[1e39, float("nan")], shape=[2]))
def test_a_body_means_the_same_in_both_sizes(document: Any) -> None:
    """A request that works in the test must not fail, or mean something else, once it is a batch."""
    body = json.dumps(document).encode()
    assert _outcome(body) == _outcome(padded(body))


@given(
    st.sampled_from(["FP32", "FP64", "INT64", "UINT64", "INT8", "UINT8"]),
    st.lists(st.floats() | st.integers(-(2**65), 2**65) | st.integers(-2, 260), min_size=1, max_size=8),
)
def test_a_number_is_read_the_same_in_both_sizes(datatype: str, numbers: list[float]) -> None:
    """Two parsers that round differently would give two predictions for one row."""
    body = json.dumps(_request(data=numbers, shape=[len(numbers)], datatype=datatype)).encode()
    assert _outcome(body) == _outcome(padded(body))
