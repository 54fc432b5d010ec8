"""What strings may be, and how many of a thing: the numbers and patterns of the contract.

The CRD says the same in its schema and CEL; the parser checks it again, because an object may
have been stored under an older CRD, and whoever applies a stored pod template checks the
allow-lists once more.
"""

from __future__ import annotations

import re
from typing import Final

from slipway_operator.api import names
from slipway_operator.api.texts import Check, Text, matching

MAX_REPLICAS: Final = 1000
MAX_PREDICTORS: Final = 1
MAX_ENV: Final = 32
MAX_MAP: Final = 32
MAX_RESOURCES: Final = 16
MAX_TOLERATIONS: Final = 16
MAX_SPREAD_CONSTRAINTS: Final = 8
MAX_PULL_SECRETS: Final = 8
MAX_METRICS: Final = 8
DAY_SECONDS: Final = 86_400
HOUR_SECONDS: Final = 3_600


OBJECT_NAME: Final = matching(
    r"[a-z][-a-z0-9]{0,38}[a-z0-9]|[a-z]",
    253,
    "must be 1 to 40 lower-case letters, digits or '-', begin with a letter and end with a letter or digit, "
    "because it becomes the name of a Service; choose another name",
)
PREDICTOR_NAME: Final = matching(
    r"[a-z][a-z0-9]{0,14}",
    253,
    "must be 1 to 15 lower-case letters or digits and begin with a letter",
)
MODEL_NAME: Final = Text(
    63,
    (
        Check(
            re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"),
            "must be 1 to 63 letters, digits, '.', '_' or '-' and begin with a letter or digit, because it "
            "is part of the model's address",
        ),
        Check(
            re.compile(r"^stats$"),
            "must not be 'stats', which is an address of the server's own; choose another name",
            wanted=False,
        ),
    ),
)
MODEL_URI: Final = Text(
    2048,
    (
        Check(
            re.compile(r"(file:///|(https?|s3|gs|az|abfss?|hf|oci)://)[\s\S]*"),
            "must begin with file:///, http://, https://, s3://, gs://, az://, abfs://, hf:// "
            "or oci://; no other scheme is supported yet",
        ),
        Check(
            re.compile(r"^(?!abfs)[a-z0-9]+://[^/?]*@"),
            "must not hold a user name or password; put credentials into a Secret and name it in "
            "envSecretRefName",
            wanted=False,
        ),
        Check(
            re.compile(
                r"(file:///[^/?]|(https?|s3|gs|az|oci)://([A-Za-z0-9._:@-]+|\[[0-9a-fA-F:.]+\])"
                r"|hf://[A-Za-z0-9_.-]+/[A-Za-z0-9_]"
                r"|abfss?://[a-z0-9-]+(@[a-z0-9]+[.](dfs|blob)[.]core[.]windows[.]net)?(/|$))[\s\S]*"
            ),
            "must name a path, host or bucket after the scheme, such as s3://models/iris, hf://org/iris or "
            "abfs://models@account.dfs.core.windows.net/iris",
        ),
        Check(
            re.compile(r"(?!http)[\s\S]*|https?://[^/?]+/([^?]*[^/?])([?][\s\S]*)?"),
            "must name one file, such as https://models.example/iris.onnx, because there are no folders over "
            "HTTP",
        ),
        Check(
            re.compile(r"[A-Za-z0-9._~:/?@!&'()*+,;=%\[\]-]*"),
            "must hold only characters that are allowed in an address, without spaces, control characters, "
            "'$', '#' or '\\'; percent-encode others",
        ),
        Check(
            re.compile(r"(?i)/([.]|%2e){2}(/|$)"),
            "must not hold '..' as a part of the path; write the path without it",
            wanted=False,
        ),
    ),
    secret=True,
)
"""`$` is out because Kubernetes expands `$(NAME)` in arguments, with the puller's credentials at hand."""

MODEL_DIGEST: Final = matching(
    r"sha256:[0-9a-f]{64}",
    71,
    "must be sha256 and a colon followed by 64 lower-case hex digits",
)
IMAGE: Final = matching(
    r"[A-Za-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?",
    512,
    "must be an image reference such as registry.example/slipway-runtime:1.0, optionally with @sha256: and "
    "64 hex digits",
)
REFERENCE: Final = matching(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    253,
    "must be the name of an object, of lower-case letters, digits, '-' and '.'",
)
UID: Final = matching(r"[!-~]+", 128, "must be the UID that the API server gave")
TIME: Final = matching(
    r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])",
    35,
    "must be a time from the year 2000 on with its zone, such as 2026-11-21T10:00:00Z",
)
REVISION: Final = matching(
    r"([0-9a-f]{9,10})?",
    10,
    "must be the name of a revision, 9 hex digits such as 6f8d9c7b5, as the status shows it; or empty",
)
LABEL_KEY: Final = matching(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?",
    317,
    "must be a label key such as example.com/team, with at most 63 characters after the '/'",
)
LABEL_VALUE: Final = matching(
    r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?",
    63,
    "must be empty or letters, digits, '-', '_' and '.', with a letter or digit at both ends",
)
ANNOTATION_VALUE: Final = matching(
    r"[^\x00-\x08\x0b-\x1f\x7f-\x9f]*",
    4096,
    "must not hold control characters other than tab and line feed; remove them",
)
RESOURCE_NAME: Final = matching(
    LABEL_KEY.checks[0].pattern.pattern,
    317,
    "must be the name of a resource such as cpu or nvidia.com/gpu",
)
PASSED_TEXT: Final = matching(
    r"[^\x00-\x1f\x7f-\x9f]*", 1024, "must not hold control characters; remove them"
)
ENV_NAME: Final = matching(
    r"TZ|LANG|LC_[A-Z]+|(OMP|OPENBLAS)_NUM_THREADS|AWS_(DEFAULT_)?REGION"
    r"|SLIPWAY_(THREADS|ACCESS_LOG|MAX_QUEUE|MAX_BODY_BYTES|KEEP_ALIVE_SECONDS|MAX_MODEL_BYTES|PULL_SECONDS"
    r"|RETRY_SECONDS)",
    64,
    "must be TZ, LANG, LC_*, OMP_NUM_THREADS, OPENBLAS_NUM_THREADS, AWS_REGION, AWS_DEFAULT_REGION, "
    "SLIPWAY_THREADS, SLIPWAY_ACCESS_LOG, SLIPWAY_MAX_QUEUE, SLIPWAY_MAX_BODY_BYTES, "
    "SLIPWAY_KEEP_ALIVE_SECONDS, SLIPWAY_MAX_MODEL_BYTES, SLIPWAY_PULL_SECONDS or SLIPWAY_RETRY_SECONDS; "
    "others would have no effect, or change what code runs",
)
"""What the runtime and its libraries read, and the operator does not set itself."""

ENV_VALUE: Final = Text(
    4096,
    (
        Check(
            re.compile(r"[^\x00-\x1f\x7f-\x9f]*"),
            "must not hold control characters; write the value on one line",
        ),
        Check(
            re.compile(r"\$\("),
            "must not hold '$(', because Kubernetes would put another variable's value there",
            wanted=False,
        ),
    ),
    secret=True,
)

_RESERVED_KEY: Final = re.compile(rf"([^/]*[.])?({re.escape(names.GROUP)}|kubernetes[.]io|k8s[.]io)/[\s\S]*")
RESERVED_KEY_MUST: Final = (
    f"must not use keys under {names.GROUP}, kubernetes.io or k8s.io, which are reserved; use a prefix of "
    "your own"
)


def env_name_allowed(name: str) -> bool:
    """Whether a user may set the environment variable `name` on the pods."""
    return ENV_NAME.violation(name) is None


def env_value_allowed(value: str) -> bool:
    """Whether a user may give an environment variable this literal value."""
    return ENV_VALUE.violation(value) is None


def key_reserved(key: str) -> bool:
    """Whether a label or annotation key belongs to Slipway or Kubernetes, not to the user."""
    return _RESERVED_KEY.fullmatch(key) is not None
