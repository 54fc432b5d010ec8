"""Why pods do not come up, lifted from what containers and Kubernetes say."""

from __future__ import annotations

import pytest

from slipway_operator.api.conditions import Reason
from slipway_operator.core.causes import Cause, cause_of
from slipway_operator.core.observed import ReplicaFailure
from slipway_operator.core.pods import Pod, pod
from slipway_operator.core.slim import slim
from world_pods import Outcome, status_of

TIME = "2026-11-21T10:00:00Z"


def made(outcome: Outcome, name: str = "p") -> Pod:
    """A pod that turned out like this."""
    raw = {"kind": "Pod", "metadata": {"name": name}, "status": status_of("s3://b/m", outcome, TIME)}
    return pod(slim(raw))


def found(outcome: Outcome) -> Cause | None:
    """The cause to report for it."""
    return cause_of([made(outcome)], None)


TABLE = [
    (Outcome(state="pull-failed", reason="Timeout", message="no answer"), Reason.MODEL_PULL_FAILED, False),
    (Outcome(state="pull-failed", reason="NotFound", message="no such key"), Reason.MODEL_PULL_FAILED, True),
    (Outcome(state="pull-failed", reason="AccessDenied", message="403"), Reason.MODEL_PULL_FAILED, True),
    (Outcome(state="pull-failed", reason="DigestMismatch", message="is b"), Reason.MODEL_PULL_FAILED, True),
    (Outcome(state="load-failed", reason="UnsupportedFormat", message="x"), Reason.MODEL_LOAD_FAILED, True),
    (Outcome(state="load-failed", reason="ConversionInexact", message="x"), Reason.MODEL_LOAD_FAILED, True),
    (Outcome(state="load-failed", reason="EngineFailed", message="x"), Reason.MODEL_LOAD_FAILED, False),
    (Outcome(state="image-failed", message="no such image"), Reason.IMAGE_PULL_FAILED, False),
    (Outcome(state="unschedulable", message="0/3 nodes"), Reason.UNSCHEDULABLE, False),
    (Outcome(state="out-of-memory"), Reason.OUT_OF_MEMORY, False),
    (Outcome(state="crashing"), Reason.CRASHING, False),
]


@pytest.mark.parametrize(("outcome", "reason", "permanent"), TABLE, ids=[str(row[0].state) for row in TABLE])
def test_each_way_to_fail_has_its_reason(outcome: Outcome, reason: Reason, permanent: bool) -> None:  # noqa: FBT001 -- a table's column
    """`kubectl get` says why a model does not come up, and whether waiting can help."""
    cause = found(outcome)

    assert cause is not None
    assert (cause.reason, cause.permanent, cause.since) == (reason, permanent, TIME)
    assert outcome.message in cause.message


@pytest.mark.parametrize("state", ["ready", "pulling", "loading"])
def test_what_goes_well_has_no_cause(state: str) -> None:
    """Pulling a large model is no trouble."""
    assert found(Outcome(state=state)) is None


def test_a_permanent_cause_comes_first() -> None:
    """What a person must mend is told before what may pass."""
    passing = made(Outcome(state="unschedulable"), "a")
    wrong_key = made(Outcome(state="pull-failed", reason="AccessDenied", message="403"), "b")

    cause = cause_of([passing, wrong_key], None)

    assert cause is not None
    assert cause.permanent


def test_the_oldest_pod_speaks_for_all() -> None:
    """The message must not jump from pod to pod."""
    pods = [made(Outcome(state="unschedulable", message=text), text) for text in ("first", "second")]

    cause = cause_of(pods, None)

    assert cause is not None
    assert cause.message == "first"


@pytest.mark.parametrize(
    ("message", "reason", "remedy"),
    [
        ('pods "x" is forbidden: exceeded quota: cpu', Reason.QUOTA_EXCEEDED, "raise the quota"),
        ('pods "x" is forbidden: violates PodSecurity', Reason.PODS_FORBIDDEN, "change the policy"),
    ],
)
def test_a_refusal_to_create_pods_is_told_with_a_remedy(message: str, reason: Reason, remedy: str) -> None:
    """Kubernetes says it only on the Deployment, where nobody looks."""
    cause = cause_of([], ReplicaFailure(reason="FailedCreate", message=message, since=TIME))

    assert cause is not None
    assert cause.reason is reason
    assert message in cause.message
    assert remedy in cause.message


def test_a_missing_secret_is_a_failed_pull() -> None:
    """The kubelet, not the puller, finds out."""
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s3" not found'}}
    status = {"initContainerStatuses": [{"name": "puller", "state": waiting}]}

    cause = cause_of([pod(slim({"kind": "Pod", "metadata": {"name": "p"}, "status": status}))], None)

    assert cause is not None
    assert (cause.reason, cause.message) == (Reason.MODEL_PULL_FAILED, 'puller: secret "s3" not found')


def test_no_pods_no_cause() -> None:
    """An empty set is not broken."""
    assert cause_of([], None) is None
