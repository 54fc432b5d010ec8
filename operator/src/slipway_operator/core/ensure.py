"""One object: create it, bring it back to what it should be, or leave it alone.

An object is left alone when its annotation says that exactly this was applied and it is still all
there. A Deployment takes more care: its size has a writer of its own (`replicas`), and fields that
somebody added inside its pod template survive an apply, so the template is replaced instead. So is
what an apply of ours would not get past (`obstacles`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from slipway_operator.api.names import ANNOTATION_APPLIED
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import (
    Create,
    Emit,
    Kind,
    Manifest,
    Ref,
    Replace,
    Update,
    Write,
)
from slipway_operator.core.diff import first_difference, sealed
from slipway_operator.core.fields import FieldPath, contains, readable
from slipway_operator.core.objects.deployment import PodSet, deployment
from slipway_operator.core.observed import Child, Deployment, Observed
from slipway_operator.core.obstacles import obstacle_in
from slipway_operator.core.replicas import resize


@dataclass(frozen=True)
class Step:
    """One write and what there is to say about it, if anything.

    `last` says that what follows from it has to wait for this write's answer: look again at once.
    """

    write: Write
    event: Emit | None = None
    last: bool = False


def ref_of(manifest: Manifest) -> Ref:
    """Which object a manifest is."""
    return Ref(Kind(manifest["kind"]), manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def ensure(
    md: ModelDeployment, manifest: Manifest, live: Child | None, event: Emit | None = None
) -> Iterator[Step]:
    """What brings one object to `manifest`; `event` tells a change that we want, a repair tells itself."""
    wanted = sealed(manifest)
    if live is None:
        yield Step(Create(ref=ref_of(wanted), manifest=wanted, owner_uid=md.uid), event)
        return
    difference = first_difference(_content(wanted), live.object)
    if difference is None:
        return
    changed = (
        live.annotations.get(ANNOTATION_APPLIED) != wanted["metadata"]["annotations"][ANNOTATION_APPLIED]
    )
    told = event if changed else _repaired(live.ref, difference)
    obstacle = obstacle_in(live, wanted)
    if obstacle is not None:
        yield Step(_replace(live, *obstacle), told, last=True)
        return
    yield Step(Update(ref=live.ref, manifest=wanted, uid=live.uid), told)


def _replace(live: Child, path: str, value: object) -> Replace:
    return Replace(ref=live.ref, path=path, value=value, uid=live.uid, resource_version=live.resource_version)


def _content(manifest: Manifest) -> Manifest:
    """A manifest without what is sure to be the same; in a list the server leaves it out."""
    return {name: value for name, value in manifest.items() if name not in {"apiVersion", "kind"}}


def ensure_pods(md: ModelDeployment, pods: PodSet, observed: Observed) -> Iterator[Step]:
    """What brings one set of pods to its revision and size."""
    manifest, live = deployment(md, pods), observed.deployments.get(pods.name)
    if live is None:
        started = {**manifest, "spec": {**manifest["spec"], "replicas": pods.size}}
        wanted = sealed(manifest)
        yield Step(
            Create(ref=ref_of(wanted), manifest={**wanted, "spec": started["spec"]}, owner_uid=md.uid),
            Emit(
                type="Normal",
                reason="Created",
                message=f"Started revision {pods.revision.name} ({_pods(pods.size)})",
            ),
        )
        return
    stray = _strays(live, manifest["spec"]["template"], same=live.revision == pods.revision.name)
    if stray:
        template = manifest["spec"]["template"]
        replaced = _replace(live, "/spec/template", template)
        difference = f"spec.template.{readable(stray[0])} was added"
        yield Step(replaced, _repaired(live.ref, difference), last=True)
        return
    updates = list(ensure(md, manifest, live, _moved(live, pods)))
    size = resize(
        md, live, omitting=bool(updates), wanted=pods.wanted, autoscalers=observed.autoscalers.values()
    )
    if size is not None:
        scaled = f"Scaled {live.ref.name} from {live.size} to {_pods(size.replicas)}"
        yield Step(
            size, Emit(type="Normal", reason="Scaled", message=scaled) if size.replicas != live.size else None
        )
    moved_on = live.stage != pods.stage
    yield from (replace(step, last=step.last or moved_on) for step in updates)


def _strays(live: Deployment, template: Manifest, *, same: bool) -> list[FieldPath]:
    """Fields inside the pod template that others added.

    Our own leftovers go only when the pods change anyway.
    """
    paths = live.foreign if same else (*live.foreign, *live.repaired)
    return [path for path in paths if contains(live.template, path) and not contains(template, path)]


def _moved(live: Deployment, pods: PodSet) -> Emit | None:
    if live.revision == pods.revision.name:
        return None
    message = f"Rolling out revision {pods.revision.name} in place of {live.revision or 'an unknown one'}"
    return Emit(type="Normal", reason="RollingOut", message=message)


def _repaired(ref: Ref, difference: str) -> Emit:
    message = f"Repaired {ref.kind} {ref.name}: {difference}"
    return Emit(type="Normal", reason="Repaired", message=message)


def _pods(count: int) -> str:
    return f"{count} pod" if count == 1 else f"{count} pods"
