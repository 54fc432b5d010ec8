"""`slipway-runtime pull` from a web server, from the outside."""

from __future__ import annotations

import threading
import time

import pytest

from model_web import Answer, Request, model_web
from pull_command import PullCommand

MODEL = b"graph" * 1000
LOCAL = "--allow-local-addresses"


@pytest.mark.parametrize(
    ("answer", "flags", "code", "reason"),
    [
        (Answer(body=MODEL), [], 0, "Pulled"),
        (Answer(404), [], 11, "NotFound"),
        (Answer(403), [], 12, "AccessDenied"),
        (Answer(418), [], 10, "InvalidURI"),
        (Answer(500), ["--retry-seconds", "0"], 21, "Unreachable"),
        (Answer(body=MODEL[:10], declared=len(MODEL)), ["--retry-seconds", "0"], 21, "Unreachable"),
        (Answer(302, headers={"Location": "file:///etc/passwd"}), [], 10, "InvalidURI"),
        (Answer(body=MODEL), ["--max-model-bytes", "100"], 14, "TooLarge"),
        (Answer(body=MODEL), ["--digest", "sha256:" + "0" * 64], 13, "DigestMismatch"),
        (Answer(body=MODEL, headers={"Content-Encoding": "br"}), [], 15, "UnsupportedFormat"),
    ],
)
def test_every_answer_has_its_code(
    pull: PullCommand, answer: Answer, flags: list[str], code: int, reason: str
) -> None:
    """The reason is in kubectl within seconds."""
    with model_web(answer) as web:
        done = pull(web.url(), LOCAL, *flags)
    assert (done.code, done.message["reason"]) == (code, reason), done.stderr
    assert pull.contents() == ({} if code else {"model.onnx": MODEL})


def test_a_server_that_recovers_is_waited_for(pull: PullCommand) -> None:
    """Two faults, half a second each; the log tells of them, the message of the end."""
    answers = [Answer(503), Answer(body=MODEL[:10], declared=len(MODEL)), Answer(body=MODEL)]

    def answer(_: Request) -> Answer:
        return answers.pop(0)

    with model_web(answer) as web:
        done = pull(web.url(), LOCAL)
    assert (done.code, done.message["reason"]) == (0, "Pulled")
    assert [line["message"] for line in done.log] == ["pull failed, trying again"] * 2 + ["pulled"]
    assert pull.contents() == {"model.onnx": MODEL}


def test_this_machine_is_out_of_bounds_without_the_flag(pull: PullCommand) -> None:
    """The default protects the node from whoever may write a URI."""
    with model_web(Answer(body=b"internal")) as web:
        done = pull(web.url())
    assert (done.code, web.requests) == (10, [])
    assert "--allow-local-addresses" in done.message["message"]


def test_a_server_that_falls_silent_is_left_at_the_deadline(pull: PullCommand) -> None:
    """`--pull-seconds` is for the whole pull, also while nothing arrives."""
    silent = Answer(body=MODEL, hold=threading.Event())
    with model_web(silent) as web:
        started = time.monotonic()
        done = pull(web.url(), LOCAL, "--pull-seconds", "1")
        took = time.monotonic() - started
        assert silent.hold
        silent.hold.set()
    assert (done.code, done.message["reason"]) == (20, "Timeout")
    assert "--pull-seconds" in done.message["message"]
    assert took < 10
    assert pull.contents() == {}
