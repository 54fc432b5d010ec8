"""What v2 tells about models besides inference: the repository's index, and statistics.

A server serves what it was started with. So the index can be read, and loading and unloading are refused, in
the words that Triton has for a repository that is not controlled by its clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from slipway_runtime.errors import Forbidden, InvalidRequest
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.protocol.json_document import parse
from slipway_runtime.protocol.words import kind
from slipway_runtime.rest.reply import Reply, json_reply
from slipway_runtime.rest.v2_statistics import statistics_body
from slipway_runtime.telemetry.statistics import model_statistics

if TYPE_CHECKING:
    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.lifecycle.model import Model
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router
    from slipway_runtime.telemetry.metrics import Metrics

READY, LOADING, UNAVAILABLE = "READY", "LOADING", "UNAVAILABLE"
_STATES = {
    ModelState.PENDING: LOADING,
    ModelState.PULLING: LOADING,
    ModelState.LOADING: LOADING,
    ModelState.READY: READY,
    ModelState.DRAINING: READY,  # it answers until it is gone
    ModelState.STOPPED: UNAVAILABLE,
    ModelState.FAILED: UNAVAILABLE,
}


class V2ModelEndpoints:
    """The endpoints.

    Args:
        dataplane: knows the models.
        metrics: counted what they did.
    """

    def __init__(self, dataplane: DataPlane, metrics: Metrics) -> None:
        self._dataplane = dataplane
        self._metrics = metrics

    def add_to(self, router: Router) -> None:
        """Put the paths into the router; before those of v2, whose models could be called `stats`."""
        router.add("GET", "/v2/models/stats", self.all_statistics)
        router.add("GET", "/v2/models/{model}/stats", self.statistics)
        router.add("GET", "/v2/models/{model}/versions/{version}/stats", self.statistics)
        router.add("POST", "/v2/repository/index", self.index)
        router.add("POST", "/v2/repository/models/{model}/load", self.refuse)
        router.add("POST", "/v2/repository/models/{model}/unload", self.refuse)

    async def statistics(self, request: Request) -> Reply:
        """GET …/stats of a model."""
        params = request.params
        model = self._dataplane.model(params["model"], params.get("version", ""))
        return json_reply({"model_stats": [self._of(model)]})

    async def all_statistics(self, _: Request) -> Reply:
        """GET /v2/models/stats."""
        return json_reply({"model_stats": [self._of(model) for model in self._dataplane.models()]})

    async def index(self, request: Request) -> Reply:
        """POST /v2/repository/index; `{"ready": true}` leaves out what is not."""
        ready_only = _ready_only(request.body)
        entries = [_entry(model, version) for model in self._dataplane.models() for version in model.versions]
        return json_reply([entry for entry in entries if entry["state"] == READY or not ready_only])

    async def refuse(self, request: Request) -> NoReturn:
        """POST …/load and …/unload."""
        self._dataplane.model(request.params["model"])
        raise Forbidden(
            "explicit model load / unload is not allowed: the server serves the model it was started with"
        )

    def _of(self, model: Model) -> dict[str, Any]:
        found = model_statistics(self._metrics, model.name)
        return statistics_body(model.name, model.versions[-1], found)


def _ready_only(body: bytes) -> bool:
    if not body.strip():
        return False
    found = parse(body).get("ready", False)
    if type(found) is not bool:
        raise InvalidRequest(f"'ready' must be true or false, not {kind(found)}")
    return found


def _entry(model: Model, version: str) -> dict[str, str]:
    state = model.lifecycle.state
    entry = {"name": model.name, "version": version, "state": _STATES[state]}
    return entry if _STATES[state] == READY else {**entry, "reason": f"it is {state}"}
