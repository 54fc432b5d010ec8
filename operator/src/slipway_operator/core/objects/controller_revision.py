"""The ControllerRevision: one revision's frozen pod template and what it was made from."""

from __future__ import annotations

from typing import Final

from slipway_operator.api import names
from slipway_operator.api.types import Key, ModelDeployment
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata
from slipway_operator.core.objects.allowlist import mislabelled, violation
from slipway_operator.core.observed import Child
from slipway_operator.core.revision import Revision

MAX_DIGITS: Final = 18


def controller_revision(md: ModelDeployment, revision: Revision) -> Manifest:
    """The manifest; `data` cannot be changed once it is there."""
    return metadata.child(
        md,
        Kind.CONTROLLER_REVISION,
        revision.object_name,
        revision.predictor,
        extra_labels={names.LABEL_REVISION: revision.name},
        revision=revision.number,
        data={
            "revision": revision.name,
            "predictor": revision.predictor,
            "restartedAt": revision.restarted_at,
            "input": revision.input,
            "template": revision.template,
        },
    )


def read(owner: Key, child: Child) -> Revision:
    """A stored revision. Somebody may have edited history: what cannot be used says why."""
    data, number = child.object.get("data"), child.object.get("revision")
    content = data if isinstance(data, dict) else {}
    template, name, predictor = (
        content.get("template"),
        _text(content, "revision"),
        _text(content, "predictor"),
    )
    return Revision(
        name=name,
        predictor=predictor,
        restarted_at=_text(content, "restartedAt"),
        number=number if isinstance(number, int) else 0,
        input=content.get("input") or {},
        template=template if isinstance(template, dict) else {},
        promoted=_count(child.annotations.get(names.ANNOTATION_PROMOTED, "")),
        aborted=names.ANNOTATION_ABORTED in child.annotations,
        refused=violation(template) or mislabelled(template, owner.name, predictor, name),
        object_name=child.ref.name,
    )


def _text(content: Manifest, name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _count(text: str) -> int:
    """A mark's number; an annotation may hold anything, also a million digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0
