"""Tensors over gRPC: what goes in comes out, in every datatype and form, and no bytes break the reader."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import tfs_grpc_tensor, v2_grpc
from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import BYTES, DTYPES, WITHOUT_JSON_FORM
from slipway_runtime.rpc import v2
from slipway_runtime.rpc.messages import message

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
NUMBERS = sorted(set(DTYPES) - {BYTES, "BF16"})


@st.composite
def tensors(draw: st.DrawFn) -> tuple[str, Any]:
    """A datatype and an array of it."""
    datatype = draw(st.sampled_from([*NUMBERS, BYTES, "BF16"]))
    shape = draw(SHAPES)
    if datatype == BYTES:
        count = int(np.prod(shape))
        array = np.empty(count, dtype=np.object_)
        array[:] = draw(st.lists(st.text(), min_size=count, max_size=count))
        return datatype, array.reshape(shape)
    if datatype == "BF16":
        bits = draw(hnp.arrays(np.uint16, shape))
        return datatype, bits.view(DTYPES["BF16"])
    return datatype, draw(hnp.arrays(DTYPES[datatype], shape))


def result(datatype: str, array: Any) -> InferenceResult:
    """A result with one output, called x."""
    return InferenceResult("m", "1", "", (TensorSpec("x", datatype, array.shape),), (array,))


def as_raw(datatype: str, array: Any) -> Any:
    """An answer's raw output, put into a request."""
    request = InferenceRequest("m", "", "", {}, ())
    answer = message("inference.ModelInferResponse").FromString(v2.encode(result(datatype, array), request))
    asked = message("inference.ModelInferRequest")()
    asked.inputs.add(name="x", datatype=datatype, shape=answer.outputs[0].shape)
    asked.raw_input_contents.append(answer.raw_output_contents[0])
    return asked


def same(found: Any, array: Any) -> bool:
    """Bit for bit."""
    if array.dtype == np.object_:
        return bool(found.shape == array.shape and found.tolist() == array.tolist())
    return bool((found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes()))


@given(tensors())
def test_raw_outputs_read_back_as_they_were(tensor: tuple[str, Any]) -> None:
    """One model's output is the next one's input."""
    datatype, array = tensor

    assert same(v2_grpc.decode(as_raw(datatype, array)).inputs["x"], array)


@given(tensors())
def test_typed_contents_read_back_as_they_were(tensor: tuple[str, Any]) -> None:
    """Languages without arrays send these."""
    datatype, array = tensor
    if datatype in WITHOUT_JSON_FORM:
        return
    asked = message("inference.ModelInferRequest")()
    entry = asked.inputs.add(name="x", datatype=datatype, shape=array.shape)
    flat = [text.encode() for text in array.ravel()] if datatype == BYTES else array.ravel().tolist()
    getattr(entry.contents, v2_grpc.CONTENTS[datatype]).extend(flat)

    assert same(v2_grpc.decode(asked).inputs["x"], array)


@given(tensors())
def test_tensorflow_s_values_read_back_as_they_were(tensor: tuple[str, Any]) -> None:
    """What TensorFlow Serving's clients get, they may send."""
    datatype, array = tensor
    written = message("tensorflow.TensorProto")()

    tfs_grpc_tensor.fill(datatype, array, written)

    assert written.tensor_content == b""
    read = message("tensorflow.TensorProto").FromString(written.SerializeToString())
    assert same(tfs_grpc_tensor.array_of("x", read, "m"), array)


@given(tensors())
def test_tensorflow_s_content_reads_back_as_it_was(tensor: tuple[str, Any]) -> None:
    """The bytes of an array are what most clients put there."""
    datatype, array = tensor
    if datatype == BYTES or not array.size:
        return
    written = message("tensorflow.TensorProto")()
    written.dtype = tfs_grpc_tensor.KINDS[datatype].number
    tfs_grpc_tensor.describe(array.shape, written.tensor_shape)
    written.tensor_content = array.tobytes()

    assert same(tfs_grpc_tensor.array_of("x", written, "m"), array)


@pytest.mark.parametrize(
    ("values", "expected"), [([], [0, 0, 0]), ([7], [7, 7, 7]), ([7, 8], [7, 8, 8]), ([7, 8, 9], [7, 8, 9])]
)
def test_a_short_list_goes_on_with_its_last_value(values: list[int], expected: list[int]) -> None:
    """TensorFlow writes constants so, and reads them so."""
    tensor = message("tensorflow.TensorProto")(dtype=3, int_val=values)
    tfs_grpc_tensor.describe((3,), tensor.tensor_shape)

    assert tfs_grpc_tensor.array_of("x", tensor, "m").tolist() == expected


@pytest.mark.parametrize(
    ("number", "value"), [(6, 128), (6, -129), (4, -1), (4, 256), (19, 65_536), (19, -1)]
)
def test_a_value_beyond_its_datatype_is_refused(number: int, value: int) -> None:
    """A cast would turn 256 into 0, and a wrong input into a wrong answer."""
    tensor = message("tensorflow.TensorProto")(dtype=number, int_val=[value], half_val=[value])

    with pytest.raises(InvalidRequest, match="between"):
        tfs_grpc_tensor.array_of("x", tensor, "m")


@given(st.binary(max_size=200), st.sampled_from(["", "raw", "typed"]))
def test_no_bytes_break_the_reader(text: bytes, form: str) -> None:
    """Whatever a stranger sends is either a request or the stranger's fault."""
    if form:
        asked = as_raw("FP32", np.ones((2, 2), np.float32))
        if form == "typed":
            del asked.raw_input_contents[:]
        text = asked.SerializeToString() + text
    try:
        request, _ = v2.decode(text)
    except InvalidRequest:
        return
    assert isinstance(request.inputs, dict)
