"""Which failed writes the user is told about, and in which words.

What passes by itself (an outage, a conflict, a busy server) is no news: the log and the metrics have
it. What needs a person, or lasts, becomes a condition with the server's own words and the remedy.
"""

from __future__ import annotations

from slipway_operator.api.conditions import Reason
from slipway_operator.core.status import Problem
from slipway_operator.kube import errors

INTERNAL_ERROR = 500
"""Behind it is, as a rule, an admission webhook that does not answer."""


def problem_of(error: errors.KubeError) -> Problem | None:
    """What `error` means for the user; `None` if it will pass without anybody doing anything."""
    match error:
        case errors.NameConflict():
            return Problem(reason=Reason.NAME_CONFLICT, message=str(error), stalled=True)
        case errors.WaitingForCleanup():
            return Problem(reason=Reason.WAITING_FOR_CLEANUP, message=str(error), stalled=False)
        case errors.QuotaExceeded():
            message = f"{error}; raise the quota or ask for less"
            return Problem(reason=Reason.QUOTA_EXCEEDED, message=message, stalled=False)
    return _refused(error)


def _refused(error: errors.KubeError) -> Problem | None:
    """A write that the API server does not accept."""
    match error:
        case errors.Forbidden():
            remedy = "allow it in the operator's RBAC rules or in the admission policy that refuses it"
        case errors.Invalid():
            remedy = "change what the message names"
        case errors.Unavailable(code=code) if code == INTERNAL_ERROR:
            remedy = "if it names a webhook, that webhook does not answer; it is tried again"
        case _:
            return None
    stalled = isinstance(error, errors.Blocked)
    return Problem(reason=Reason.WRITE_REFUSED, message=f"{error}; {remedy}", stalled=stalled)
