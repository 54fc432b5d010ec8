"""KServe's SDK: version 1 and version 2 of its protocol over REST, version 2 in JSON and binary, and gRPC."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

from seen import fault_of, show, told

MODEL = "tensors"
SENT = told()["sent"]
A = np.array(SENT["a"], np.float32)
N = np.array(SENT["n"], np.int64)
WORDS = np.array(SENT["words"], np.object_)


def request_of(a: Any = A, *, binary: bool = False) -> InferRequest:
    """All three inputs."""
    made = []
    for name, array, datatype in (("a", a, "FP32"), ("n", N, "INT64"), ("words", WORDS, "BYTES")):
        tensor = InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array, binary_data=binary)
        made.append(tensor)
    return InferRequest(model_name=MODEL, infer_inputs=made)


def arrays(answer: Any) -> dict[str, Any]:
    """The outputs as numpy arrays, as the SDK makes them."""
    return {output.name: output.as_numpy() for output in answer.outputs}


async def version_1(url: str, rows: list[list[float]]) -> dict[str, Any]:
    """Instances in, predictions out."""
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        return {
            "alive": [await client.is_server_live(url), await client.is_model_ready(url, "iris")],
            "predicted": await client.infer(url, {"instances": rows}, model_name="iris"),
            "fault": await fault_of(client.infer(url, {"instances": [[1.0]]}, model_name="iris")),
            "unknown": await fault_of(client.is_model_ready(url, "nobody")),
        }


async def version_2(url: str) -> dict[str, Any]:
    """The Open Inference Protocol."""
    wrong = np.zeros((2, 4), np.float32)
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        return {
            "alive": [
                await client.is_server_live(url),
                await client.is_server_ready(url),
                await client.is_model_ready(url, MODEL),
            ],
            "json": arrays(await client.infer(url, request_of(), model_name=MODEL)),
            "binary": arrays(await client.infer(url, request_of(binary=True), model_name=MODEL)),
            "fault": await fault_of(client.infer(url, request_of(wrong), model_name=MODEL)),
            "unknown": await client.is_model_ready(url, "nobody"),
        }


async def over_grpc(address: str) -> dict[str, Any]:
    """The same over gRPC, where the SDK sends typed contents or raw ones."""
    async with InferenceGRPCClient(address) as client:
        return {
            "alive": [
                await client.is_server_live(),
                await client.is_server_ready(),
                await client.is_model_ready(MODEL),
            ],
            "typed": arrays(await client.infer(request_of())),
            "raw": arrays(await client.infer(request_of(binary=True))),
            "fault": await fault_of(client.infer(request_of(np.zeros((2, 4), np.float32)))),
        }


async def main() -> None:
    """All three."""
    said = told()
    show(
        v1=await version_1(f"http://{said['iris']['http']}", said["rows"]),
        v2=await version_2(f"http://{said[MODEL]['http']}"),
        grpc=await over_grpc(said[MODEL]["grpc"]),
    )


if __name__ == "__main__":
    asyncio.run(main())
