"""The use cases of a model server, the same for every protocol: live, ready, metadata, infer.

Transports turn bytes into requests and results into bytes; nothing here knows of HTTP. An inference goes:
find the model, is it serving, does the request fit its signature, run it where the scheduler says.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import ModelNotReady, NotFound, RuntimeFault
from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
from slipway_runtime.protocol.validate import validate
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway_runtime.lifecycle.model import Loaded, Model
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.scheduling.run import Result


class DataPlane:
    """What transports call.

    Args:
        models: all that are served, ready or not.
        clock: seconds, monotonic; deadlines are on its scale.
    """

    def __init__(self, models: tuple[Model, ...], clock: Callable[[], float] = time.perf_counter) -> None:
        self._models = {model.name: model for model in models}
        self._clock = clock

    def ready(self) -> bool:
        """True when every model answers."""
        return all(model.lifecycle.serving for model in self._models.values())

    def models(self) -> tuple[Model, ...]:
        """All that are served."""
        return tuple(self._models.values())

    def serves(self, name: str) -> bool:
        """True for the name of a model, ready or not."""
        return name in self._models

    def model(self, name: str, version: str = "") -> Model:
        """A model by name; an empty version is any.

        Raises:
            NotFound: no such model or version.
        """
        model = self._models.get(name)
        if model is None:
            raise NotFound(f"Request for unknown model: {quoted(name)} is not found")
        if version and version not in model.versions:
            raise NotFound(f"Request for unknown model: '{name}' version {quoted(version)} is not found")
        return model

    def signature(self, model: Model) -> Signature:
        """What a model takes and gives.

        Raises:
            ModelNotReady: it is not loaded.
        """
        return _loaded(model).signature

    async def infer(
        self, request: InferenceRequest, deadline: float, abandoned: Callable[[], bool]
    ) -> InferenceResult:
        """Answer one request.

        Args:
            request: decoded, not validated.
            deadline: on time.perf_counter's scale.
            abandoned: true when nobody waits for the answer any more.

        Raises:
            RequestFault: the request does not fit.
            ServingFault: the server cannot answer.
        """
        model = self.model(request.model, request.version)
        _, scheduler, signature = _loaded(model)
        begun = self._clock()
        try:
            specs, names, elements = _wanted(request, signature)
            answer = scheduler.submit(request.inputs, names, elements, deadline, abandoned)
            arrays = answer if isinstance(answer, list) else await answer
        except RuntimeFault as fault:
            scheduler.stages_here().failed(fault, self._clock() - begun)
            raise
        return InferenceResult(model.name, model.versions[-1], request.id, specs, arrays)

    def infer_here(
        self,
        request: InferenceRequest,
        deadline: float,
        abandoned: Callable[[], bool],
        then: Callable[[InferenceResult | BaseException], None],
    ) -> bool:
        """The same for a small request, from any thread but the event loop's.

        It runs on the calling thread, or with others on the thread whose run is under way. One that is not
        small is left alone: False, and `infer` is its way.

        Args:
            request: decoded, not validated.
            deadline: on time.perf_counter's scale.
            abandoned: true when nobody waits for the answer any more; asked on any of these threads.
            then: told the result or the fault, on this thread or on another. It raises nothing.

        Raises:
            RuntimeFault: it was not let in; `then` is not told.
        """
        model = self.model(request.model, request.version)
        _, scheduler, signature = _loaded(model)
        begun, stages = self._clock(), scheduler.stages_here()
        try:
            specs, names, elements = _wanted(request, signature)
        except RuntimeFault as fault:
            stages.failed(fault, self._clock() - begun)
            raise
        if not scheduler.small(elements):
            return False

        def ended(outcome: Result) -> None:
            there = scheduler.stages_here()  # each thread counts apart
            there.ended += 1
            if isinstance(outcome, list):
                then(InferenceResult(model.name, model.versions[-1], request.id, specs, outcome))
                return
            if isinstance(outcome, RuntimeFault):
                there.failed(outcome, self._clock() - begun)
            then(outcome)

        stages.begun += 1
        scheduler.submit_here(request.inputs, names, elements, deadline, abandoned, stages, ended)
        return True


def _wanted(
    request: InferenceRequest, signature: Signature
) -> tuple[Sequence[TensorSpec], Sequence[str], int]:
    """Validate; returns the outputs' specs and names, and the size of the inputs in elements."""
    validate(request, signature)
    elements = 0
    for array in request.inputs.values():
        elements += array.size
    if not request.outputs:
        return signature.outputs, signature.output_names, elements
    specs = tuple(signature.output_by_name[name] for name in request.outputs)
    return specs, request.outputs, elements


def _loaded(model: Model) -> Loaded:
    if model.loaded is None or not model.lifecycle.serving:
        raise ModelNotReady(f"model '{model.name}' is not ready: it is {model.lifecycle.state}")
    return model.loaded
