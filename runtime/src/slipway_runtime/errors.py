"""The tree of errors. The class says who has to act; the text has the value, the limit and the remedy.

    RuntimeFault
    ├── RequestFault            the client's to mend
    │   ├── InvalidRequest      body, tensor, shape, datatype, name of an input or output
    │   ├── NotFound            no such model, version or route
    │   ├── Forbidden           not for clients to do
    │   ├── MethodNotAllowed
    │   ├── BodyTooLarge, HeadersTooLarge, Unsupported, SlowBody
    ├── ServingFault            the server's, for now
    │   ├── Overloaded          the queue is full: try again
    │   ├── ModelNotReady       still loading: try again
    │   ├── DeadlineExceeded    the request's time is over
    │   ├── ClientGone          nobody waits for the answer
    │   └── EngineFailed        the engine broke
    └── Failure(reason)         the model cannot be brought up: PullFailure, LoadFailure, SettingsFault

No HTTP in here: the transports own the status codes, the commands own the exit codes. No text in this tree
ever carries tensor values or secrets.
"""

from __future__ import annotations

from enum import StrEnum


class RuntimeFault(Exception):  # noqa: N818 # faults and failures differ here: who has to act
    """Base of everything this package raises on purpose."""


class RequestFault(RuntimeFault):
    """The client has to change the request."""


class InvalidRequest(RequestFault):
    """The request does not say what the protocol or the model asks for."""


class NotFound(RequestFault):
    """No such model, version or route."""


class Forbidden(RequestFault):
    """The server does not let its clients do that."""


class MethodNotAllowed(RequestFault):
    """The route exists, under other verbs.

    Args:
        allowed: the verbs it answers to.
    """

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__("Method Not Allowed")
        self.allowed = allowed


class BodyTooLarge(RequestFault):
    """The body is longer than the server reads."""


class HeadersTooLarge(RequestFault):
    """Request line and headers are longer than the server reads."""


class Unsupported(RequestFault):
    """The request uses an encoding or extension that the server does not speak."""


class SlowBody(RequestFault):
    """The body did not arrive within the request's time."""


class ServingFault(RuntimeFault):
    """The request is fine, the server cannot answer it."""


class Overloaded(ServingFault):
    """The queue is full."""


class ModelNotReady(ServingFault):
    """The model is not loaded and warmed up yet, or no more."""


class DeadlineExceeded(ServingFault):
    """The request's time ran out before there was an answer."""


class ClientGone(ServingFault):
    """The client closed its connection: the work was dropped."""


class EngineFailed(ServingFault):
    """The engine broke in a way that no request should be able to cause."""


class Reason(StrEnum):
    """Why a command ended: CamelCase API, shown in termination messages and in a ModelDeployment's status."""

    PULLED = "Pulled"
    INVALID_SETTINGS = "InvalidSettings"
    INVALID_URI = "InvalidURI"
    NOT_FOUND = "NotFound"
    ACCESS_DENIED = "AccessDenied"
    DIGEST_MISMATCH = "DigestMismatch"
    TOO_LARGE = "TooLarge"
    TIMEOUT = "Timeout"
    UNREACHABLE = "Unreachable"
    NO_SPACE = "NoSpace"
    UNSUPPORTED_FORMAT = "UnsupportedFormat"
    MODEL_LOAD_FAILED = "ModelLoadFailed"
    CONVERSION_INEXACT = "ConversionInexact"
    CONVERTED = "Converted"
    START_FAILED = "StartFailed"


class Failure(RuntimeFault):
    """A command cannot do its work.

    Args:
        reason: what the operator's status and the exit code say.
        message: one sentence with value, limit and remedy; no secrets.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class SettingsFault(Failure):
    """A flag or environment variable has an impossible value."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INVALID_SETTINGS, message)


class PullFailure(Failure):
    """The model cannot be fetched.

    Args:
        reason: see Reason.
        message: one sentence with value, limit and remedy; no secrets.
        transient: True where trying again may help.
    """

    def __init__(self, reason: Reason, message: str, *, transient: bool = False) -> None:
        super().__init__(reason, message)
        self.transient = transient


class LoadFailure(Failure):
    """The model is there and cannot be served."""
