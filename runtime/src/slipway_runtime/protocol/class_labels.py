"""The names of a classifier's classes, in the order of its scores.

They travel in the signature's notes, as a JSON array of texts: the engine that knows them writes it,
protocols whose answers name classes read it, and metadata shows it. What another process wrote may be
anything: what is no such array, or has another number of names than there are scores, is no names.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slipway_runtime.protocol.signature import Signature

CLASSES = "classes"
LONGEST = 4096  # characters; metadata with the names of ten thousand classes would help nobody


def noted(labels: Iterable[Any]) -> dict[str, str]:
    """The note for these classes; none where it would be too long."""
    text = json.dumps([str(label) for label in labels])
    return {CLASSES: text} if len(text) <= LONGEST else {}


def labels_of(signature: Signature, count: int) -> list[str]:
    """A name for each of so many scores; empty ones where the model does not tell."""
    try:
        known = orjson.loads(signature.notes.get(CLASSES, "[]"))
    except orjson.JSONDecodeError:
        known = None
    if type(known) is not list or len(known) != count:
        return [""] * count
    return [str(label) for label in known]
