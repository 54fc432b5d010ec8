"""The peer: a model in MLServer, written as its documentation shows for libraries it has no runtime for."""

from __future__ import annotations

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):  # type: ignore[misc] # MLServer is not installed where types are checked
    """One ONNX file, its path in the model's settings."""

    async def load(self) -> bool:
        """Make the session, one intra-op thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        uri = self.settings.parameters.uri
        self._session = onnxruntime.InferenceSession(uri, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Run it, with MLServer's own codecs."""
        feed = {tensor.name: self.decode(tensor, default_codec=NumpyCodec) for tensor in payload.inputs}
        arrays = self._session.run(self._outputs, feed)
        outputs = [
            NumpyCodec.encode_output(name, array) for name, array in zip(self._outputs, arrays, strict=True)
        ]
        return InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs
        )
