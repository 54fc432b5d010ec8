"""ONNX models, run by ONNX Runtime. The only module that imports it.

The file is scanned before the runtime sees it. One session serves every thread: `run` releases the
interpreter lock, so more sessions would only hold the weights more than once. Each run gets one intra-op
thread and the server's own threads run side by side; spinning is off, because threads that spin while they
wait burn the quota of the container.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as states

from slipway_runtime.engines.onnx_odd import runner
from slipway_runtime.errors import EngineFailed, InvalidRequest, LoadFailure, Reason
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.security.onnx_scan import scan
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from slipway_runtime.protocol.tensors import Array

PLATFORM = "onnxruntime_onnx"
_FATAL_ONLY = 4  # what fails is raised as well; its own coloured lines would break the log's JSON
_LOG = logging.getLogger(__name__)
_NODE = re.compile(r"while running (\w{1,64}) node")
_NOISE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |Exception during initialization: |Load model from \S+ failed: ?"
    r"|/onnxruntime_src/\S+:\d+ [^()]*\((?:[^()]|\([^()]*\))*\)(?: const)?(?: \[with [^\]]*\])?,? ?"
)

DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(bfloat16)": "BF16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}


class OnnxEngine:
    """A loaded ONNX model.

    Args:
        path: the model file; external data beside it.
        threads: intra-op threads of one run.

    Raises:
        LoadFailure: UnsupportedFormat or ModelLoadFailed.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        scan(path)
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=_options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise _load_failure(path, error) from error
        self._signature = _signature(path, self._session)
        self._run = runner(self._session, self._signature)

    @property
    def signature(self) -> Signature:
        """Names, datatypes and shapes as the model declares them."""
        return self._signature

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once; see Engine.run."""
        try:
            return self._run(outputs, inputs, None)
        except InvalidRequest:
            raise
        except Exception as error:
            raise _run_failure(error) from error

    def close(self) -> None:
        """Drop the session; its memory goes with the last run that uses it."""
        del self._run, self._session


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _FATAL_ONLY
    return options


def _signature(path: Path, session: onnxruntime.InferenceSession) -> Signature:
    inputs = tuple(_spec(node) for node in session.get_inputs())
    outputs = tuple(_spec(node) for node in session.get_outputs())
    for node, spec in zip(session.get_inputs(), inputs, strict=True):
        if not spec.datatype:
            raise LoadFailure(
                Reason.UNSUPPORTED_FORMAT,
                redact_text(f"input '{spec.name}' of {path.name} is a {node.type}, which no client can send"),
            )
    served = tuple(spec for spec in outputs if spec.datatype)
    if not served:
        raise LoadFailure(
            Reason.UNSUPPORTED_FORMAT,
            f"no output of {path.name} is a tensor: export the model with its zipmap option off",
        )
    for spec in outputs:
        if not spec.datatype:
            _LOG.warning("an output has a type that is not served", extra={"output": spec.name})
    return Signature(PLATFORM, inputs, served)


def _spec(node: onnxruntime.NodeArg) -> TensorSpec:
    """Names and None stand for open dimensions; both are -1 here."""
    shape = tuple(size if isinstance(size, int) and size >= 0 else -1 for size in node.shape or ())
    return TensorSpec(node.name, DATATYPES.get(node.type, ""), shape)


def _load_failure(path: Path, error: Exception) -> LoadFailure:
    unreadable = isinstance(error, states.InvalidProtobuf | states.NoSuchFile | states.NoModel)
    reason = Reason.UNSUPPORTED_FORMAT if unreadable else Reason.MODEL_LOAD_FAILED
    said = _NOISE.sub("", str(error))  # addresses in its own source would leave no room for the cause
    return LoadFailure(reason, f"ONNX Runtime cannot load {path.name}: {redact_text(said.strip())}")


def _run_failure(error: Exception) -> Exception:
    """The model loaded and was warmed up, so what its kernels refuse now lies in the request."""
    if not isinstance(error, states.InvalidArgument | states.RuntimeException | states.Fail):
        return EngineFailed(f"the engine failed: {type(error).__name__}")
    node = _NODE.search(str(error))
    where = f" at a {node.group(1)} node" if node else ""
    return InvalidRequest(
        f"the model cannot run on these inputs{where}: compare shapes and values with what it was made for"
    )
