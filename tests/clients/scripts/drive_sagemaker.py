"""AWS's SDK: `invoke_endpoint` with the endpoint's address given, as for SageMaker's local mode."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import numpy as np

from seen import fault, show, told

if __name__ == "__main__":
    said = told()
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://{said['iris']['http']}",
        region_name="us-east-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",  # the server asks for none; the SDK wants to sign
    )

    def invoke(content_type: str, body: bytes, **rest: Any) -> Any:
        """One request; its answer's type and text."""
        answer = client.invoke_endpoint(EndpointName="any", ContentType=content_type, Body=body, **rest)
        return {"type": answer["ContentType"], "text": answer["Body"].read().decode()}

    rows = said["rows"]
    text = "\n".join(",".join(map(str, row)) for row in rows).encode()
    saved = io.BytesIO()
    np.save(saved, np.array(rows, np.float32))
    show(
        json=invoke("application/json", json.dumps({"instances": rows}).encode()),
        csv=invoke("text/csv", text),
        csv_both=invoke("text/csv", text, Accept="text/csv"),
        npy=invoke("application/x-npy", saved.getvalue()),
        fault=fault(lambda: invoke("application/json", b'{"instances": [[1.0]]}')),
    )
