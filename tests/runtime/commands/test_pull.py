"""`slipway-runtime pull` as an init container runs it: exit code, log, digest, termination message."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

import onnx_models
from model_web import Answer, model_web
from pull_command import PullCommand
from slipway_runtime.engines.registry import find_model
from slipway_runtime.storage.localize import recorded, unfinished

NO_SUCH_DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file."""
    return onnx_models.save(onnx_models.linear(), tmp_path / "source" / "iris.onnx")


def test_a_pull_prints_the_digest_and_reports_what_came(pull: PullCommand, model: Path) -> None:
    """The digest goes into a pin, the rest into the object's status."""
    digest = "sha256:" + hashlib.sha256(model.read_bytes()).hexdigest()
    done = pull(f"file:{model}")
    assert (done.code, done.stdout) == (0, digest + "\n")
    assert done.message == {
        "reason": "Pulled",
        "message": f"pulled 1 file(s) from 'file:{model}'",
        "digest": digest,
        "sizeBytes": model.stat().st_size,
        "seconds": done.message["seconds"],
    }
    assert 0 <= done.message["seconds"] < 60
    assert [line["message"] for line in done.log] == ["pulled"]


def test_what_was_pulled_can_be_served(pull: PullCommand, model: Path) -> None:
    """The two containers of a pod agree about the folder."""
    assert pull(f"file:{model}").code == 0
    assert find_model(pull.dest).path.name == "iris.onnx"
    assert not unfinished(pull.dest)
    artifact = recorded(pull.dest)
    assert artifact
    assert artifact.digest == pull(f"file:{model}").message["digest"]


def test_a_folder_is_pulled_with_everything_in_it(pull: PullCommand, model: Path) -> None:
    """Weights beside the graph."""
    (model.parent / "weights").mkdir()
    (model.parent / "weights" / "0.bin").write_bytes(b"zero")
    done = pull(f"file:{model.parent}")
    assert done.code == 0
    assert set(pull.contents()) == {"iris.onnx", "weights/0.bin"}
    assert done.message["message"].startswith("pulled 2 file(s)")


def test_the_printed_digest_is_a_pin_that_holds(pull: PullCommand, model: Path) -> None:
    """By flag and by the variable that the operator sets."""
    digest = pull(f"file:{model}").stdout.strip()
    for flags, environ in ((["--digest", digest], {}), ([], {"SLIPWAY_MODEL_DIGEST": digest})):
        done = pull(f"file:{model}", *flags, environ=environ)
        assert (done.code, done.stdout.strip()) == (0, digest)


def test_a_pinned_model_that_is_there_needs_no_storage(pull: PullCommand, model: Path) -> None:
    """A container that restarts in its pod serves on, whatever happened to the bucket."""
    digest = pull(f"file:{model}").stdout.strip()
    model.unlink()
    assert pull(f"file:{model}", "--digest", digest).code == 0
    assert pull(f"file:{model}").code == 11


FAILURES: dict[str, dict[tuple[str, ...], tuple[int, str]]] = {
    "file:{model}": {
        ("--digest", NO_SUCH_DIGEST): (13, "DigestMismatch"),
        ("--digest", "latest"): (2, "InvalidSettings"),
        ("--max-model-bytes", "10"): (14, "TooLarge"),
    },
    "file:{model}/nowhere": {(): (11, "NotFound")},
    "file:/dev/null": {(): (15, "UnsupportedFormat")},
    "ftp://host/m": {(): (10, "InvalidURI")},
    "nonsense": {(): (10, "InvalidURI")},
    "": {(): (10, "InvalidURI")},
    "http://127.0.0.1:1/m.onnx": {(): (10, "InvalidURI")},
}


@pytest.mark.parametrize(("uri", "flags"), [(uri, flags) for uri in FAILURES for flags in FAILURES[uri]])
def test_a_failure_is_told_by_code_log_and_message_alike(
    pull: PullCommand, model: Path, uri: str, flags: tuple[str, ...]
) -> None:
    """Scripts read the code, people the log, the operator the message."""
    code, reason = FAILURES[uri][flags]
    done = pull(uri.format(model=model), *flags)
    assert (done.code, done.stdout) == (code, "")
    assert done.message["reason"] == reason
    (line,) = done.log
    assert (line["level"], line["reason"], line["cause"]) == ("error", reason, done.message["message"])
    assert not pull.dest.exists() or pull.contents() == {}


def test_a_destination_that_cannot_be_written_is_told(pull: PullCommand, model: Path) -> None:
    """A volume that is not mounted where it should be."""
    pull.dest.write_text("a file")
    done = pull(f"file:{model}")
    assert (done.code, done.message["reason"]) == (22, "NoSpace")


@pytest.mark.parametrize(
    ("flags", "environ"),
    [(["--max-model-bytes", "many"], {}), ([], {"SLIPWAY_MAX_MODEL_BYTES": "many"})],
)
def test_an_impossible_setting_reaches_the_termination_message(
    pull: PullCommand, model: Path, flags: list[str], environ: dict[str, str]
) -> None:
    """It may come from a ModelDeployment's env: its author sees the pod's status, not its log."""
    done = pull(f"file:{model}", *flags, environ=environ)
    assert done.code == 2
    assert done.message["reason"] == "InvalidSettings"
    assert "must be a whole number from 1" in done.message["message"]
    assert done.message["message"] in done.stderr


def test_a_termination_message_that_cannot_be_written_does_not_fail_the_pull(
    pull: PullCommand, model: Path
) -> None:
    """The model is there; that is what counts."""
    done = pull(f"file:{model}", "--termination-log", "/no/such/folder/log")
    assert done.code == 0
    assert "cannot write the termination message" in [line["message"] for line in done.log]


def test_the_log_is_one_json_object_a_line_whatever_is_in_it(pull: PullCommand, tmp_path: Path) -> None:
    """Names with line breaks and escapes must not forge lines."""
    evil = tmp_path / "evil\n{}\x1b[2J"
    evil.mkdir()
    done = pull(f"file:{tmp_path}/evil%0A{{}}%1B[2J")
    assert done.code == 10
    assert len(done.log) == 1
    assert "\x1b" not in done.everything


def test_a_long_uri_still_gives_a_short_message(pull: PullCommand) -> None:
    """The kubelet keeps 4,096 bytes of it."""
    done = pull("file:/" + "x/" * 1000)
    assert done.code == 11
    assert len(done.report) <= 2000
    json.loads(done.report)


@pytest.mark.parametrize("scheme", ["file", "http", "s3"])
def test_a_disk_that_fills_up_is_told_and_cleared(pull: PullCommand, tmp_path: Path, scheme: str) -> None:
    """The volume is too small for the model: the remedy is another size, and what was written is gone."""
    content = b"x" * 300_000
    (tmp_path / "m.onnx").write_bytes(content)
    pull.largest_file = 100
    headers = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    with model_web(Answer(body=content, headers=headers)) as web:
        pull.environ = {"AWS_ENDPOINT_URL": web.url("")}
        uri = {"file": f"file:{tmp_path}/m.onnx", "http": web.url("/m.onnx"), "s3": "s3://b/m.onnx"}[scheme]
        done = pull(uri, "--allow-local-addresses")
    assert (done.code, done.message["reason"]) == (22, "NoSpace")
    assert "make it larger than the model" in done.message["message"]
    assert list(pull.dest.iterdir()) == []


def test_an_archive_becomes_the_model_in_it(pull: PullCommand, tmp_path: Path) -> None:
    """What CI uploads is often one file; its checksum is the pin that people have."""
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("iris/model.onnx", "graph")
        archive.writestr("iris/weights/0.bin", "zero")
    done = pull(f"file:{tmp_path}/model.zip")
    assert done.code == 0
    assert pull.contents() == {"model.onnx": b"graph", "weights/0.bin": b"zero"}
    digest = f"sha256:{hashlib.sha256((tmp_path / 'model.zip').read_bytes()).hexdigest()}"
    assert done.stdout.strip() == digest
    (tmp_path / "model.zip").unlink()
    assert pull(f"file:{tmp_path}/model.zip", "--digest", digest).code == 0  # kept: it is what was unpacked


def test_an_archive_that_leads_out_leaves_nothing(pull: PullCommand, tmp_path: Path) -> None:
    """The reason and the entry are told; what had come out before it is gone."""
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("model.onnx", "in")
        archive.writestr("../../evil", "out")
    done = pull(f"file:{tmp_path}/model.zip")
    assert (done.code, done.message["reason"]) == (15, "UnsupportedFormat")
    assert "../../evil" in done.message["message"]
    assert list(pull.dest.iterdir()) == []
    assert list(tmp_path.rglob("evil")) == list(tmp_path.parent.glob("evil")) == []
