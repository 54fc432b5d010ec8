"""OpenVINO Model Server's client, which speaks TensorFlow Serving's REST and gRPC and needs no TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import ovmsclient

from seen import fault, show, told

MODEL = "linear"


def seen_by(client: Any, rows: Any) -> dict[str, Any]:
    """The same calls for both transports, by name and version."""
    return {
        "predicted": client.predict({"x": rows}, MODEL),
        "version": client.predict({"x": rows}, MODEL, model_version=1),
        "status": client.get_model_status(MODEL),
        "fault": fault(lambda: client.predict({"x": rows[:, :2]}, MODEL)),
        "unknown": fault(lambda: client.predict({"x": rows}, "nobody")),
    }


if __name__ == "__main__":
    said = told()
    http = ovmsclient.make_http_client(said[MODEL]["http"])
    grpc = ovmsclient.make_grpc_client(said[MODEL]["grpc"])
    x = np.array(said["rows"], np.float32)
    show(
        http=seen_by(http, x),
        grpc={**seen_by(grpc, x), "metadata": grpc.get_model_metadata(MODEL)},
    )
