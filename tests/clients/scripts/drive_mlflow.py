"""MLflow's own client of its scoring server, with the table that a data scientist has at hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from seen import fault, show, told

if __name__ == "__main__":
    said = told()
    host, port = said["iris"]["http"].split(":")
    client = ScoringServerClient(host, int(port))
    client.wait_server_ready(timeout=30)
    table = pd.DataFrame(said["rows"], columns=said["names"])

    def predicted(asked: Any) -> list[Any]:
        """The rows of the table that the client makes of the answer."""
        answer = client.invoke(asked).get_predictions()
        rows: list[Any] = answer.to_numpy().tolist()
        return rows

    show(
        version=client.get_version(),
        table=predicted(table),
        turned=predicted(table[said["names"][::-1]]),
        array=predicted(table.to_numpy()),
        fault=fault(lambda: client.invoke(table.drop(columns=said["names"][0]))),
    )
