"""Which revision the spec asks for: equal form, restarted late enough, the newest of those."""

from __future__ import annotations

from datetime import datetime

import pytest

from builders import Builder, md_of, modeldeployment
from slipway_operator.core.canonical import canonical
from slipway_operator.core.revision import Revision, moment, revision_name, rfc3339, stable, wanted

NOW = datetime.fromisoformat("2026-11-21T12:00:00Z")
NINE, TEN, ELEVEN = (f"2026-11-21T{hour}:00:00Z" for hour in ("09", "10", "11"))


def stored(builder: Builder, restarted_at: str = "", *, number: int = 1, promoted: int = 0) -> Revision:
    """A revision of the builder's pods, as an earlier look stored it."""
    form = canonical(builder.raw()["spec"]["predictors"][0])
    return Revision(
        name=revision_name(form, restarted_at),
        predictor="main",
        restarted_at=restarted_at,
        number=number,
        input=form,
        template={},
        promoted=promoted,
    )


def test_the_first_revision_is_named_by_the_spec_alone() -> None:
    """Two clusters with one manifest show one revision name."""
    found = wanted(md_of(modeldeployment().raw()), [], NOW)

    assert (found.known, found.restarted_at) == (None, "")
    assert found.name == stored(modeldeployment()).name


def test_a_known_revision_is_taken_again() -> None:
    """A rollback re-uses the frozen pods of the revision that worked."""
    old = stored(modeldeployment())
    newer = stored(modeldeployment().model("s3://models/iris/2"), number=2)

    assert wanted(md_of(modeldeployment().raw()), [old, newer], NOW).known is old


@pytest.mark.parametrize(
    ("asked", "known", "expected"),
    [
        (None, ["", TEN], TEN),  # absent: the newest stays
        (NINE, ["", TEN], TEN),  # older than the last restart: nothing to do
        (TEN, ["", TEN], TEN),  # that very restart is done
        ("2026-11-21T11:00:00+01:00", ["", TEN], TEN),  # the same moment in another zone
        (ELEVEN, ["", TEN], None),  # a later one: a new revision
        (ELEVEN, [ELEVEN, TEN], ELEVEN),  # whatever order history has
        (TEN, ["junk"], None),  # a time that cannot be read counts as none
    ],
)
def test_restart_at_asks_for_a_revision_no_older(
    asked: str | None, known: list[str], expected: str | None
) -> None:
    """A leftover restartAt in Git must not restart anything, a new one exactly once."""
    history = [stored(modeldeployment(), time, number=place) for place, time in enumerate(known)]

    found = wanted(md_of(modeldeployment().restart_at(asked).raw()), history, NOW)

    assert (found.known.restarted_at if found.known else None) == expected


def test_a_restart_in_the_future_waits() -> None:
    """A maintenance window can be written down beforehand."""
    old = stored(modeldeployment())
    found = wanted(md_of(modeldeployment().restart_at("2026-11-21T13:00:00Z").raw()), [old], NOW)

    assert found.known is old
    assert found.restart_due == datetime.fromisoformat("2026-11-21T13:00:00Z")


def test_a_new_restart_is_named_by_its_time_not_by_the_clock() -> None:
    """Two looks at one request, with a crash between them, must make one revision, not two."""
    md = md_of(modeldeployment().restart_at(TEN).raw())
    first, second = wanted(md, [], NOW), wanted(md, [], NOW.replace(hour=23))

    assert first == second
    assert first.restarted_at == TEN


def test_stable_is_the_last_promotion() -> None:
    """An update that fails goes back to what worked last, not to what is newest."""
    one = stored(modeldeployment(), number=1, promoted=3)
    two = stored(modeldeployment().model("s3://b/2"), number=2, promoted=2)
    three = stored(modeldeployment().model("s3://b/3"), number=3)

    assert stable([one, two, three]) is one
    assert stable([three]) is None


def test_times_keep_their_fractions() -> None:
    """Two restarts within one second are two."""
    assert rfc3339(datetime.fromisoformat("2026-11-21T10:00:00.250+01:00")) == "2026-11-21T09:00:00.250000Z"
    assert rfc3339(NOW) == "2026-11-21T12:00:00Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_junk_is_no_time(text: str) -> None:
    """An annotation that somebody edited must not stop the operator."""
    assert moment(text, NOW) is NOW


def test_a_time_without_a_zone_is_utc() -> None:
    """Comparing it with our clock must not fail."""
    assert moment("2026-11-21T12:00:00", NOW.replace(hour=1)) == NOW
