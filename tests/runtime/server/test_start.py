"""From the command to the first answer, and the ways not to get there."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from onnx_models import linear, save
from runtime_server import started
from slipway_runtime.cli import main


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a good model."""
    save(linear(), tmp_path / "good" / "model.onnx")
    return tmp_path / "good"


@pytest.fixture
def silent_store() -> Iterator[str]:
    """A web server that accepts and never answers; yields a URI at it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held = []

        def accept() -> None:
            while True:
                try:
                    held.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/model.onnx"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for each in held:
            each.close()


def failed(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """Exit code and termination message of a server that cannot serve."""
    report = tmp_path / "termination-log"
    with started("--termination-log", str(report), "--model-name", "m", *arguments) as server:
        code = server.wait()
    return code, json.loads(report.read_text())


def test_a_uri_is_fetched_and_served(model: Path) -> None:
    """On a laptop there is no init container."""
    with started("--model-uri", f"file:{model}", "--model-name", "m") as server:
        server.wait_ready()

        assert server.probe("/readyz").status_code == 200
        assert 'digest="sha256:' in server.probe("/metrics").text


def test_before_the_model_is_ready_everything_says_so_and_it_stops_at_once(silent_store: str) -> None:
    """Alive but not ready keeps clients away and the kubelet patient; there is nobody to drain."""
    arguments = ("--model-uri", silent_store, "--allow-local-addresses", "--model-name", "m")
    with started(*arguments) as server:
        listening = server.wait_for("listening")
        server.http_port, server.probe_port = listening["http_port"], listening["probe_port"]

        with server.client() as client:
            answers = [
                client.post("/v2/models/m/infer", json={"inputs": []}),
                client.get("/v2/models/m/ready"),
                client.get("/v2/models/m"),
                client.get("/v2/health/ready"),
            ]
            assert client.get("/v2/health/live").status_code == 200
            assert client.get("/v2/models/other/ready").status_code == 404
        probe = server.probe("/readyz")

        assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "1")] * 4
        assert all("model 'm' is" in answer.json()["error"] for answer in answers[3:])
        assert (probe.status_code, probe.text) == (503, "model 'm' is PULLING\n")
        assert server.probe("/livez").status_code == 200
        server.signal(signal.SIGTERM)
        assert server.wait(20) == 0


def test_a_model_that_cannot_be_loaded_says_why_in_the_termination_message(tmp_path: Path) -> None:
    """That is what `kubectl get` shows; the log may be gone, or not for everybody's eyes."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "model.onnx").write_bytes(b"this is no model")

    code, message = failed(tmp_path, "--model-dir", str(tmp_path / "bad"))

    assert (code, message["reason"]) == (15, "UnsupportedFormat")
    assert "model.onnx" in message["message"]


def test_a_pull_that_fails_says_why_too(tmp_path: Path, model: Path) -> None:
    """With --model-uri the server is the puller."""
    wrong = "sha256:" + "0" * 64

    code, message = failed(tmp_path, "--model-uri", f"file:{model}", "--model-digest", wrong)

    assert (code, message["reason"]) == (13, "DigestMismatch")


def test_a_port_that_is_taken_is_named(tmp_path: Path, model: Path) -> None:
    """'Address already in use' without the address is a riddle."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        port = taken.getsockname()[1]

        code, message = failed(tmp_path, "--model-dir", str(model), "--http-port", str(port))

    assert (code, message["reason"]) == (3, "StartFailed")
    assert str(port) in message["message"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--model-dir", "/x"], "--model-name"),
        (["--model-name", "m"], "--model-uri"),
        (["--model-name", "m", "--model-dir", "/x", "--model-uri", "file:/x"], "either"),
        (["--model-name", "a/b", "--model-dir", "/x"], "letters"),
    ],
)
def test_impossible_settings_are_explained_and_exit_2(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first minute with a program is spent here."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])

    assert ended.value.code == 2
    assert text in capsys.readouterr().err


def test_in_a_pod_variables_suffice_and_only_tmp_can_be_written(model: Path, tmp_path: Path) -> None:
    """The operator sets variables; the root file system is read-only, and the user has no home."""
    environ = {
        "SLIPWAY_MODEL_DIR": str(model),
        "SLIPWAY_MODEL_NAME": "by-env",
        "SLIPWAY_REVISION": "abc",
        "HOME": "/tmp",  # noqa: S108 # what the pod has
        "TMPDIR": str(tmp_path),
    }
    with started(environ=environ) as server:
        server.wait_ready()

        with server.client() as client:
            answer = client.get("/v2/models/by-env/ready")
        assert (answer.status_code, answer.headers["x-slipway-revision"]) == (200, "abc")
        hosts = ["127.0.0.1", "::1"] if socket.has_dualstack_ipv6() else ["127.0.0.1"]
        for host in hosts:
            socket.create_connection((host, server.http_port), timeout=5).close()
