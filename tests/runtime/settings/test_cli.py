"""The command line: what help says and how wrong words end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from slipway_runtime.cli import build_parser, main
from slipway_runtime.settings import PullSettings, ServeSettings, env_name, flag_name


def _help(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    return re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.parametrize(("command", "kind"), [("serve", ServeSettings), ("pull", PullSettings)])
def test_help_shows_every_flag_with_its_variable_and_default(
    command: str, kind: type[ServeSettings | PullSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the reference: nothing else has to be kept in step."""
    text = _help(command, capsys)
    for setting in fields(kind):
        assert flag_name(setting) in text
        assert f"[{env_name(setting)}]" in text
        if setting.default not in ("", False):
            assert f"default {setting.default}" in text
    assert "exit codes:" in text
    assert "AWS_ACCESS_KEY_ID" in text


@pytest.mark.parametrize(
    "words",
    [[], ["fetch"], ["pull"], ["pull", "file:/x"], ["pull", "file:/x", "/d", "--nope"], ["serve", "x"]],
)
def test_wrong_words_end_with_a_usage_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, as every command of this kind."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: slipway-runtime" in capsys.readouterr().err


def test_an_impossible_setting_ends_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback: it is the user's to mend; and the pod's status gets the same line."""
    monkeypatch.setenv("SLIPWAY_TERMINATION_LOG", str(tmp_path / "log"))
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--http-port", "no"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("slipway-runtime serve: --http-port must be a whole number")
    assert error.count("\n") == 1
    report = json.loads((tmp_path / "log").read_bytes())
    assert report["reason"] == "InvalidSettings"
    assert report["message"] in error


def test_a_pull_from_here_returns_its_code(tmp_path: Path) -> None:
    """The program's exit code is what the command returned."""
    done = subprocess.run(
        [sys.executable, "-m", "slipway_runtime", "pull", "file:/no/such", str(tmp_path / "d")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 11
    assert done.stdout == ""


def test_flags_are_read_for_both_commands() -> None:
    """A flag that argparse knows and the settings do not would be accepted and ignored."""
    for command, kind in (("serve", ServeSettings), ("pull", PullSettings)):
        words = [command] if command == "serve" else [command, "file:/x", "/d"]
        given = vars(build_parser().parse_args(words))
        assert set(given) - {"command", "uri", "dest"} == {setting.name for setting in fields(kind)}


def test_a_pull_does_not_pay_for_the_server(tmp_path: Path) -> None:
    """FastAPI and ONNX Runtime take most of a second to import, in every start of every pod."""
    (tmp_path / "m.onnx").touch()
    program = (
        "import sys; from slipway_runtime.cli import main; "
        f"main(['pull', 'file:{tmp_path}/m.onnx', '{tmp_path}/d']); "
        "print(sorted({'fastapi', 'onnxruntime', 'uvicorn', 'numpy', 'obstore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
