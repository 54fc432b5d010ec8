"""A data plane that computes with numpy, behind the real endpoints, routes and faults.

`compat_app` is a whole application without sockets; `ask` sends it one request and gives back status, headers
and the parsed body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from slipway_runtime.errors import ModelNotReady, NotFound, RuntimeFault
from slipway_runtime.lifecycle.model import Model
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.protocol.validate import validate
from slipway_runtime.rest.app import App
from slipway_runtime.rest.protocols import add_protocols
from slipway_runtime.rest.request import Request
from slipway_runtime.rest.router import Router
from slipway_runtime.rest.v2 import V2Endpoints
from slipway_runtime.telemetry.metrics import Metrics

T = TypeVar("T")
Compute = Callable[[Mapping[str, Array]], Mapping[str, Array]]

IRIS_NAMES = ("sepal length", "sepal width", "petal length", "petal width")


def table(columns: int = 4, datatype: str = "FP32", **more: Any) -> Signature:
    """One table in, one number a row out."""
    return Signature(
        "test", (TensorSpec("x", datatype, (-1, columns)),), (TensorSpec("y", "FP32", (-1,)),), **more
    )


def weighted(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Y = 1·first + 10·second + 100·third + …: which column went where can be read off the answer."""
    x = inputs["x"].astype(np.float64)
    return {"y": (x @ (10.0 ** np.arange(x.shape[1]))).astype(np.float32)}


CLASSIFIER = Signature(
    "test",
    (TensorSpec("x", "FP32", (-1, 4)),),
    (TensorSpec("label", "INT64", (-1,)), TensorSpec("probabilities", "FP32", (-1, 3))),
    primary="label",
    features=IRIS_NAMES,
)


def classified(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The label is the first column, its probability 0.5."""
    labels = np.nan_to_num(inputs["x"][:, 0]).clip(-9, 9).astype(np.int64)
    scores = np.full((len(labels), 3), 0.25, np.float32)
    scores[np.arange(len(labels)), labels % 3] = 0.5
    return {"label": labels, "probabilities": scores}


MIXED = Signature(
    "test",
    (
        TensorSpec("age", "FP32", (-1, 1)),
        TensorSpec("city", "BYTES", (-1, 1)),
        TensorSpec("count", "INT64", (-1, 1)),
    ),
    (TensorSpec("years", "FP32", (-1, 1)), TensorSpec("town", "BYTES", (-1, 1))),
)


def mixed(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """One input for each column; two of them come back."""
    return {"years": inputs["age"] * inputs["count"].astype(np.float32), "town": inputs["city"]}


class FakeDataPlane:
    """What endpoints call.

    Args:
        signature: of the only model.
        compute: its outputs by name.
        name: its name.
        fault: raised by every inference instead of an answer.
        ready: False while it loads.
    """

    def __init__(
        self,
        signature: Signature,
        compute: Compute,
        *,
        name: str = "m",
        fault: RuntimeFault | None = None,
        ready: bool = True,
    ) -> None:
        self._signature, self._compute, self._fault = signature, compute, fault
        self._model = Model(name)
        self._model.lifecycle.advance(ModelState.LOADING)
        if ready:
            self._model.lifecycle.advance(ModelState.READY)
            self._model.loaded = object()  # type: ignore[assignment] # only asked whether it is there

    def ready(self) -> bool:
        """As the real one."""
        return self._model.lifecycle.serving

    def models(self) -> tuple[Model, ...]:
        """As the real one."""
        return (self._model,)

    def serves(self, name: str) -> bool:
        """As the real one."""
        return name == self._model.name

    def model(self, name: str, version: str = "") -> Model:
        """As the real one."""
        if name != self._model.name or version not in ("", "1"):
            raise NotFound("Request for unknown model")
        return self._model

    def signature(self, model: Model) -> Signature:
        """As the real one."""
        if not model.lifecycle.serving:
            raise ModelNotReady("model 'm' is not ready: it is LOADING")
        return self._signature

    async def infer(self, request: InferenceRequest, *_: object) -> InferenceResult:
        """Validated as by the real one."""
        model = self.model(request.model, request.version)
        validate(request, self.signature(model))
        if self._fault is not None:
            raise self._fault
        found = self._compute(request.inputs)
        names = request.outputs or self._signature.output_names
        specs = [self._signature.output_by_name[name] for name in names]
        return InferenceResult(model.name, "1", "", specs, [found[name] for name in names])


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: of HTTP.
        head: header lines.
        body: parsed where it is JSON, else text.
        raw: the bytes.
    """

    status: int
    head: str
    body: Any
    raw: bytes


class Asker:
    """An application without sockets.

    Args:
        dataplane: answers.
    """

    def __init__(self, dataplane: FakeDataPlane) -> None:
        self.metrics = Metrics()
        self._dataplane = dataplane
        self._router = Router(dataplane.serves, self.metrics)
        V2Endpoints(dataplane, self.metrics).add_to(self._router)  # type: ignore[arg-type] # a fake
        add_protocols(self._router, dataplane, self.metrics, ("stable",))  # type: ignore[arg-type] # a fake
        self._app = App(self._router, access_log=False)

    def routes(self) -> list[tuple[str, str]]:
        """Every path as its template, with each of its methods."""
        return [(path, verb) for path, route in self._router._routes.items() for verb in route.verbs]

    def schema(self) -> dict[str, Any]:
        """The paths of /openapi.json."""
        from slipway_runtime.rest.openapi import build  # noqa: PLC0415 # FastAPI takes half a second

        (model,) = self._dataplane.models()
        found: dict[str, Any] = build(model.name, self._dataplane.signature(model)).openapi()["paths"]
        return found

    def get(self, path: str) -> Answer:
        """GET."""
        return self._send(b"GET", path, b"", {})

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """POST; what is neither bytes nor text is sent as JSON. A header's name has _ for -."""
        content = body.encode() if isinstance(body, str) else body
        if not isinstance(content, bytes):
            content = json.dumps(body).encode()
        told = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return self._send(b"POST", path, content, told)

    def _send(self, method: bytes, path: str, body: bytes, headers: dict[bytes, bytes]) -> Answer:
        request = Request(method, path.encode(), headers, body, "", 0.0, 1.0, keep_alive=True)
        reply = _finished(self._app.answer(request))
        head = reply.head.decode()
        parsed = json.loads(reply.body) if "application/json" in head else reply.body.decode()
        return Answer(reply.status, head, parsed, reply.body)


def _finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing; a loop for each would take most of the time."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return] # a coroutine's return value
    raise AssertionError("it waits for something")


def asker(signature: Signature, compute: Compute, **more: Any) -> Asker:
    """An application that serves one made-up model."""
    return Asker(FakeDataPlane(signature, compute, **more))


def floats(values: Any) -> Array:
    """A float32 array."""
    return np.array(values, np.float32)
