"""Triton's client: HTTP and gRPC, blocking and asynchronous, JSON and binary tensors, text, a stream."""

from __future__ import annotations

import asyncio
import queue
from types import ModuleType
from typing import Any

import numpy as np
import tritonclient.grpc as rpc
import tritonclient.grpc.aio as rpc_aio
import tritonclient.http.aio as http_aio
from tritonclient import http

from seen import fault, fault_of, show, told

MODEL = "tensors"
SENT = told()["sent"]
A = np.array(SENT["a"], np.float32)
N = np.array(SENT["n"], np.int64)
WORDS = np.array(SENT["words"], np.object_)
OUTPUTS = ("total", "twice", "same")
WAIT_SECONDS = 30


def inputs_of(library: ModuleType, a: Any = A, **flags: bool) -> list[Any]:
    """All three inputs, as a user of that library fills them."""
    made = []
    for name, array, datatype in (("a", a, "FP32"), ("n", N, "INT64"), ("words", WORDS, "BYTES")):
        tensor = library.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array, **flags)
        made.append(tensor)
    return made


def arrays(answer: Any) -> dict[str, Any]:
    """The outputs as the client hands them out."""
    return {name: answer.as_numpy(name) for name in OUTPUTS if answer.as_numpy(name) is not None}


def wrong(library: ModuleType) -> list[Any]:
    """Four columns where the model takes three."""
    return inputs_of(library, np.zeros((2, 4), np.float32))


def over_http(address: str) -> dict[str, Any]:
    """JSON both ways, binary both ways, one output of three in JSON for a binary request, compressed."""
    client = http.InferenceServerClient(address)

    def asked(*, sent_raw: bool, raw: bool, names: tuple[str, ...] = OUTPUTS, **rest: Any) -> dict[str, Any]:
        wanted = [http.InferRequestedOutput(name, binary_data=raw) for name in names]
        answer = client.infer(MODEL, inputs_of(http, binary_data=sent_raw), outputs=wanted, **rest)
        return {**arrays(answer), "id": answer.get_response().get("id")}

    deferred = client.async_infer(MODEL, inputs_of(http))
    return {
        "alive": [client.is_server_live(), client.is_server_ready(), client.is_model_ready(MODEL)],
        "json": asked(sent_raw=False, raw=False, request_id="json"),
        "binary": asked(sent_raw=True, raw=True, request_id="binary"),
        "mixed": asked(sent_raw=True, raw=False, names=("total",), request_id="mixed"),
        "gzip": asked(
            sent_raw=True,
            raw=True,
            request_compression_algorithm="gzip",
            response_compression_algorithm="gzip",
        ),
        "deferred": arrays(deferred.get_result()),
        "metadata": client.get_model_metadata(MODEL),
        "server": client.get_server_metadata(),
        "index": client.get_model_repository_index(),
        "counted": client.get_inference_statistics(MODEL)["model_stats"][0]["inference_stats"]["success"][
            "count"
        ],
        "fault": fault(lambda: client.infer(MODEL, wrong(http))),
        "unknown": fault(lambda: client.get_model_metadata("nobody")),
    }


def over_grpc(address: str) -> dict[str, Any]:
    """One call, one call deferred, and a stream with a bad request in its middle."""
    client = rpc.InferenceServerClient(address)
    wanted = [rpc.InferRequestedOutput("same")]
    answers: queue.Queue[Any] = queue.Queue()

    def note(result: Any, error: Any) -> None:
        answers.put({"error": type(error).__name__} if error else arrays(result))

    client.async_infer(MODEL, inputs_of(rpc), note)
    deferred = answers.get(timeout=WAIT_SECONDS)
    client.start_stream(note)
    for tensors in (inputs_of(rpc), wrong(rpc), inputs_of(rpc)):
        client.async_stream_infer(MODEL, tensors)
    streamed = [answers.get(timeout=WAIT_SECONDS) for _ in range(3)]
    client.stop_stream()
    return {
        "alive": [client.is_server_live(), client.is_server_ready(), client.is_model_ready(MODEL)],
        "all": arrays(client.infer(MODEL, inputs_of(rpc))),
        "one": arrays(client.infer(MODEL, inputs_of(rpc), outputs=wanted, compression_algorithm="gzip")),
        "deferred": deferred,
        "stream": streamed,
        "metadata": client.get_model_metadata(MODEL, as_json=True),
        "config": client.get_model_config(MODEL, as_json=True)["config"]["name"],
        "index": client.get_model_repository_index(as_json=True),
        "fault": fault(lambda: client.infer(MODEL, wrong(rpc))),
    }


async def over_http_aio(address: str) -> dict[str, Any]:
    """The asynchronous client, three requests at once."""
    async with http_aio.InferenceServerClient(address) as client:
        at_once = await asyncio.gather(*(client.infer(MODEL, inputs_of(http)) for _ in range(3)))
        return {
            "alive": await client.is_model_ready(MODEL),
            "all": [arrays(answer) for answer in at_once],
            "fault": await fault_of(client.infer(MODEL, wrong(http))),
        }


async def over_grpc_aio(address: str) -> dict[str, Any]:
    """The asynchronous client, three requests at once, and a stream that is iterated over."""

    async def requests() -> Any:
        for number in range(3):
            yield {"model_name": MODEL, "inputs": inputs_of(rpc), "request_id": str(number)}

    async with rpc_aio.InferenceServerClient(address) as client:
        at_once = await asyncio.gather(*(client.infer(MODEL, inputs_of(rpc)) for _ in range(3)))
        streamed = [pair async for pair in client.stream_infer(requests())]
        return {
            "alive": await client.is_model_ready(MODEL),
            "all": [arrays(answer) for answer in at_once],
            "stream": [{**arrays(answer), "id": answer.get_response().id} for answer, _ in streamed],
            "fault": await fault_of(client.infer(MODEL, wrong(rpc))),
        }


if __name__ == "__main__":
    server = told()[MODEL]
    show(
        http=over_http(server["http"]),
        grpc=over_grpc(server["grpc"]),
        http_aio=asyncio.run(over_http_aio(server["http"])),
        grpc_aio=asyncio.run(over_grpc_aio(server["grpc"])),
    )
