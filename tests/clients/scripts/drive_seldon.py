"""Seldon Core's client, as through its gateways and as to a microservice, with both forms of an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from seldon_core.seldon_client import SeldonClient
from seldon_core.utils import seldon_message_to_json

from seen import show, told


def answered(answer: Any) -> dict[str, Any]:
    """What the client makes of an answer."""
    response = answer.response
    if response is not None and not isinstance(response, dict):
        response = seldon_message_to_json(response)
    return {"success": answer.success, "message": answer.msg, "response": response}


if __name__ == "__main__":
    said = told()
    rows = np.array(said["rows"])

    def client(**where: str) -> SeldonClient:
        """A client with those of its own settings."""
        return SeldonClient(
            deployment_name="iris",
            namespace="models",
            transport="rest",
            client_return_type="dict",
            gateway_endpoint=said["iris"]["http"],
            microservice_endpoint=said["iris"]["http"],
            **where,
        )

    def predicted(payload: str, **where: str) -> dict[str, Any]:
        """One prediction with named columns."""
        return answered(client(**where).predict(data=rows, names=said["names"], payload_type=payload))

    show(
        ambassador=predicted("ndarray", gateway="ambassador"),
        istio=predicted("tensor", gateway="istio"),
        seldon=predicted("tensor", gateway="seldon"),
        microservice=answered(client().microservice(data=rows, method="predict", payload_type="ndarray")),
        refused=answered(client(gateway="seldon").predict(data=rows[:, :1], payload_type="ndarray")),
    )
