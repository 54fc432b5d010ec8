"""A pickle is a program: what one can do in the process that opens it."""

from __future__ import annotations

import json
import os
import pickle
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway_runtime.engines.load import Wanted, load
from slipway_runtime.errors import LoadFailure, Reason

SECRET = "hunter2-of-the-puller"


class Calls:
    """Pickles into a call of a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


def evaluated(expression: str) -> Calls:
    """Pickles into an expression."""
    return Calls(eval, expression)


def reporting(expressions: list[str], report: Path) -> Calls:
    """Evaluates one after the other, and writes what came of them, or of which kind their errors were."""
    code = f"""
def told(expression):
    import os, socket, glob
    try:
        return repr(eval(expression))
    except BaseException as error:
        return "refused: " + type(error).__name__
import json
open({str(report)!r}, "w").write(json.dumps([told(one) for one in {expressions!r}]))
"""
    return Calls(exec, code, {})


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has a secret in its environment."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def opened(tmp_path: Path, evil: object) -> LoadFailure:
    """The failure of a server that was told to serve an evil pickle."""
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "model.pkl").write_bytes(pickle.dumps(evil))
    with pytest.raises(LoadFailure) as caught:
        load(Wanted(tmp_path / "model", "SKLEARN_SERVER"))
    return caught.value


def said(tmp_path: Path, *expressions: str) -> list[str]:
    """What expressions in a pickle come to, inside the conversion's process."""
    dest = tmp_path / "dest"
    dest.mkdir(exist_ok=True)
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "model.pkl").write_bytes(pickle.dumps(reporting(list(expressions), dest / "said")))
    from slipway_runtime.engines.converter import convert_apart  # noqa: PLC0415 # beside its only use
    from slipway_runtime.engines.parameters import ModelParameters  # noqa: PLC0415 # likewise

    with pytest.raises(LoadFailure):
        convert_apart(tmp_path / "model", dest, "SKLEARN_SERVER", ModelParameters())
    answers: list[str] = json.loads((dest / "said").read_text())
    return answers


def test_a_shell_is_not_to_be_had(tmp_path: Path) -> None:
    """The classic: os.system in __reduce__."""
    proof = tmp_path / "proof"

    failure = opened(tmp_path, Calls(os.system, f"touch {proof}"))

    assert not proof.exists()
    assert failure.reason is Reason.UNSUPPORTED_FORMAT


FORBIDDEN = [
    "os.fork()",
    "os.execv('/bin/true', ['true'])",
    "socket.socket()",
    "socket.create_connection(('127.0.0.1', PORT))",
    "os.kill(os.getppid(), 9)",
    "open('/proc/' + str(os.getppid()) + '/environ').read()",
    "open('/proc/' + str(os.getppid()) + '/mem').read(1)",
    "open('/etc/passwd').read()",
    "open('ELSEWHERE', 'w')",
    "os.listdir('ELSEWHERE')",
    "os.symlink('/etc/passwd', 'DEST/link')",
]


def test_nothing_beyond_its_folder_is_to_be_had(tmp_path: Path, secret: None) -> None:
    """Neither programs nor the network, nor the server's memory or environment, nor other people's files."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        words = {
            "PORT": str(listening.getsockname()[1]),
            "ELSEWHERE": str(tmp_path),
            "DEST": str(tmp_path / "dest"),
        }
        expressions = [re.sub("PORT|ELSEWHERE|DEST", lambda word: words[word[0]], one) for one in FORBIDDEN]
        answers = said(tmp_path, *expressions)

    got = {one: answer for one, answer in zip(FORBIDDEN, answers, strict=True) if "refused" not in answer}
    assert got == {}


def test_no_secret_is_in_its_environment(tmp_path: Path, secret: None) -> None:
    """The server on a laptop fetched the model itself, with credentials."""
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET

    (environment,) = said(tmp_path, "dict(os.environ)")

    assert SECRET not in environment
    assert "AWS" not in environment
    assert "PATH" in environment


def test_no_descriptor_of_the_server_is_open_in_it(tmp_path: Path) -> None:
    """A listening socket or an open file would be as good as a secret."""
    with (tmp_path / "open").open("w") as held, socket.create_server(("127.0.0.1", 0)) as listening:
        os.set_inheritable(held.fileno(), True)
        os.set_inheritable(listening.fileno(), True)
        (targets,) = said(
            tmp_path, "[os.readlink(one) for one in glob.glob('/proc/self/fd/*') if os.path.exists(one)]"
        )

    assert str(tmp_path / "open") not in targets
    assert "socket:" not in targets


@pytest.mark.parametrize("evil", [Calls(os._exit, 0), Calls(os.abort), Calls(exit, 0), evaluated("1/0")])
def test_a_pickle_that_ends_the_process_is_a_failure(evil: Calls, tmp_path: Path) -> None:
    """An exit code of 0 without a result must not pass for success."""
    assert opened(tmp_path, evil).reason in {Reason.UNSUPPORTED_FORMAT, Reason.MODEL_LOAD_FAILED}


def test_a_forged_verdict_does_not_bring_the_pickle_into_the_server(tmp_path: Path) -> None:
    """What the process wrote was perhaps written by the pickle: it must not open the next door."""
    verdict = {
        "engine": "native", "notes": {}, "primary": "", "features": [], "finite": "", "known": [],
    }  # fmt: skip
    code = f"open('conversion.json', 'w').write({json.dumps(verdict)!r}); import os; os._exit(0)"

    failure = opened(tmp_path, Calls(exec, code))

    assert failure.reason is Reason.CONVERSION_INEXACT
    assert "allow_native" in failure.message


def test_the_servers_own_process_never_opens_it(tmp_path: Path) -> None:
    """The promise in one line: unless allow_native asks for it."""
    failure = opened(tmp_path, evaluated("__import__('os').getpid()"))
    (pid,) = said(tmp_path, "os.getpid()")

    assert int(pid) != os.getpid()
    assert failure.reason is Reason.UNSUPPORTED_FORMAT


def test_the_log_names_the_layers_that_hold(tmp_path: Path) -> None:
    """An old kernel lacks some: who runs a cluster must be able to see that."""
    from trained_models import fitted, saved  # noqa: PLC0415 # this module imports no estimator otherwise

    folder = saved(fitted("logistic"), tmp_path / "model")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "slipway_runtime",
            "convert",
            str(folder),
            str(tmp_path / "out"),
            "--implementation",
            "SKLEARN_SERVER",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert lines[-1]["message"] == "converted"
    assert set(lines[-1]["confined_by"]) == {"limits", "privileges", "landlock", "seccomp"}
    assert (tmp_path / "out" / "model.onnx").exists()
