"""Heads that were read before: the same bytes mean the same, and whatever else changes is seen."""

from __future__ import annotations

import numpy as np
import pytest

from binary_bodies import entry, packed, request, with_tail
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import v2_known
from slipway_runtime.protocol.kept import MANY, Kept
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.tensors import Array, from_bits
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.v2_known import recall
from tensor_bodies import tensor


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v2_known, "_HEADS", Kept())


def read(made: tuple[bytes, int]) -> InferenceRequest:
    """Decode a body with a tail, which stands behind something else in what was read."""
    body, length = made
    return recall(b"head" + body, 4, length, "m", "2") or decode(body, "m", "2", length)


def known(made: tuple[bytes, int]) -> InferenceRequest | None:
    """The request, where its head was read before."""
    return recall(made[0], 0, made[1], "m", "")


def test_the_same_head_with_other_numbers_is_another_request() -> None:
    """That is what every client of a model sends."""
    half = from_bits(np.array([1, 2], np.uint16))
    for numbers in ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]):
        array = np.array([numbers], np.float32)
        inputs = [entry(packed(array), [1, 2]), entry(packed(half), [2], "BF16", "half")]
        asked = [{"name": "y", "parameters": {"binary_data": True}}]
        made = with_tail({"inputs": inputs, "outputs": asked}, packed(array), packed(half))

        found = read(made)

        assert (found.model, found.version, found.outputs) == ("m", "2", ("y",))
        assert found.form is not None
        assert found.form.each == {"y": True}
        assert found.inputs["x"].tolist() == [numbers]
        assert found.inputs["half"].tobytes() == half.tobytes()
        assert known(made) is not None


def test_a_known_head_with_a_tail_of_another_length_is_refused_as_ever() -> None:
    """A cut-off body must not become a request because the last one was whole."""
    body, length = request(np.ones(4, np.float32), "FP32")
    read((body, length))

    for other in (body[:-1], body + b"!"):
        with pytest.raises(InvalidRequest):
            read((other, length))


@pytest.mark.parametrize(
    "array",
    [np.array(["a"], dtype=object), np.array([True]), np.zeros((0, 2), np.float32)],
    ids=["text", "flags", "nothing"],
)
def test_what_has_to_be_looked_at_each_time_is(array: Array) -> None:
    """The length of a text is in the tail."""
    datatype = {"O": "BYTES", "b": "BOOL", "f": "FP32"}[array.dtype.kind]
    body, length = request(array, datatype)

    assert [read((body, length)).inputs["x"].tolist() for _ in range(2)] == [array.tolist()] * 2
    assert known((body, length)) is None


def test_a_head_with_numbers_or_an_id_of_its_own_is_not_kept() -> None:
    """It will not come again."""
    array = np.ones(2, np.float32)
    mixed = with_tail({"inputs": [entry(packed(array), [2]), tensor([1], [1], "INT8", "j")]}, packed(array))
    named = request(array, "FP32", id="1")

    for made in (mixed, named):
        read(made)
        assert known(made) is None


def test_endless_heads_fill_a_bounded_memory() -> None:
    """Anybody can invent names of outputs."""
    for number in range(MANY * 2):
        read(request(np.ones(1, np.float32), "FP32", outputs=[{"name": f"y{number}"}]))

    assert len(v2_known._HEADS) <= MANY
