"""The peer: a model served as people write it by hand, with FastAPI, pydantic and ONNX Runtime.

Same model file, same request and answer, one intra-op thread; requests and answers validated by pydantic
models. The two usual ways to write the handler are two applications: `threads` has a plain function, which
FastAPI runs on its thread pool so that inference does not stop the event loop; `inline` has a coroutine,
which is faster for small models and stops everybody else for large ones.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

DTYPES = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "INT32": np.int32}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


class Tensor(BaseModel):
    """One input or output."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class InferenceRequest(BaseModel):
    """What is asked."""

    id: str | None = None
    inputs: list[Tensor]


class InferenceResponse(BaseModel):
    """What is answered."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[Tensor]


def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])


session = _session()
output_names = [output.name for output in session.get_outputs()]
threads = FastAPI()
inline = FastAPI()


def run(model: str, request: InferenceRequest) -> InferenceResponse:
    """Run the model."""
    try:
        feed = {
            tensor.name: np.array(tensor.data, dtype=DTYPES[tensor.datatype]).reshape(tensor.shape)
            for tensor in request.inputs
        }
    except (KeyError, ValueError) as error:
        raise HTTPException(400, str(error)) from error
    arrays = session.run(output_names, feed)
    outputs = [
        Tensor(name=name, shape=list(array.shape), datatype=NAMES[array.dtype], data=array.ravel().tolist())
        for name, array in zip(output_names, arrays, strict=True)
    ]
    return InferenceResponse(model_name=model, model_version="1", id=request.id, outputs=outputs)


@threads.get("/v2/health/ready")
@inline.get("/v2/health/ready")
def ready() -> dict[str, bool]:
    """True once the model is loaded, which it is before this module is."""
    return {"ready": True}


@threads.post("/v2/models/{model}/infer")
def infer_on_a_thread(model: str, request: InferenceRequest) -> InferenceResponse:
    """A plain function."""
    return run(model, request)


@inline.post("/v2/models/{model}/infer")
async def infer_inline(model: str, request: InferenceRequest) -> InferenceResponse:
    """A coroutine."""
    return run(model, request)
