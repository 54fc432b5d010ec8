"""Why pods do not come up: what their containers and Kubernetes say, lifted into one cause.

The puller and the server end with a JSON message (`core.pods.Said`). Its reason tells whether any
retry can help: what is not found, not allowed, not the pinned bytes or not a format we serve stays
so until a person changes something, so it is `permanent` and shows as Stalled at once. Everything
else may pass, and has until the deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from slipway_operator.api.conditions import Reason
from slipway_operator.core.objects.pod import PULLER
from slipway_operator.core.observed import ReplicaFailure
from slipway_operator.core.pods import Container, Pod

PERMANENT: Final = frozenset(
    {"AccessDenied", "NotFound", "DigestMismatch", "UnsupportedFormat", "ConversionInexact"}
)
IMAGE_REASONS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)
CONFIG_REASONS: Final = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One reason why pods do not come up; `since` is RFC 3339, when the pod was last all right."""

    reason: Reason
    message: str
    since: str
    permanent: bool = False


def cause_of(pods: Iterable[Pod], failure: ReplicaFailure | None) -> Cause | None:
    """The cause to report for a set: a permanent one first, then the oldest pod's."""
    found = [cause for cause in map(_pod_cause, pods) if cause is not None]
    if failure is not None:
        found.append(_refused(failure))
    return min(found, key=lambda cause: not cause.permanent, default=None)


def _pod_cause(pod: Pod) -> Cause | None:
    if pod.ready:
        return None
    if pod.unschedulable:
        return Cause(reason=Reason.UNSCHEDULABLE, message=pod.unschedulable, since=pod.unready_since)
    for container in pod.containers:
        cause = _container_cause(pod, container)
        if cause is not None:
            return cause
    return None


def _container_cause(pod: Pod, container: Container) -> Cause | None:
    """What is wrong with one container: why it cannot start, else how it last ended."""
    if container.waiting in IMAGE_REASONS | CONFIG_REASONS:
        pulls_image = container.waiting in IMAGE_REASONS
        reason = Reason.IMAGE_PULL_FAILED if pulls_image else _failure_reason(container)
        message = f"{container.name}: {container.waiting_message or container.waiting}"
        return Cause(reason=reason, message=message, since=pod.unready_since)
    if container.ready or not container.ended or container.exit_code == 0:
        return None
    if container.ended == "OOMKilled":
        message = f"{container.name} used more memory than its limit; raise resources.limits.memory"
        return Cause(reason=Reason.OUT_OF_MEMORY, message=message, since=pod.unready_since)
    if container.said.reason:
        return Cause(
            reason=_failure_reason(container),
            message=f"{container.said.reason}: {container.said.message}".removesuffix(": "),
            since=pod.unready_since,
            permanent=container.said.reason in PERMANENT,
        )
    message = f"{container.name} ended with exit code {container.exit_code} and did not say why; see its log"
    return Cause(reason=Reason.CRASHING, message=message, since=pod.unready_since)


def _failure_reason(container: Container) -> Reason:
    return Reason.MODEL_PULL_FAILED if container.name == PULLER else Reason.MODEL_LOAD_FAILED


def _refused(failure: ReplicaFailure) -> Cause:
    """Kubernetes may not create pods: a quota, or a policy such as pod security."""
    quota = "exceeded quota" in failure.message
    reason = Reason.QUOTA_EXCEEDED if quota else Reason.PODS_FORBIDDEN
    remedy = "raise the quota or ask for less" if quota else "change the policy or the pods"
    return Cause(reason=reason, message=f"{failure.message}; {remedy}", since=failure.since)
