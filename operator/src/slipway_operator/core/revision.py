"""Revisions: which one the spec asks for, and which ones there are.

A revision is named by a hash over the canonical form of what shapes its pods and the time of the
restart that made it. On first sight its pod template is rendered and frozen in a ControllerRevision;
from then on only the frozen one is applied, whatever a newer operator would render.

Which one is desired: the newest with equal canonical form, restarted no earlier than
`spec.rollout.restartAt`. Equality is judged by the name: a revision whose name is the hash of this
canonical form and its own restart time is one of this form. So also a set whose ControllerRevision
is lost, and with it the stored form, is recognised. None: make one now. A restart in the future
changes nothing yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from slipway_operator.api.types import Json, ModelDeployment
from slipway_operator.core.canonical import canonical

NAME_LENGTH: Final = 9


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One revision, stored or about to be.

    `restarted_at` is RFC 3339 in UTC, or empty if no restart made it. `number` grows with each new
    revision of a predictor, `promoted` with each promotion (0: never). `aborted` says that its update
    was given up. `stored` is False until its ControllerRevision is there. `refused` says why the
    stored template must not be used.
    """

    name: str
    predictor: str
    restarted_at: str
    number: int
    input: Json
    template: Json
    promoted: int = 0
    aborted: bool = False
    stored: bool = True
    refused: str = ""
    object_name: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which revision the spec asks for: one of the history, or (`known` is None) a new one."""

    name: str
    restarted_at: str
    canonical: Json
    known: Revision | None
    restart_due: datetime | None = None
    """A restart that lies in the future."""


def digest(content: Any) -> str:
    """A SHA-256 in hex over the JSON of `content` with sorted keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def revision_name(form: Mapping[str, Any], restarted_at: str) -> str:
    """The revision's name: nine hex digits; it is part of object names and a label."""
    return digest([form, restarted_at])[:NAME_LENGTH]


def rfc3339(moment: datetime) -> str:
    """A time in UTC as Kubernetes writes it; fractions only where there are some."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat()}Z"


def wanted(md: ModelDeployment, history: Iterable[Revision], now: datetime) -> Wanted:
    """Which revision the spec asks for at this moment."""
    form = canonical(md.predictor_input)
    asked = md.spec.rollout.restart_at
    due = asked is not None and asked > now
    since = "" if asked is None or due else rfc3339(asked)
    equal = [
        revision
        for revision in history
        if revision.name == revision_name(form, revision.restarted_at)
        and _time(revision.restarted_at) >= _time(since)
    ]
    newest = max(equal, key=lambda revision: (_time(revision.restarted_at), revision.number), default=None)
    if newest is None:
        return Wanted(revision_name(form, since), since, form, None, asked if due else None)
    return Wanted(newest.name, newest.restarted_at, form, newest, asked if due else None)


def stable(history: Iterable[Revision]) -> Revision | None:
    """The last revision that was fully live, if any."""
    promoted = [revision for revision in history if revision.promoted and not revision.refused]
    return max(promoted, key=lambda revision: revision.promoted, default=None)


def moment(text: str, default: datetime) -> datetime:
    """A time that an annotation or condition holds; `default` where it is missing or junk."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return default
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _time(text: str) -> datetime:
    """A stored time; none and junk are the beginning of time."""
    return moment(text, datetime.min.replace(tzinfo=UTC))
