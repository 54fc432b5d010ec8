"""The peer: a model in Triton's Python backend, with ONNX Runtime inside.

Triton brings the session's inputs as numpy arrays; the names of file and outputs come with the model's
configuration.
"""

from __future__ import annotations

import json
from typing import Any

import onnxruntime
import triton_python_backend_utils as pb


class TritonPythonModel:
    """One ONNX file; the name of this class is Triton's."""

    def initialize(self, args: dict[str, str]) -> None:
        """Make the session, one intra-op thread."""
        config = json.loads(args["model_config"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = config["parameters"]["path"]["string_value"]
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = [entry["name"] for entry in config["input"]]
        self._outputs = [entry["name"] for entry in config["output"]]

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer what Triton hands over at once: one request, where batching is off."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        feed = {name: pb.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs}
        arrays = self._session.run(self._outputs, feed)
        tensors = [pb.Tensor(name, array) for name, array in zip(self._outputs, arrays, strict=True)]
        return pb.InferenceResponse(output_tensors=tensors)
