"""Asking the API server, with nothing but the standard library: reads only, for readiness and status."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

_TIMEOUT = 5.0
_OK = 200


class ApiClient:
    """Reads from the API server on 127.0.0.1:`port` as the administrator."""

    def __init__(self, port: int, pki: Path) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a GET; status 0 with the reason while nobody answers."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=_TIMEOUT, context=self._tls)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()

    def ready(self) -> bool:
        """Whether all of the API server's own readiness checks pass."""
        return self.get("/readyz")[0] == _OK

    def read(self, path: str) -> dict[str, Any] | None:
        """An object or list; None when it is not there or nobody answers."""
        status, body = self.get(path)
        return json.loads(body) if status == _OK else None

    def node_ready(self, node: str) -> bool:
        """Whether the node's condition Ready is True."""
        found = self.read(f"/api/v1/nodes/{node}") or {}
        conditions = found.get("status", {}).get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def available(self, namespace: str, deployment: str) -> bool:
        """Whether a Deployment has as many available pods as it asks for."""
        found = self.read(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}") or {}
        wanted = found.get("spec", {}).get("replicas", 1)
        return bool(found) and found.get("status", {}).get("availableReplicas", 0) >= wanted
