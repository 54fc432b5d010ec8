"""What is documented beside v2: each path with its protocol, its purpose and the example it takes."""

from __future__ import annotations

from typing import NamedTuple


class Described(NamedTuple):
    """A path.

    Attributes:
        tag: the protocol, as people call it.
        verb: lower-case.
        path: as in the router.
        what: a line.
        example: the body's key in `openapi_examples.examples`; empty without a body.
        more: what else is worth knowing.
    """

    tag: str
    verb: str
    path: str
    what: str
    example: str = ""
    more: str = ""


TFS = "TensorFlow Serving, KServe V1"
SELDON = "Seldon"
MLFLOW = "MLflow, SageMaker"
TORCHSERVE = "TorchServe"
PLAIN = "Plain JSON"
_BASES = (
    "/v1/models/{model}",
    "/v1/models/{model}/versions/{version}",
    "/v1/models/{model}/labels/{label}",
)
_PREDICT = "`instances` (rows) answers `predictions`; `inputs` (columns, by name) answers `outputs`."
_MESSAGE = "`data.ndarray` or `data.tensor`, with `names` of columns if you like; answered in the same form."
_INVOKE = (
    "One of `dataframe_split`, `dataframe_records`, `instances`, `inputs`; a bare array; or text/csv. "
    "Columns are matched by name where the model knows their names. `Accept: text/csv` answers CSV."
)
_ROWS = (
    "The rows under `features` (or `data`, `input`, `inputs`, `instances`). Rows in an array are answered by "
    "an array; one flat row by one value."
)

ROUTES = (
    *(Described(TFS, "post", f"{base}:predict", "Run the model", "v1", _PREDICT) for base in _BASES),
    *(Described(TFS, "get", f"{base}/metadata", "The model's signature") for base in _BASES),
    *(Described(TFS, "get", base, "Versions and their states; KServe's readiness") for base in _BASES),
    *(
        Described(
            TFS, "post", f"{base}:classify", "Labels and scores of examples", "", "If the model has scores."
        )
        for base in _BASES
    ),
    *(
        Described(
            TFS, "post", f"{base}:regress", "A number for each example", "", "If the model answers one."
        )
        for base in _BASES
    ),
    Described(TFS, "get", "/v1/models", "The served models"),
    Described(TFS, "get", "/", "Is the server alive?"),
    Described(SELDON, "post", "/api/v1.0/predictions", "Run the model", "seldon", _MESSAGE),
    Described(SELDON, "post", "/api/v0.1/predictions", "Run the model", "seldon", _MESSAGE),
    Described(SELDON, "get", "/api/v1.0/metadata", "What the model takes and gives"),
    Described(SELDON, "get", "/metadata", "What the model takes and gives"),
    Described(SELDON, "get", "/api/v1.0/health/status", "Is the model ready?"),
    Described(SELDON, "get", "/health/status", "Is the model ready?"),
    Described(SELDON, "get", "/health/ping", "Is the server alive?"),
    Described(MLFLOW, "post", "/invocations", "Run the model", "mlflow", _INVOKE),
    Described(
        MLFLOW, "post", "/endpoints/{endpoint}/invocations", "Run the model (boto3)", "mlflow", _INVOKE
    ),
    Described(MLFLOW, "post", "/models/{model}/invoke", "Run the model (multi-model)", "mlflow", _INVOKE),
    Described(MLFLOW, "get", "/ping", "Is the model ready?"),
    Described(MLFLOW, "get", "/health", "Is the model ready?"),
    Described(MLFLOW, "get", "/version", "The server's version"),
    Described(TORCHSERVE, "post", "/predictions/{model}", "Run the model", "torchserve", _ROWS),
    Described(TORCHSERVE, "post", "/predictions/{model}/{release}", "Run the model", "torchserve", _ROWS),
    Described(TORCHSERVE, "get", "/models", "The served models"),
    Described(TORCHSERVE, "get", "/models/{model}", "A served model"),
    Described(PLAIN, "post", "/predict", 'Run the model: {"prediction": …}', "plain", _ROWS),
    Described(PLAIN, "post", "/{model}", 'Run the model: {"<model>": …}', "plain", _ROWS),
)
