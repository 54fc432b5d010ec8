"""/docs and /openapi.json: the paths described for people and generators, by FastAPI.

The routes here are never called: the server's own router answers them. A test compares both, so that
nothing is described that does not answer, and the other way round.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Path
from pydantic import BaseModel, Field

from slipway_runtime.rest.openapi_examples import examples
from slipway_runtime.rest.openapi_routes import ROUTES, Described

if TYPE_CHECKING:
    from slipway_runtime.protocol.signature import Signature

_PARAMETERS = re.compile(r"{(\w+)}")


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


_ABOUT = """One model over every protocol that its clients may speak, on this port: Open Inference
Protocol v2, TensorFlow Serving, KServe V1, Seldon, MLflow, SageMaker, TorchServe, and plain JSON. The
examples are bodies that the model takes."""


def build(model: str, signature: Signature | None) -> FastAPI:
    """An application that only knows how to describe itself.

    Args:
        model: the served model's name, for the examples.
        signature: what it takes; None while it is not loaded: then there are no examples.
    """
    app = FastAPI(title="Slipway runtime", description=_ABOUT)
    v2 = APIRouter(tags=["Open Inference Protocol v2"])

    @v2.get("/v2", summary="The server's name and version")
    def server() -> None: ...

    @v2.get("/v2/health/live", summary="Is the server alive?")
    def live() -> None: ...

    @v2.get("/v2/health/ready", summary="Is every model ready?", responses={503: _FAULTS[503]})
    def ready() -> None: ...

    @v2.get("/v2/models", summary="The served models")
    def models() -> None: ...

    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        _describe_model(v2, base)
    app.include_router(v2)
    schema = _described(app.openapi(), model, examples(signature) if signature else {})
    app.openapi_schema = schema
    return app


def _described(schema: dict[str, Any], model: str, bodies: dict[str, Any]) -> dict[str, Any]:
    """The schema with the other protocols' paths, and an example in each body."""
    for route in ROUTES:
        schema["paths"].setdefault(route.path, {})[route.verb] = _operation(route, bodies)
    for path, verbs in schema["paths"].items():
        for operation in verbs.values():
            _fill_in(operation, path, model, bodies)
    return schema


def _operation(route: Described, bodies: dict[str, Any]) -> dict[str, Any]:
    fault = {"description": "the request does not fit the protocol or the model; `error` says what to change"}
    operation: dict[str, Any] = {
        "tags": [route.tag],
        "summary": route.what,
        "description": route.more,
        "responses": {"403": fault}
        if route.refused
        else {
            "200": {"description": "the answer"},
            "400": fault,
            "503": {"description": "not ready, or busy"},
        },
    }
    if route.verb != "get" and route.body:
        content: dict[str, Any] = {"schema": {}}
        if route.example in bodies:
            content["example"] = bodies[route.example]
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _fill_in(operation: dict[str, Any], path: str, model: str, bodies: dict[str, Any]) -> None:
    values = {"model": model, "version": "1", "release": "1.0", "label": "stable", "endpoint": model}
    values |= {"namespace": "default", "deployment": model}
    operation["parameters"] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": values[name]}
        for name in _PARAMETERS.findall(path)
    ]
    if path.endswith("/infer") and bodies:
        operation["requestBody"]["content"]["application/json"]["example"] = bodies["v2"]


def _describe_model(v2: APIRouter, base: str) -> None:
    @v2.get(base, summary="Names, datatypes and shapes", response_model=ModelDescription, responses=_FAULTS)
    def metadata(model: ModelName) -> None: ...

    @v2.get(f"{base}/ready", summary="Is this model ready?", responses=_FAULTS)
    def model_ready(model: ModelName) -> None: ...

    @v2.post(f"{base}/infer", summary="Run the model", response_model=InferenceAnswer, responses=_FAULTS)
    def infer(model: ModelName, body: Annotated[InferenceBody, Body()]) -> None: ...
