"""/docs and /openapi.json: the paths described for people and generators, by FastAPI.

The routes here are never called: the server's own router answers them. A test compares both, so that
nothing is described that does not answer, and the other way round.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, Path
from pydantic import BaseModel, Field


class Tensor(BaseModel):
    """One input or output."""

    name: str
    datatype: str = Field(examples=["FP32"])
    shape: list[int] = Field(examples=[[1, 4]])
    data: list[Any] = Field(description="row-major, flat or nested", examples=[[5.1, 3.5, 1.4, 0.2]])


class RequestedOutput(BaseModel):
    """The name of an output."""

    name: str


class InferenceBody(BaseModel):
    """What an inference asks."""

    id: str = ""
    inputs: list[Tensor]
    outputs: list[RequestedOutput] | None = Field(None, description="all of them when absent")


class InferenceAnswer(BaseModel):
    """What the model answered."""

    model_name: str
    model_version: str
    id: str | None = Field(None, description="as in the request")
    outputs: list[Tensor]


class TensorDescription(BaseModel):
    """An input or output as the model declares it; -1 stands for any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelDescription(BaseModel):
    """What the model says about itself."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorDescription]
    outputs: list[TensorDescription]


class Fault(BaseModel):
    """What went wrong, and the remedy."""

    error: str


ModelName = Annotated[str, Path(description="the served model's name")]
_FAULTS: dict[int | str, dict[str, Any]] = {
    400: {"model": Fault, "description": "the request does not fit the protocol or the model"},
    404: {"model": Fault, "description": "no such model or version"},
    413: {"model": Fault, "description": "the body is too long"},
    503: {"model": Fault, "description": "not ready, or the queue is full; see Retry-After"},
    504: {"model": Fault, "description": "the request's time was over"},
}


def build() -> FastAPI:
    """An application that only knows how to describe itself."""
    app = FastAPI(title="Slipway runtime", description="Open Inference Protocol v2")

    @app.get("/v2", summary="The server's name and version")
    def server() -> None: ...

    @app.get("/v2/health/live", summary="Is the server alive?")
    def live() -> None: ...

    @app.get("/v2/health/ready", summary="Is every model ready?", responses={503: _FAULTS[503]})
    def ready() -> None: ...

    @app.get("/v2/models", summary="The served models")
    def models() -> None: ...

    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        _describe_model(app, base)
    return app


def _describe_model(app: FastAPI, base: str) -> None:
    @app.get(base, summary="Names, datatypes and shapes", response_model=ModelDescription, responses=_FAULTS)
    def metadata(model: ModelName) -> None: ...

    @app.get(f"{base}/ready", summary="Is this model ready?", responses=_FAULTS)
    def model_ready(model: ModelName) -> None: ...

    @app.post(f"{base}/infer", summary="Run the model", response_model=InferenceAnswer, responses=_FAULTS)
    def infer(model: ModelName, body: Annotated[InferenceBody, Body()]) -> None: ...
