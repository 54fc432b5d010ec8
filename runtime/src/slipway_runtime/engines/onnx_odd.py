"""Tensors that numpy and ONNX Runtime see differently: bfloat16, and text that is still bytes.

Most models have neither and run without any of this. numpy has no bfloat16: such tensors cross over as
values of ONNX Runtime's own, which look into the array that came, and of which the answer's bits are copied.
Text is UTF-8 in ONNX: given bytes objects, ONNX Runtime would take how Python prints them.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnxruntime

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import BYTES, bits_of, from_bits
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Array

    Run: TypeAlias = Callable[[Sequence[str], Mapping[str, Array], None], list[Array]]

_BF16 = "BF16"
_ONNX_BF16 = 16  # TensorProto.BFLOAT16


def runner(session: onnxruntime.InferenceSession, signature: Signature) -> Run:
    """What runs a session: its own method, where that does what it should."""
    # The public method first asks three questions about GPUs: a fifth of a small model's run.
    run: Run = session._sess.run  # noqa: SLF001 # see above
    if any(spec.datatype == _BF16 for spec in (*signature.inputs, *signature.outputs)):
        run = _by_values(session, signature)
    texts = [spec.name for spec in signature.inputs if spec.datatype == BYTES]
    return _with_text(run, texts) if texts else run


def _with_text(run: Run, texts: list[str]) -> Run:
    def run_with_text(outputs: Sequence[str], inputs: Mapping[str, Array], options: None) -> list[Array]:
        decoded = {name: _text(name, inputs[name]) for name in texts}
        return run(outputs, {**inputs, **decoded}, options)

    return run_with_text


def _text(name: str, array: Array) -> Array:
    if bytes not in set(map(type, array.ravel())):
        return array
    try:
        found = [each.decode() if isinstance(each, bytes) else each for each in array.ravel()]
    except UnicodeDecodeError:
        raise InvalidRequest(
            f"input {quoted(name)} is not UTF-8 text, and the model takes no other bytes: send text"
        ) from None
    decoded = np.empty(len(found), dtype=np.object_)
    decoded[:] = found
    return decoded.reshape(array.shape)


def _by_values(session: onnxruntime.InferenceSession, signature: Signature) -> Run:
    half = {spec.name for spec in (*signature.inputs, *signature.outputs) if spec.datatype == _BF16}

    def run_by_values(outputs: Sequence[str], inputs: Mapping[str, Array], _: None) -> list[Array]:
        values = {name: _value(array, half=name in half) for name, array in inputs.items()}
        answers = session.run_with_ort_values(list(outputs), values)
        return [
            _bits(answer) if name in half else answer.numpy()
            for name, answer in zip(outputs, answers, strict=True)
        ]

    return run_by_values


def _value(array: Array, *, half: bool) -> Any:
    array = np.ascontiguousarray(array).reshape(array.shape)
    if half:
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits_of(array), _ONNX_BF16)
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def _bits(value: Any) -> Array:
    raw = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
    return from_bits(np.frombuffer(raw, np.uint16)).reshape(value.shape())
