"""What can go wrong at the API server; the class of an error is its retry policy.

    KubeError
    ├── Transient                      nobody has to do anything
    │   ├── Unavailable                5xx: the server, a proxy before it, a webhook behind it
    │   │   └── Unreachable            no answer at all: asked again every few seconds
    │   ├── Throttled                  429: not before `retry_after`
    │   ├── Unauthorized               401: credentials are read again meanwhile
    │   ├── Conflict                   409: our view was old; look again at once
    │   │   └── AlreadyExists          409 on a create
    │   ├── NotFound                   404: gone under our hands
    │   ├── Expired                    410, or an ERROR in a watch: list again
    │   └── Terminating                403: the namespace is on its way out
    └── Blocked                        a person, or time, has to act; looked at again every few seconds
        ├── NameConflict               the name is a stranger's
        ├── WaitingForCleanup          the name is of a vanished ModelDeployment's child
        ├── Forbidden                  403: our rights, or an admission policy
        │   └── QuotaExceeded          403: a ResourceQuota
        └── Invalid                    400, 413, 422: the server does not take this object

`kube.problems` says which of them the user is told about, and how.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from slipway_operator.kube.clock import Backoff

MAX_MESSAGE = 1_000
"""Characters of a server's message that we keep: a webhook may answer with a page."""


class KubeError(Exception):
    """The API server did not do what it was asked.

    `backoff` is how long to leave the object alone; `retry_after` is a floor the server asked for,
    in seconds; `code` is the HTTP status, 0 if there was no answer.
    """

    backoff: ClassVar[Backoff] = Backoff(0.5, 30.0)

    def __init__(self, message: str, *, code: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(message[:MAX_MESSAGE])
        self.code = code
        self.retry_after = retry_after


class Transient(KubeError):  # noqa: N818 -- a branch of the tree: what it means for the next try
    """Passes by itself."""


class Unavailable(Transient):
    """A 5xx, or no answer."""


class Unreachable(Unavailable):
    """No answer in time or a broken connection.

    Nobody is kept busy by trying, and whoever waits for the end of an outage should not wait for us then.
    """

    backoff = Backoff(0.5, 4.0)


class Throttled(Transient):
    """The server is busy and said when to come back."""


class Unauthorized(Transient):
    """The server does not know us (any more)."""


class Conflict(Transient):
    """The object is not what we thought it was."""

    backoff = Backoff(0.05, 30.0)


class AlreadyExists(Conflict):
    """A create found the name taken."""


class NotFound(Transient):
    """There is no such object, or no such kind."""

    backoff = Backoff(0.05, 30.0)


class Expired(Transient):
    """The version or token is older than what the server remembers, or a watch broke off."""

    backoff = Backoff(0.1, 10.0)


class Terminating(Transient):
    """The namespace takes no new objects; ours will be gone soon as well."""

    backoff = Backoff(5.0, 60.0)


class Blocked(KubeError):  # noqa: N818 -- likewise
    """Does not pass by itself; retried slowly, so that a repair shows within half a minute."""

    backoff = Backoff(5.0, 25.0)


class NameConflict(Blocked):
    """An object that we do not control has the name of one of our children."""


class WaitingForCleanup(Blocked):
    """The name is still held by a child of a ModelDeployment of the same name that is gone."""

    backoff = Backoff(1.0, 15.0)


class Forbidden(Blocked):
    """Refused: by RBAC or by an admission policy."""


class QuotaExceeded(Forbidden):
    """A ResourceQuota has no room."""


class Invalid(Blocked):
    """The server's validation does not take the object."""


BY_CODE: Mapping[int, type[KubeError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: Throttled,
}


def from_status(code: int, status: Mapping[str, Any], retry_after: str | None = None) -> KubeError:
    """The error for an HTTP code and the `Status` object that came with it (empty if there was none).

    `retry_after` is the header's text; seconds in it count, a date or junk does not.
    """
    message = str(status.get("message") or f"the API server answered {code} without a message")
    details: Mapping[str, Any] = status.get("details") or {}
    kind = _refined(BY_CODE.get(code, Unavailable), message, status, details)
    return kind(message, code=code, retry_after=_seconds(retry_after, details))


def _refined(
    kind: type[KubeError], message: str, status: Mapping[str, Any], details: Mapping[str, Any]
) -> type[KubeError]:
    causes = {cause.get("reason") for cause in details.get("causes") or ()}
    fields = {cause.get("field") for cause in details.get("causes") or ()}
    if kind is Forbidden and "NamespaceTerminating" in causes:
        return Terminating
    if kind is Forbidden and "exceeded quota" in message:
        return QuotaExceeded
    if kind is Conflict and status.get("reason") == "AlreadyExists":
        return AlreadyExists
    if kind is Invalid and "metadata.uid" in fields:  # an apply to another object of that name
        return Conflict
    if "ResourceVersionTooLarge" in causes:  # a restored etcd: versions went backwards
        return Expired
    return kind


def _seconds(header: str | None, details: Mapping[str, Any]) -> float:
    for said in (header, details.get("retryAfterSeconds")):
        try:
            return max(0.0, float(said or ""))
        except ValueError:
            continue
    return 0.0
