"""Names and labels: the only place that spells them.

Children are found by label and owned by UID. Only the stable Service has the bare name; every
other child's name ends in five hex digits of a hash of what it is for, so that `a-b` + `c` and
`a` + `b-c`, or `iris`'s preview and an object called `iris-preview`, cannot meet.
"""

from __future__ import annotations

import hashlib
from typing import Final

GROUP: Final = "slipway.dev"
VERSION: Final = "v1alpha1"
KIND: Final = "ModelDeployment"
PLURAL: Final = "modeldeployments"
API_VERSION: Final = f"{GROUP}/{VERSION}"

LABEL_MODELDEPLOYMENT: Final = f"{GROUP}/modeldeployment"
LABEL_PREDICTOR: Final = f"{GROUP}/predictor"
LABEL_TRACK: Final = f"{GROUP}/track"
LABEL_REVISION: Final = f"{GROUP}/revision"
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LABEL_NAME: Final = "app.kubernetes.io/name"
MANAGED_BY: Final = "slipway"
SELECTOR_MANAGED: Final = f"{LABEL_MANAGED_BY}={MANAGED_BY}"
"""Pods, EndpointSlices and all children carry it, so one selector serves every watch."""

ANNOTATION_APPLIED: Final = f"{GROUP}/applied"
ANNOTATION_OWNER: Final = f"{GROUP}/owner"
"""The ModelDeployment's uid: proof of ownership where somebody removed the owner reference."""
ANNOTATION_PROMOTED: Final = f"{GROUP}/promoted"
ANNOTATION_STEP_STARTED_AT: Final = f"{GROUP}/step-started-at"
ANNOTATION_RESTARTED_AT: Final = f"{GROUP}/restarted-at"
ANNOTATION_STAGE: Final = f"{GROUP}/stage"
"""How far a Deployment of the blue-green strategy has come; the stage began at step-started-at."""
ANNOTATION_RETIRED_AT: Final = f"{GROUP}/retired-at"
ANNOTATION_ABORTED: Final = f"{GROUP}/aborted"
"""On a ControllerRevision: its update was given up, and is not to be tried again by itself."""
ANNOTATION_MOVED_AT: Final = f"{GROUP}/moved-at"
"""On an autoscaler: when it was aimed at another Deployment."""
ANNOTATION_PROMOTE: Final = f"{GROUP}/promote"
ANNOTATION_ABORT: Final = f"{GROUP}/abort"
"""These two are the user's, on the ModelDeployment; the value names a revision."""

TRACK_ROLLING: Final = "rolling"

FIELD_MANAGER: Final = "slipway"
FIELD_MANAGER_REPLICAS: Final = "slipway-replicas"
FIELD_MANAGER_STATUS: Final = "slipway-status"
FIELD_MANAGER_MARKS: Final = "slipway-marks"
"""Annotations that mark a role, such as a promoted revision, outlive every apply of the object."""
FIELD_MANAGER_REPAIR: Final = "slipway-repair"
"""Replaces a whole pod template; its name tells those fields from what strangers added."""

MAX_NAME: Final = 63


def short_hash(*parts: str) -> str:
    """Five hex digits over `parts`, with their boundaries."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:5]


def child_name(modeldeployment: str, predictor: str, role: str) -> str:
    """`<mdep>-<predictor>[-<role>]-<h5>`, at most 63 characters.

    `role` is empty for the rolling Deployment, a revision for a ControllerRevision or a
    blue-green Deployment; `hpa`, `pdb` and `preview` share the Deployment's prefix. Only the
    ModelDeployment's name is ever cut: two revisions of one object differ in more than five digits.
    """
    tail = "-".join(part for part in (predictor, role, short_hash(modeldeployment, predictor, role)) if part)
    head = modeldeployment[: MAX_NAME - len(tail) - 1].rstrip("-")
    return f"{head}-{tail}"
