"""What is documented beside v2's inference: each path with its protocol, its purpose and its example."""

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
        body: false for a POST that needs none.
        refused: answered by 403 whatever is asked.
    """

    tag: str
    verb: str
    path: str
    what: str
    example: str = ""
    more: str = ""
    body: bool = True
    refused: bool = False


V2 = "Open Inference Protocol v2"
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
_SELDON_BASES = ("", "/seldon/{namespace}/{deployment}")  # Seldon's ingress adds a prefix
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

_FIXED = "Always refused with 403: the server serves the model it was started with."

ROUTES = (
    Described(V2, "get", "/v2/models/stats", "Statistics of all models"),
    Described(V2, "get", "/v2/models/{model}/stats", "Counts and nanoseconds, in Triton's words"),
    Described(V2, "get", "/v2/models/{model}/versions/{version}/stats", "The same of a version"),
    Described(
        V2,
        "post",
        "/v2/repository/index",
        "Models and their states",
        more='The body `{"ready": true}` leaves out what is not ready.',
        body=False,
    ),
    *(
        Described(
            V2,
            "post",
            f"/v2/repository/models/{{model}}/{verb}",
            f"{verb} a model",
            "",
            _FIXED,
            body=False,
            refused=True,
        )
        for verb in ("load", "unload")
    ),
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
    *(
        Described(SELDON, "post", f"{prefix}/api/{release}/predictions", "Run the model", "seldon", _MESSAGE)
        for prefix in _SELDON_BASES
        for release in ("v1.0", "v0.1")
    ),
    *(
        Described(SELDON, "get", f"{prefix}/api/v1.0/metadata", "What the model takes and gives")
        for prefix in _SELDON_BASES
    ),
    *(
        Described(SELDON, "get", f"{prefix}/api/v1.0/health/status", "Is the model ready?")
        for prefix in _SELDON_BASES
    ),
    Described(SELDON, "get", "/metadata", "What the model takes and gives"),
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
    *(
        Described(TORCHSERVE, verb, path, "Run the model", "torchserve", _ROWS)
        for path in ("/predictions/{model}", "/predictions/{model}/{release}")
        for verb in ("post", "put")
    ),
    Described(TORCHSERVE, "get", "/models", "The served models"),
    Described(TORCHSERVE, "get", "/models/{model}", "A served model"),
    Described(PLAIN, "post", "/predict", 'Run the model: {"prediction": …}', "plain", _ROWS),
    Described(PLAIN, "post", "/{model}", 'Run the model: {"<model>": …}', "plain", _ROWS),
)
