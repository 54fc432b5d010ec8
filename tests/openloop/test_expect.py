"""Every way an answer can be wrong is seen, and none that is right is called wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openloop.expect import Expectations, Model
from openloop.faults import Fault, RequestError
from openloop.http1 import Response


def _answer(body: Any, *, status: int = 200, revision: str | None = "r1") -> Response:
    headers = {"x-slipway-revision": revision} if revision else {}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, "", headers, raw, keep_alive=True)


def _outputs(*values: float, name: str = "y", request_id: str = "id-1") -> dict[str, Any]:
    return {"id": request_id, "outputs": [{"name": name, "data": list(values)}]}


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (_answer(_outputs(1.5), status=503), Fault.STATUS),
        (_answer(_outputs(1.5), status=302), Fault.STATUS),
        (_answer(b"<html>"), Fault.MALFORMED),
        (_answer([]), Fault.MALFORMED),
        (_answer({"id": "id-1"}), Fault.MALFORMED),
        (_answer({"id": "id-1", "outputs": [{"name": "y"}]}), Fault.MALFORMED),
        (_answer(_outputs(1.5, request_id="id-2")), Fault.WRONG_ID),
        (_answer({"outputs": [{"name": "y", "data": [1.5]}]}), Fault.WRONG_ID),
        (_answer(_outputs(1.5), revision=None), Fault.NO_REVISION),
        (_answer(_outputs(1.6)), Fault.WRONG_VALUE),
        (_answer(_outputs(2.5)), Fault.WRONG_VALUE),
        (_answer(_outputs(1.5, 1.5)), Fault.WRONG_VALUE),
        (_answer(_outputs(1.5, name="z")), Fault.WRONG_VALUE),
        (_answer(_outputs()), Fault.WRONG_VALUE),
    ],
)
def test_each_wrong_answer_has_its_class(
    expectations: Expectations, response: Response, fault: Fault
) -> None:
    """A report is believed when it says what went wrong, so each fault must be told from the others."""
    with pytest.raises(RequestError) as caught:
        expectations.judge(0, "id-1", response)
    assert caught.value.fault is fault


def test_a_right_answer_gives_its_revision(expectations: Expectations) -> None:
    """Float32 passes through text and another machine: the last digits may differ, the rest not."""
    assert expectations.judge(0, "id-1", _answer(_outputs(1.500001))) == "r1"
    assert expectations.revisions == {"r1": "first"}


def test_values_of_another_revision_under_a_known_name_are_mixed(expectations: Expectations) -> None:
    """One revision's name on another's values is the worst an update can do to a user."""
    expectations.judge(0, "id-1", _answer(_outputs(1.5)))
    with pytest.raises(RequestError) as caught:
        expectations.judge(0, "id-2", _answer(_outputs(101.0, request_id="id-2")))
    assert caught.value.fault is Fault.MIXED


def test_a_revision_named_beforehand_is_held_to_its_model() -> None:
    """Who knows the revision's name can have the very first answer checked against it."""
    models = [
        Model(name="first", outputs=[{"y": [1.5]}], revision="r1"),
        Model(name="second", outputs=[{"y": [9.5]}], revision="r2"),
    ]
    expectations = Expectations("/infer", [[]], models)
    with pytest.raises(RequestError) as caught:
        expectations.judge(0, "id-1", _answer(_outputs(1.5), revision="r2"))
    assert caught.value.fault is Fault.MIXED


def test_two_revisions_may_serve_the_same_model(expectations: Expectations) -> None:
    """A restart makes a new revision of the same model; its answers are right."""
    assert expectations.judge(0, "id-1", _answer(_outputs(1.5), revision="r1")) == "r1"
    assert expectations.judge(0, "id-1", _answer(_outputs(1.5), revision="r2")) == "r2"


def test_labels_are_compared_exactly() -> None:
    """A class label is no float: 1 is not 1.00001, and text must be the same text."""
    expectations = Expectations("/infer", [[]], [Model(name="m", outputs=[{"label": ["setosa"]}])])
    answer = {"id": "a", "outputs": [{"name": "label", "data": ["virginica"]}]}
    with pytest.raises(RequestError, match="wrong-value"):
        expectations.judge(0, "a", _answer(answer))


def test_a_sample_that_cannot_tell_the_models_apart_is_refused() -> None:
    """With such a sample a mixed answer would pass for a right one."""
    models = [Model(name=name, outputs=[{"y": [1.5]}]) for name in ("first", "second")]
    with pytest.raises(ValueError, match="sample 0 cannot tell model first from second"):
        Expectations("/infer", [[]], models)


def test_outputs_must_be_given_for_every_sample() -> None:
    """An expectation file with a hole would crash in mid-run."""
    with pytest.raises(ValueError, match="1 outputs for 2 samples"):
        Expectations("/infer", [[], []], [Model(name="first", outputs=[{"y": [1.5]}])])


@pytest.mark.parametrize("raw", [{}, {"path": "/", "samples": [[]], "models": [{"nome": "x"}]}])
def test_a_file_that_is_no_expectation_file_is_named(tmp_path: Path, raw: dict[str, Any]) -> None:
    """Whoever mistypes a file name is told which file is wrong."""
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(raw))
    with pytest.raises(ValueError, match=r"wrong\.json: not an expectation file"):
        Expectations.load(file)
