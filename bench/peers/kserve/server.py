"""The peer: a model server written with KServe's SDK, as its documentation shows.

python server.py --model_name NAME --http_port N --grpc_port N [KServe's flags]; the file's path is in MODEL.
"""

from __future__ import annotations

import os

import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer, model_server

DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32"}


class OnnxModel(Model):  # type: ignore[misc] # KServe is not installed where types are checked
    """One ONNX file."""

    def load(self) -> bool:
        """Make the session, one intra-op thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            os.environ["MODEL"], options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.ready = True
        return self.ready

    def predict(self, payload: InferRequest, *_: object, **__: object) -> InferResponse:
        """Run it; tensors go back raw over gRPC and as they are asked for over REST."""
        feed = {tensor.name: tensor.as_numpy() for tensor in payload.inputs}
        outputs = []
        for name, array in zip(self._outputs, self._session.run(self._outputs, feed), strict=True):
            output = InferOutput(name, list(array.shape), DATATYPES[array.dtype.name])
            output.set_data_from_numpy(array, binary_data=payload.from_grpc)
            outputs.append(output)
        return InferResponse(payload.id, self.name, outputs)


if __name__ == "__main__":
    model = OnnxModel(model_server.args.model_name)
    model.load()
    ModelServer(enable_latency_logging=False).start([model])
