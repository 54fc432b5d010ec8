"""From a course to ordered writes, each prefix of which is safe to stop at.

The order: revisions are stored before anything runs them; an autoscaler that is no longer wanted
goes before we take its `replicas` back; sets of pods come before the Service that selects them,
disruption budget and autoscaler after it; what is superseded goes last, its autoscaler first; then
the promotion is marked and history pruned. A name that somebody else holds ends the plan before it.
Nothing is written at rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway_operator.api.names import ANNOTATION_PROMOTED
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import Annotate, Create, Delete, Emit, Ref, Update
from slipway_operator.core.diff import first_difference
from slipway_operator.core.ensure import Step, ensure, ensure_pods, ref_of
from slipway_operator.core.history import next_promotion, prunable
from slipway_operator.core.objects.autoscaler import autoscaler, autoscaler_name
from slipway_operator.core.objects.controller_revision import controller_revision
from slipway_operator.core.objects.disruption_budget import disruption_budget, disruption_budget_name
from slipway_operator.core.objects.service import service
from slipway_operator.core.observed import Child, Holder, Observed
from slipway_operator.core.revision import Revision, stable
from slipway_operator.core.rollout.course import Course


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps in order.

    `blocked` is the name that somebody else holds, if that cut them short; `unfinished` says that an
    object needs more, which waits for the answer to these.
    """

    steps: tuple[Step, ...]
    blocked: tuple[Ref, Holder] | None = None
    unfinished: bool = False


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a plan is made from."""

    md: ModelDeployment
    observed: Observed
    revisions: Sequence[Revision]
    """All that are stored, and those that have to be."""
    course: Course


def plan(situation: Situation) -> Plan:
    """All that has to be written now."""
    steps: list[Step] = []
    for step in _all_steps(situation):
        write = step.write
        holder = situation.observed.taken.get(write.ref)
        if isinstance(write, Create) and holder is not None:
            return Plan(steps=tuple(steps), blocked=(write.ref, holder))
        steps.append(step)
    return Plan(steps=tuple(steps), unfinished=any(step.last for step in steps))


def _all_steps(now: Situation) -> Iterator[Step]:
    yield from _store_revisions(now)
    yield from _drop_unwanted_autoscaler(now)
    for pods in now.course.sets:
        yield from ensure_pods(now.md, pods, now.observed.deployments, now.course.beside)
    yield from _point_service(now)
    yield from _protect_and_scale(now)
    yield from _remove_superseded(now)
    yield from _mark_promotion(now)
    yield from _prune(now)


def _store_revisions(now: Situation) -> Iterator[Step]:
    """New and lost revisions are stored; stored ones keep their labels and owner."""
    for revision in now.revisions:
        live = now.observed.controller_revisions.get(revision.object_name)
        manifest = controller_revision(now.md, revision)
        ref = ref_of(manifest)
        if live is None:
            stored = Emit(
                type="Normal", reason="RevisionCreated", message=f"Froze the pods of revision {revision.name}"
            )
            yield Step(Create(ref=ref, manifest=manifest, owner_uid=now.md.uid), stored)
        elif not revision.refused and first_difference({"metadata": manifest["metadata"]}, live.object):
            yield Step(Update(ref=ref, manifest=manifest, uid=live.uid))


def _drop_unwanted_autoscaler(now: Situation) -> Iterator[Step]:
    predictor = now.md.spec.predictor
    live = now.observed.autoscalers.get(autoscaler_name(now.md.key.name, predictor.name))
    if live is not None and predictor.hpa_spec is None:
        yield _deletion(live)


def _point_service(now: Situation) -> Iterator[Step]:
    """The switch, when there is one: one write of the selector."""
    active, live = now.course.active, now.observed.services.get(now.md.key.name)
    manifest = service(now.md, active.predictor, active.track)
    event = None
    if live is not None and live.object["spec"].get("selector") != manifest["spec"]["selector"]:
        message = f"Switched traffic to predictor {active.predictor} (track {active.track})"
        event = Emit(type="Normal", reason="Switched", message=message)
    yield from ensure(now.md, manifest, live, event)


def _protect_and_scale(now: Situation) -> Iterator[Step]:
    """Disruption budget and autoscaler of the active set."""
    md, predictor, active = now.md, now.md.spec.predictor, now.course.active
    budget = now.observed.disruption_budgets.get(disruption_budget_name(md.key.name, predictor.name))
    scaler = now.observed.autoscalers.get(autoscaler_name(md.key.name, predictor.name))
    if budget is not None and predictor.pdb_spec is None:
        yield _deletion(budget)
    if not now.course.scaled:
        return
    if predictor.pdb_spec is not None:
        yield from ensure(md, disruption_budget(md, predictor.pdb_spec, active.track), budget)
    if predictor.hpa_spec is not None:
        yield from ensure(md, autoscaler(md, predictor.hpa_spec, now.course.scaled), scaler)


def _remove_superseded(now: Situation) -> Iterator[Step]:
    """Sets that may go, after the autoscalers and budgets of predictors that have no set any more."""
    removable = {one.ref.name for one in now.course.removable}
    staying = {one.predictor for name, one in now.observed.deployments.items() if name not in removable}
    staying.add(now.md.spec.predictor.name)
    owner = now.md.key.name
    yield from _orphans(now.observed.autoscalers, {autoscaler_name(owner, one) for one in staying})
    yield from _orphans(
        now.observed.disruption_budgets, {disruption_budget_name(owner, one) for one in staying}
    )
    for one in now.course.removable:
        message = f"Removed {one.ref.name} (revision {one.revision})"
        yield Step(Delete(ref=one.ref, uid=one.uid), Emit(type="Normal", reason="Removed", message=message))


def _orphans(group: Mapping[str, Child], staying: set[str]) -> Iterator[Step]:
    for name, child in group.items():
        if name not in staying:
            yield _deletion(child)


def _mark_promotion(now: Situation) -> Iterator[Step]:
    target = now.course.target
    if target is None or not now.course.promoted:
        return
    live = now.observed.controller_revisions.get(target.object_name)
    if live is not None:
        marks = {ANNOTATION_PROMOTED: str(next_promotion(now.revisions))}
        message = f"Revision {target.name} serves"
        promoted = Emit(type="Normal", reason="Promoted", message=message)
        yield Step(Annotate(ref=live.ref, annotations=marks, uid=live.uid), promoted)


def _prune(now: Situation) -> Iterator[Step]:
    """Old revisions beyond the limit; never one that has a role."""
    course, last = now.course, stable(now.revisions)
    roles = {course.desired.name} | {one.name for one in (course.target, last) if one is not None}
    for one in now.observed.deployments.values():
        roles |= {one.revision, one.step_revision}
    for revision in prunable(now.md, now.revisions, roles):
        live = now.observed.controller_revisions.get(revision.object_name)
        if live is not None:
            yield _deletion(live)


def _deletion(live: Child) -> Step:
    return Step(Delete(ref=live.ref, uid=live.uid))
