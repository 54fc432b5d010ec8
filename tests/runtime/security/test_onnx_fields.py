"""The scan's map of ONNX against the onnx package: every way to a tensor is on it."""

from __future__ import annotations

from typing import Any

from onnx import onnx_ml_pb2

from slipway_runtime.security.onnx_scan import LEADS

TARGET = "StringStringEntryProto"
KEY_OF_EXTERNAL_DATA = ("TensorProto", "external_data")


def _messages() -> dict[str, Any]:
    """Descriptors of all messages that a model can hold, by name."""
    found: dict[str, Any] = {}
    waiting = [onnx_ml_pb2.ModelProto.DESCRIPTOR]
    while waiting:
        descriptor = waiting.pop()
        if descriptor.name not in found:
            found[descriptor.name] = descriptor
            waiting += [field.message_type for field in descriptor.fields if field.message_type]
    return found


def _leads() -> dict[str, dict[int, str]]:
    """Which fields of which messages lead to a tensor, by the package's own descriptors."""
    messages = _messages()
    reaching = {"TensorProto"}
    while True:
        more = {
            name
            for name, descriptor in messages.items()
            if any(field.message_type and field.message_type.name in reaching for field in descriptor.fields)
        }
        if more <= reaching:
            break
        reaching |= more
    leads = {
        name: {
            field.number: field.message_type.name
            for field in messages[name].fields
            if field.message_type and field.message_type.name in reaching
        }
        for name in reaching
    }
    external = messages["TensorProto"].fields_by_name["external_data"]
    leads["TensorProto"] = {external.number: external.message_type.name}
    return leads


def test_every_way_to_a_tensor_is_walked() -> None:
    """A tensor that the scan does not see is a file that the engine may read: that was a real attack."""
    assert _leads() == LEADS


def test_key_and_value_of_an_entry_are_where_the_scan_looks() -> None:
    """Swapped, every location would look like a harmless key."""
    numbers = {field.name: field.number for field in _messages()[TARGET].fields}
    assert numbers == {"key": 1, "value": 2}
