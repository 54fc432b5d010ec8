"""The verbs promote and abort: each names one revision, so that a leftover does nothing to another.

They stand in `spec.rollout`, where Git keeps them, or as an annotation on the ModelDeployment, which
a person or a tool sets without a change in Git. Where both verbs name one revision, abort wins.
"""

from __future__ import annotations

from slipway_operator.api.names import ANNOTATION_ABORT, ANNOTATION_PROMOTE
from slipway_operator.api.texts import shown
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.rollout.case import Case


def promotes(md: ModelDeployment, revision: str) -> bool:
    """Whether a promotion of this revision is asked for."""
    return revision in _promoted(md)


def aborts(md: ModelDeployment, revision: str) -> bool:
    """Whether an abort of this revision is asked for."""
    return revision in _aborted(md)


def _promoted(md: ModelDeployment) -> set[str]:
    return {md.spec.rollout.promote, md.annotations.get(ANNOTATION_PROMOTE, "")} - {""}


def _aborted(md: ModelDeployment) -> set[str]:
    return {md.spec.rollout.abort, md.annotations.get(ANNOTATION_ABORT, "")} - {""}


def note(case: Case, *, abortable: bool) -> str:
    """What there is to say about a verb that has no effect: it names the active revision, or none."""
    said: list[str] = []
    if aborts(case.md, case.desired.name) and not abortable:
        said.append("the abort that names it has no effect: put an earlier spec back to leave it")
    known = {one.name for one in case.revisions} | {case.desired.name}
    for verb, asked in (("promote", _promoted(case.md)), ("abort", _aborted(case.md))):
        said += [f"{verb} names {shown(one)}, which is no revision here" for one in sorted(asked - known)]
    return "; ".join(said)
