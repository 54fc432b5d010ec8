"""The load's gRPC clients against the real server: every answer judged as over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from onnx_models import linear, save
from openloop.expect import Expectations, Model
from openloop.faults import Fault
from openloop.grpc_client import GrpcClient
from openloop.record import Record
from openloop.run import Bounds, Run, Stream
from runtime_server import serving, tensor


async def _run(port: int, *, model: str, expected: float) -> Record:
    answer = Model(name=model, outputs=[{"y": [expected]}])
    sample = [tensor("x", [1, 2], [1.0, 2.0])]
    expectations = Expectations(f"/v2/models/{model}/infer", [sample], [answer])
    client = GrpcClient(f"127.0.0.1:{port}", expectations, channels=2)
    stream = Stream(name="grpc", rate=100, client=client)
    return await Run(1, [stream], Bounds(requests=20, seconds=20)).go()


@pytest.mark.parametrize(
    ("model", "expected", "fault"),
    [("m", 2.5, None), ("m", 7.0, Fault.WRONG_VALUE), ("other", 2.5, Fault.STATUS)],
)
async def test_grpc_answers_are_judged(
    tmp_path: Path, model: str, expected: float, fault: Fault | None
) -> None:
    """A load that cannot tell a wrong answer from a right one proves nothing."""
    with serving(save(linear(), tmp_path / "model.onnx")) as server:
        record = await _run(server.grpc_port, model=model, expected=expected)
    assert record.total.requests == 20
    assert record.faults == ({fault: 20} if fault else {})
    assert record.revisions["grpc", "local"].requests == (0 if fault else 20)
