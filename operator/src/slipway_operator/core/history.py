"""The revisions that there are: stored ones, and sets whose ControllerRevision is gone.

A live set is never re-rendered: where its ControllerRevision was deleted, the revision is rebuilt
from the Deployment's own template and stored again. What it was made from is lost with it, but its
name still tells whether the spec asks for it (`core.revision`).

Pruning keeps the newest `revisionHistoryLimit` of what plays no role.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from slipway_operator.api.names import ANNOTATION_RESTARTED_AT, child_name
from slipway_operator.api.types import Key, ModelDeployment, Spec
from slipway_operator.core.objects.allowlist import mislabelled, mismatch, violation
from slipway_operator.core.objects.controller_revision import read
from slipway_operator.core.objects.deployment import untracked
from slipway_operator.core.objects.pod import template as render
from slipway_operator.core.observed import Deployment, Observed
from slipway_operator.core.revision import Revision, Wanted


def history(key: Key, observed: Observed) -> tuple[Revision, ...]:
    """All revisions, oldest first; lost ones are last and not stored.

    An object under another name than its content gives it is none of ours.
    """
    stored = (read(key, child) for child in observed.controller_revisions.values())
    known = sorted(
        (one for one in stored if one.object_name == child_name(key.name, one.predictor, one.name)),
        key=lambda one: (one.number, one.name),
    )
    names = {(revision.predictor, revision.name) for revision in known}
    lost = [
        deployment
        for _, deployment in sorted(observed.deployments.items())
        if deployment.revision and (deployment.predictor, deployment.revision) not in names
    ]
    newest = known[-1].number if known else 0
    rebuilt = (_rebuilt(key, deployment, newest + place) for place, deployment in enumerate(lost, start=1))
    return (*known, *(revision for revision in rebuilt if not revision.refused))


def _rebuilt(key: Key, deployment: Deployment, number: int) -> Revision:
    template = untracked(deployment.template)
    return Revision(
        name=deployment.revision,
        predictor=deployment.predictor,
        restarted_at=deployment.annotations.get(ANNOTATION_RESTARTED_AT, ""),
        number=number,
        input={},
        template=template,
        stored=False,
        refused=violation(template)
        or mislabelled(template, key.name, deployment.predictor, deployment.revision),
        object_name=child_name(key.name, deployment.predictor, deployment.revision),
    )


def next_number(revisions: Sequence[Revision]) -> int:
    """The number of a revision that is made now."""
    return max((revision.number for revision in revisions), default=0) + 1


def next_promotion(revisions: Sequence[Revision]) -> int:
    """The mark of a promotion that happens now."""
    return max((revision.promoted for revision in revisions), default=0) + 1


def made_now(
    md: ModelDeployment, wanted: Wanted, revisions: Sequence[Revision], runtime_image: str
) -> Revision:
    """The revision that the spec asks for: the known one, or a new one with today's template."""
    if wanted.known is not None:
        known = wanted.known
        return known if known.refused else replace(known, refused=mismatch(known.template, md.spec.predictor))
    return Revision(
        name=wanted.name,
        predictor=md.spec.predictor.name,
        restarted_at=wanted.restarted_at,
        number=next_number(revisions),
        input=wanted.canonical,
        template=render(md, wanted.name, runtime_image),
        stored=False,
        object_name=child_name(md.key.name, md.spec.predictor.name, wanted.name),
    )


def prunable(md: ModelDeployment, revisions: Sequence[Revision], in_use: Collection[str]) -> list[Revision]:
    """Stored revisions beyond the limit, oldest first.

    Those `in_use` (by name) are neither pruned nor counted.
    """
    limit = md.spec.revision_history_limit
    keep = Spec.REVISION_HISTORY_LIMIT if limit is None else limit
    idle = [revision for revision in revisions if revision.stored and revision.name not in in_use]
    return idle[: max(0, len(idle) - keep)]
