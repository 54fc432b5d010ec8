"""Clients of the soak: each speaks many protocols in turn and checks every answer.

The model is y = x·w with whole numbers, so that each answer is known exactly. One request in fifty is wrong
in a way that the server has to refuse.
"""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from slipway_runtime.rpc.messages import message

MODEL = "soak"
COLUMNS = 4
WEIGHTS = np.arange(COLUMNS * 3, dtype=np.float32).reshape(COLUMNS, 3)
MAX_ROWS = 40
MANY = 0.3  # of the requests have more than one row
WRONG_ONE_IN = 50
INFER = f"/v2/models/{MODEL}/infer"
_JSON = b"Content-Type: application/json\r\n"

Rows = npt.NDArray[np.float32]


class Question(NamedTuple):
    """One HTTP request, and how to find the answer's rows."""

    kind: str
    path: str
    head: bytes
    body: bytes
    rows_of: Callable[[bytes], Any]


def save_model(folder: Path) -> Path:
    """Write the model; returns its folder."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "soak",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", COLUMNS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 3])],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(made.SerializeToString())
    return folder


def _asked(kind: str, path: str, body: Any, key: str) -> Question:
    return Question(kind, path, _JSON, json.dumps(body).encode(), lambda text: json.loads(text)[key])


def v2_json(x: Rows) -> Question:
    """Open Inference Protocol, JSON."""
    tensor = {"name": "x", "shape": x.shape, "datatype": "FP32", "data": x.ravel().tolist()}
    body = json.dumps({"id": "soak", "inputs": [tensor]}).encode()
    return Question(
        "v2", INFER, _JSON, body, lambda text: np.reshape(json.loads(text)["outputs"][0]["data"], (-1, 3))
    )


def v2_binary(x: Rows) -> Question:
    """The same with binary tensors, in and out."""
    raw = x.tobytes()
    tensor = {
        "name": "x",
        "shape": x.shape,
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(raw)},
    }
    asked = {"inputs": [tensor], "outputs": [{"name": "y", "parameters": {"binary_data": True}}]}
    head = json.dumps(asked).encode()
    return Question(
        "v2 binary",
        INFER,
        b"Inference-Header-Content-Length: %d\r\n" % len(head),
        head + raw,
        lambda text: np.frombuffer(text[-len(x) * 12 :], np.float32).reshape(-1, 3),
    )


def seldon(x: Rows) -> Question:
    """Seldon v1."""
    body = json.dumps({"data": {"ndarray": x.tolist()}}).encode()
    path = "/api/v1.0/predictions"
    return Question("Seldon", path, _JSON, body, lambda text: json.loads(text)["data"]["ndarray"])


QUESTIONS: tuple[Callable[[Rows], Question], ...] = (
    v2_json,
    v2_binary,
    seldon,
    lambda x: _asked("V1", f"/v1/models/{MODEL}:predict", {"instances": x.tolist()}, "predictions"),
    lambda x: _asked("MLflow", "/invocations", {"inputs": x.tolist()}, "predictions"),
    lambda x: _asked("plain", "/predict", {"features": x.tolist()}, "prediction"),
)


class Client:
    """Somebody who asks one thing after another.

    Attributes:
        done: requests that were answered.
        sent: the same by kind.
    """

    def __init__(self, seed: int) -> None:
        self.done = 0
        self.sent: Counter[str] = Counter()
        self._random = np.random.default_rng(seed)

    @abstractmethod
    async def send(self, count: int) -> None:
        """Ask so many times; raises AssertionError at the first wrong answer."""

    def _rows(self) -> Rows:
        shape = (int(self._random.integers(1, MAX_ROWS)) if self._random.random() < MANY else 1, COLUMNS)
        return self._random.integers(0, 100, shape).astype(np.float32)

    def _count(self, kind: str) -> None:
        self.done += 1
        self.sent[kind] += 1


class HttpClient(Client):
    """Every REST protocol in turn, over one connection."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(seed)
        self._port = port

    async def send(self, count: int) -> None:
        """See Client; the connection lives as long as this call."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for _ in range(count):
            x = self._rows()
            if self._random.integers(WRONG_ONE_IN) == 0:
                wrong = v2_json(x)._replace(kind="wrong", body=b'{"inputs": [{"name": "z"}]}')
                status, text = await self._ask(reader, writer, wrong)
                assert status == 400, f"wrong: {status} {text[:200]!r}"  # noqa: PLR2004 # Bad Request
                self._count("wrong")
                continue
            question = QUESTIONS[self._random.integers(len(QUESTIONS))](x)
            status, text = await self._ask(reader, writer, question)
            assert status == 200, f"{question.kind}: {status} {text[:200]!r}"  # noqa: PLR2004 # OK
            assert np.array_equal(question.rows_of(text), x @ WEIGHTS), f"{question.kind}: {text[:200]!r}"
            self._count(question.kind)
        writer.close()
        await writer.wait_closed()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: Question
    ) -> tuple[int, bytes]:
        start = f"POST {question.path} HTTP/1.1\r\nHost: soak\r\n".encode()
        writer.write(start + question.head + b"Content-Length: %d\r\n\r\n" % len(question.body))
        writer.write(question.body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0])
        return int(head[9:12]), await reader.readexactly(length)


class GrpcClient(Client):
    """V2 over gRPC."""

    def __init__(self, port: int, seed: int = 1000) -> None:
        super().__init__(seed)
        self._port = port

    async def send(self, count: int) -> None:
        """See Client."""
        await asyncio.to_thread(self._send, count)

    def _send(self, count: int) -> None:
        request, response = message("inference.ModelInferRequest"), message("inference.ModelInferResponse")
        with grpc.insecure_channel(f"127.0.0.1:{self._port}") as channel:
            infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            for _ in range(count):
                x = self._rows()
                asked = request(model_name=MODEL, raw_input_contents=[x.tobytes()])
                asked.inputs.add(name="x", datatype="FP32", shape=x.shape)
                answer = response.FromString(infer(asked.SerializeToString(), timeout=60))
                found = np.frombuffer(answer.raw_output_contents[0], np.float32).reshape(-1, 3)
                assert np.array_equal(found, x @ WEIGHTS), "gRPC: a wrong answer"
                self._count("gRPC")
