"""What the client libraries meet: three real servers with a model each, and those models in this process.

- `iris`: a scikit-learn pickle fitted on a table with named columns;
- `tensors`: an ONNX model with inputs and outputs of three datatypes, text among them;
- `linear`: an ONNX model with one input and one output.

What a client got is compared with what the model itself says, asked without any server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from client_environment import CLIENTS, run
from onnx_models import linear, model, save, value
from runtime_server import RuntimeServer, started
from trained_models import saved

TENSORS: dict[str, Any] = {
    "a": np.array([[0.5, 1.5, -2.0], [3.0, 4.0, 1e6]], np.float32),
    "n": np.array([[1, 2, 3], [-4, 2**40, 6]], np.int64),
    "words": np.array([["Zürich"], [""]], object),
}
ROWS = load_iris(as_frame=True).data[::40]


@dataclass(frozen=True)
class World:
    """The servers and the models.

    Attributes:
        servers: by model.
        estimator: what `iris` was made of.
        folder: with a folder for each model.
    """

    servers: dict[str, RuntimeServer]
    estimator: LogisticRegression
    folder: Path

    def seen_by(self, client: str) -> dict[str, Any]:
        """What a client's script saw."""
        script = CLIENTS / "scripts" / f"drive_{client}.py"
        seen: dict[str, Any] = json.loads(run(client, "python", script, json.dumps(self.told)))
        return seen

    @property
    def told(self) -> dict[str, Any]:
        """What the scripts are told: addresses, and what to send."""
        return {
            **{name: {"http": self.http(name), "grpc": self.grpc(name)} for name in self.servers},
            "rows": ROWS.to_numpy().tolist(),
            "names": list(ROWS.columns),
            "sent": {name: array.tolist() for name, array in TENSORS.items()},
        }

    def http(self, name: str) -> str:
        """The address of a model's server."""
        return f"127.0.0.1:{self.servers[name].http_port}"

    def grpc(self, name: str) -> str:
        """The address of its gRPC."""
        return f"127.0.0.1:{self.servers[name].grpc_port}"

    @property
    def labels(self) -> list[int]:
        """The estimator's labels for the rows."""
        return [int(label) for label in self.estimator.predict(ROWS)]

    @property
    def probabilities(self) -> Any:
        """The estimator's probabilities for the rows, shape (rows, 3)."""
        return self.estimator.predict_proba(ROWS)

    @property
    def tensors(self) -> dict[str, Any]:
        """All outputs of `tensors` by name, as nested lists."""
        return _asked(self.folder / "tensors", TENSORS)

    @property
    def linear(self) -> list[list[float]]:
        """The output of `linear` for the rows."""
        answer: list[list[float]] = _asked(self.folder / "linear", {"x": ROWS.to_numpy(np.float32)})["y"]
        return answer


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """All three servers, until the block ends."""
    estimator = LogisticRegression(max_iter=1000)
    estimator.fit(*load_iris(return_X_y=True, as_frame=True))
    saved(estimator, folder / "iris")
    save(_three_datatypes(), folder / "tensors" / "model.onnx")
    save(linear(4), folder / "linear" / "model.onnx")
    flags = {"iris": ("--implementation", "SKLEARN_SERVER"), "tensors": (), "linear": ()}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                started("--model-dir", str(folder / name), "--model-name", name, *words)
            )
            for name, words in flags.items()
        }
        for server in servers.values():
            server.wait_ready()
        yield World(servers, estimator, folder)


def _three_datatypes() -> Any:
    node = onnx.helper.make_node
    return model(
        [
            node("Cast", ["n"], ["f"], to=onnx.TensorProto.FLOAT),
            node("Add", ["a", "f"], ["total"]),
            node("Add", ["n", "n"], ["twice"]),
            node("Identity", ["words"], ["same"]),
        ],
        [
            value("a", "FP32", ("batch", 3)),
            value("n", "INT64", ("batch", 3)),
            value("words", "BYTES", ("batch", 1)),
        ],
        [
            value("total", "FP32", ("batch", 3)),
            value("twice", "INT64", ("batch", 3)),
            value("same", "BYTES", ("batch", 1)),
        ],
    )


def _asked(folder: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return {name: array.tolist() for name, array in zip(names, session.run(None, inputs), strict=True)}
