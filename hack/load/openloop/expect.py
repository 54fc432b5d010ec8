"""What is asked and what the answer must be.

An expectation file holds a few inputs of one model and, for each revision that may answer, the
outputs it must give:

    {"path": "/v2/models/iris/infer",
     "samples": [[{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]],
     "models": [{"name": "first", "revision": "6f8d9c7b5",
                 "outputs": [{"label": [0], "probabilities": [0.9, 0.1, 0.0]}]}]}

`revision` may be left out, since a revision's name is not known before it exists: the first answer
of an unknown revision decides whose values it stands for, and from then on it must give these. For
that every sample must tell all models apart; a file where one does not is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from openloop.faults import Fault, RequestError
from openloop.http1 import Response

HEADER_REVISION = "x-slipway-revision"
TOLERANCE = 1e-4
"""Relative (and, around 0, absolute): float32 through decimal text and another machine's maths."""

Outputs = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class Model:
    """What one model answers: a mapping of output name to flat values for every sample."""

    name: str
    outputs: Sequence[Outputs]
    revision: str | None = None


class Answer(NamedTuple):
    """What an answer says, whatever protocol brought it."""

    id: str | None
    revision: str | None
    outputs: Outputs


class Expectations:
    """Makes request bodies, judges answers, learns which revision is which model."""

    def __init__(self, path: str, samples: Sequence[Any], models: Sequence[Model]) -> None:
        self.path = path
        self.models = {model.name: model for model in models}
        self.samples = [json.dumps(inputs, separators=(",", ":")) for inputs in samples]
        self.revisions = {model.revision: model.name for model in models if model.revision}
        _check(self.samples, models)

    @classmethod
    def load(cls, file: Path) -> Expectations:
        """Reads an expectation file. Raises ValueError naming what is wrong in it."""
        raw = json.loads(file.read_text())
        try:
            models = [Model(**model) for model in raw["models"]]
            return cls(raw["path"], raw["samples"], models)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file}: not an expectation file ({error}); see openloop/expect.py") from error

    def body(self, sample: int, request_id: str) -> bytes:
        """The JSON body that asks for `sample` under `request_id`."""
        return f'{{"id":"{request_id}","inputs":{self.samples[sample]}}}'.encode()

    def judge(self, sample: int, request_id: str, response: Response) -> str:
        """The revision that answered rightly. Raises RequestError."""
        answer = _decode(response)
        told = Answer(answer.get("id"), response.headers.get(HEADER_REVISION), _outputs(answer))
        return self.judge_answer(sample, request_id, told)

    def judge_answer(self, sample: int, request_id: str, answer: Answer) -> str:
        """Likewise, of an answer in any protocol. Raises RequestError."""
        if answer.id != request_id:
            raise _wrong(Fault.WRONG_ID, f"sent id {request_id!r}, got {answer.id!r}")
        revision, outputs = answer.revision, answer.outputs
        if not revision:
            raise _wrong(Fault.NO_REVISION, f"no {HEADER_REVISION} header")
        gives = [name for name, model in self.models.items() if same(model.outputs[sample], outputs)]
        if not gives:
            raise _wrong(Fault.WRONG_VALUE, f"sample {sample}, revision {revision}: {outputs}")
        expected = self.revisions.setdefault(revision, gives[0])
        if expected != gives[0]:
            text = f"revision {revision} stands for model {expected}, but gave the values of {gives[0]}"
            raise _wrong(Fault.MIXED, text)
        return revision


def same(expected: Outputs, actual: Outputs) -> bool:
    """Whether all outputs are there with equal values, floats within TOLERANCE."""
    return expected.keys() == actual.keys() and all(
        len(values) == len(actual[name]) and all(map(_equal, values, actual[name]))
        for name, values in expected.items()
    )


def _equal(expected: Any, actual: Any) -> bool:
    if isinstance(expected, float) and isinstance(actual, int | float):
        return math.isclose(expected, actual, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(expected == actual)


def _decode(response: Response) -> Mapping[str, Any]:
    if not 200 <= response.status < 300:  # noqa: PLR2004 - the success range by definition
        text = f"{response.status} {response.reason}: {response.body[:200].decode(errors='replace')}"
        raise _wrong(Fault.STATUS, text)
    try:
        answer = json.loads(response.body)
    except ValueError:
        raise _wrong(Fault.MALFORMED, f"not JSON: {response.body[:80]!r}") from None
    if not isinstance(answer, dict):
        raise _wrong(Fault.MALFORMED, f"not a JSON object: {response.body[:80]!r}")
    return answer


def _outputs(answer: Mapping[str, Any]) -> Outputs:
    try:
        return {output["name"]: list(output["data"]) for output in answer["outputs"]}
    except (KeyError, TypeError):
        raise _wrong(Fault.MALFORMED, f"no list of outputs: {str(answer)[:80]}") from None


def _wrong(fault: Fault, text: str) -> RequestError:
    return RequestError(fault, text, answer_started=True)


def _check(samples: Sequence[str], models: Sequence[Model]) -> None:
    if not samples or not models:
        raise ValueError("expectations need at least one sample and one model")
    for model in models:
        if len(model.outputs) != len(samples):
            text = f"model {model.name}: {len(model.outputs)} outputs for {len(samples)} samples"
            raise ValueError(f"{text}; give one for each")
    for at in range(len(samples)):
        for first, second in ((a, b) for a in models for b in models if a.name < b.name):
            if same(first.outputs[at], second.outputs[at]):
                text = f"sample {at} cannot tell model {first.name} from {second.name}"
                raise ValueError(f"{text}: both give {dict(first.outputs[at])}; leave it out")
