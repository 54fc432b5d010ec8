"""From a course to ordered writes, each prefix of which is safe to stop at.

The order: revisions are stored before anything runs them, and what was given up is marked before it
ends; an autoscaler that is no longer wanted goes before we take its `replicas` back; sets of pods
come before the Services that select them, disruption budget and autoscaler after; what has lost the
traffic is marked as retired, what is superseded goes last, its autoscaler first; then the promotion
is marked and history pruned. A name that somebody else holds ends the plan before it. Nothing is
written at rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from slipway_operator.api.types import ModelDeployment
from slipway_operator.core import marks
from slipway_operator.core.actions import Create, Delete, Emit, Ref, Update
from slipway_operator.core.diff import first_difference
from slipway_operator.core.ensure import Step, ensure, ensure_pods, ref_of
from slipway_operator.core.history import prunable
from slipway_operator.core.objects.autoscaler import autoscaler, autoscaler_name, held_for, moved_at
from slipway_operator.core.objects.controller_revision import controller_revision
from slipway_operator.core.objects.disruption_budget import disruption_budget, disruption_budget_name
from slipway_operator.core.objects.service import preview_name, preview_service, service
from slipway_operator.core.observed import Child, Holder, Observed
from slipway_operator.core.replicas import aim
from slipway_operator.core.revision import Revision, stable
from slipway_operator.core.rollout.course import Course


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps in order.

    `blocked` is the name that somebody else holds, if that cut them short; `unfinished` says that
    there is more to do, which waits for the answer to these.
    """

    steps: tuple[Step, ...]
    blocked: tuple[Ref, Holder] | None = None
    unfinished: bool = False
    wake: datetime | None = None
    """When the autoscaler gets its own behavior back."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a plan is made from."""

    md: ModelDeployment
    observed: Observed
    revisions: Sequence[Revision]
    """All that are stored, and those that have to be."""
    course: Course
    now: datetime

    @property
    def moved(self) -> datetime | None:
        """When the autoscaler was aimed at its present set, as long as that matters."""
        name = autoscaler_name(self.md.key.name, self.md.spec.predictor.name)
        live, target = self.observed.autoscalers.get(name), self.course.scaled
        hpa, scaled = self.md.spec.predictor.hpa_spec, self.observed.deployments.get(target)
        if not target or hpa is None:
            return None
        succeeds = scaled is not None and scaled.size > (hpa.min_replicas or 1)
        return moved_at(self.md, live, target, self.now, succeeds=succeeds)


def plan(situation: Situation) -> Plan:
    """All that has to be written now."""
    steps: list[Step] = []
    for step in _all_steps(situation):
        write = step.write
        holder = situation.observed.taken.get(write.ref)
        if isinstance(write, Create) and holder is not None:
            return Plan(steps=tuple(steps), blocked=(write.ref, holder))
        steps.append(step)
    moved = situation.moved
    return Plan(
        steps=tuple(steps),
        unfinished=any(step.last for step in steps),
        wake=None if moved is None else moved + held_for(situation.md),
    )


def _all_steps(now: Situation) -> Iterator[Step]:
    yield from _store_revisions(now)
    yield from marks.given_up(now.observed, now.course)
    yield from _drop_unwanted_autoscaler(now)
    for pods in now.course.sets:
        yield from ensure_pods(now.md, pods, now.observed)
    yield from marks.returned(now.observed, now.course)
    yield from _point_services(now)
    yield from _protect_and_scale(now)
    yield from marks.retired(now.course, now.now)
    yield from _remove_superseded(now)
    yield from marks.promoted(now.observed, now.course, now.revisions)
    yield from marks.forgiven(now.observed, now.course, now.revisions)
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
    if live is not None and (predictor.hpa_spec is None or _misplaced(now, live)):
        yield _deletion(live)


def _misplaced(now: Situation, live: Child) -> bool:
    """Whether it scales a set that waits for the traffic of another predictor's, and has nowhere else to go.

    A waiting set has the size of the one it is to replace; to an autoscaler it looks idle.
    """
    sets, predictor = now.course.sets, now.md.spec.predictor.name
    waits = any(pods.wanted is not None and pods.name == aim(live) for pods in sets)
    stays = any(pods.wanted is None and pods.predictor == predictor for pods in sets)
    return waits and not stays and not now.course.scaled


def _point_services(now: Situation) -> Iterator[Step]:
    """The switch, when there is one: one write of the selector. The preview's follows."""
    active, live = now.course.active, now.observed.services.get(now.md.key.name)
    manifest = service(now.md, active.predictor, active.track)
    event = None
    if live is not None and live.object["spec"].get("selector") != manifest["spec"]["selector"]:
        message = f"Switched traffic to predictor {active.predictor} (track {active.track})"
        event = Emit(type="Normal", reason="Switched", message=message)
    yield from ensure(now.md, manifest, live, event)
    if now.course.preview is not None:
        shown = preview_service(now.md, *now.course.preview)
        yield from _delayed(ensure(now.md, shown, now.observed.services.get(shown["metadata"]["name"])))


def _delayed(steps: Iterator[Step]) -> Iterator[Step]:
    """What follows from a change of these waits for its answer."""
    return (replace(step, last=not isinstance(step.write, Create)) for step in steps)


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
        aimed = autoscaler(md, predictor.hpa_spec, now.course.scaled, now.moved)
        yield from ensure(md, aimed, scaler)


def _remove_superseded(now: Situation) -> Iterator[Step]:
    """Sets that may go, after what belongs to predictors that have no set any more, save retired ones."""
    gone = {one.ref.name for one in (*now.course.removable, *now.course.retiring)}
    sets = now.observed.deployments.items()
    staying = {one.predictor for name, one in sets if name not in gone and not one.retired_at}
    staying.add(now.md.spec.predictor.name)
    owner = now.md.key.name
    previews = {preview_name(owner, now.md.spec.predictor.name)} if now.course.preview is not None else set()
    yield from _delayed(_orphans(now.observed.services, {owner, *previews}))
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
