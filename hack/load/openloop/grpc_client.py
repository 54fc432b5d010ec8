"""The Open Inference Protocol over gRPC, on a few kept channels.

A channel connects again by itself when its server asks it to go away. What a call does in between is up to
the library, as it is for users; nothing here is sent again.
"""

from __future__ import annotations

import array
import json
from typing import Any

import grpc
import grpc.aio

from openloop.expect import HEADER_REVISION, Answer, Expectations, Outputs
from openloop.faults import Fault, RequestError
from slipway_runtime.rpc.messages import message

METHOD = "/inference.GRPCInferenceService/ModelInfer"
CODES = {"FP32": "f", "FP64": "d", "INT32": "i", "INT64": "q"}
"""How the array module writes a datatype; little-endian machines only, as these tests' are."""

OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)


class GrpcClient:
    """Asks over channels in turn. Counts of connections are the library's own business: zero here."""

    opened = 0
    retried = 0
    found_closed = 0

    def __init__(self, target: str, expectations: Expectations, *, channels: int) -> None:
        self._expectations = expectations
        self._model = expectations.path.split("/models/")[1].split("/")[0]
        self._samples = [json.loads(sample) for sample in expectations.samples]
        self._target = target
        self._wanted = channels
        self._channels: list[grpc.aio.Channel] = []
        self._next = 0

    async def ask(self, sample: int, request_id: str) -> str:
        """See Client."""
        call = self._method()(self._request(sample, request_id))
        try:
            response = await call
            metadata = await call.initial_metadata()
        except grpc.aio.AioRpcError as error:
            text = f"{error.code().name}: {error.details()}"
            raise RequestError(Fault.STATUS, text, answer_started=True) from error
        revision = next((value for name, value in metadata or () if name == HEADER_REVISION), None)
        answer = Answer(response.id, revision if isinstance(revision, str) else None, _outputs(response))
        return self._expectations.judge_answer(sample, request_id, answer)

    def close(self) -> None:
        """The channels end with the process."""

    def _method(self) -> Any:
        if not self._channels:  # they belong to the running loop
            self._channels = [
                grpc.aio.insecure_channel(self._target, options=OWN_CONNECTION) for _ in range(self._wanted)
            ]
        self._next = (self._next + 1) % len(self._channels)
        return self._channels[self._next].unary_unary(
            METHOD,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message("inference.ModelInferResponse").FromString,
        )

    def _request(self, sample: int, request_id: str) -> Any:
        request = message("inference.ModelInferRequest")(model_name=self._model, id=request_id)
        for tensor in self._samples[sample]:
            request.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
            request.raw_input_contents.append(
                array.array(CODES[tensor["datatype"]], tensor["data"]).tobytes()
            )
        return request


def _outputs(response: Any) -> Outputs:
    found = {}
    for output, raw in zip(response.outputs, response.raw_output_contents, strict=True):
        values = array.array(CODES[output.datatype])
        values.frombytes(raw)
        found[output.name] = values.tolist()
    return found
