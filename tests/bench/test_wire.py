"""The benchmark's own codecs: what it asks, and that it believes no wrong answer."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_bench import protobuf
from slipway_bench.sample import Array, Sample
from slipway_bench.wire import HEADER_LENGTH, check, message

SAMPLE = Sample(
    "iris",
    Path("model.onnx"),
    {"X": np.array([[5.1, 3.5, 1.4, 0.2]], np.float32)},
    {"label": np.array([1], np.int64), "scores": np.array([[0.25, 0.5, 0.25]], np.float32)},
)
DATATYPES = {"int64": "INT64", "float32": "FP32"}


def _answer(form: str, outputs: Mapping[str, Array]) -> tuple[dict[str, str], bytes]:
    """A server's answer, as the protocol's text has it."""
    described = [
        {"name": name, "shape": list(array.shape), "datatype": DATATYPES[array.dtype.name]}
        for name, array in outputs.items()
    ]
    if form == "json":
        filled = [
            entry | {"data": array.ravel().tolist()}
            for entry, array in zip(described, outputs.values(), strict=True)
        ]
        return {}, json.dumps({"outputs": filled}).encode()
    if form == "binary":
        sized = [
            entry | {"parameters": {"binary_data_size": array.nbytes}}
            for entry, array in zip(described, outputs.values(), strict=True)
        ]
        head = json.dumps({"outputs": sized}).encode()
        return {HEADER_LENGTH: str(len(head))}, head + b"".join(each.tobytes() for each in outputs.values())
    tensors = [
        protobuf.field(5, protobuf.field(1, name) + protobuf.field(2, DATATYPES[array.dtype.name]))
        for name, array in outputs.items()
    ]
    raw = [protobuf.field(6, array.tobytes()) for array in outputs.values()]
    return {}, b"".join((protobuf.field(1, "iris"), *tensors, *raw))


@pytest.mark.parametrize("form", ["json", "binary", "grpc"])
def test_a_right_answer_is_believed_and_a_wrong_one_is_not(form: str) -> None:
    """Every figure rests on this check: a server that answers nonsense quickly must not be measured."""
    check(SAMPLE, form, *_answer(form, SAMPLE.expected))
    wrong = dict(SAMPLE.expected) | {"scores": np.array([[0.25, 0.25, 0.5]], np.float32)}
    fewer = {"label": SAMPLE.expected["label"]}
    for outputs in (wrong, fewer):
        with pytest.raises(AssertionError):
            check(SAMPLE, form, *_answer(form, outputs))


@pytest.mark.parametrize("form", ["json", "binary"])
def test_requests_carry_every_number_exactly(form: str) -> None:
    """All servers must do the work of the same tensor."""
    request = message(SAMPLE, form)
    at = int(request.headers.get(HEADER_LENGTH, len(request.body)))
    data = json.loads(request.body[:at])["inputs"][0].get("data")
    sent = np.frombuffer(request.body[at:], np.float32) if data is None else np.array(data, np.float32)
    assert sent.tolist() == SAMPLE.inputs["X"].ravel().tolist()


@given(st.lists(st.tuples(st.integers(1, 2**20), st.binary(max_size=300)), max_size=8))
def test_what_is_written_as_protocol_buffers_is_read_again(entries: list[tuple[int, bytes]]) -> None:
    """Lengths and field numbers take one byte or several."""
    found = protobuf.fields(b"".join(protobuf.field(number, content) for number, content in entries))
    assert sorted((number, each) for number, values in found.items() for each in values) == sorted(entries)
