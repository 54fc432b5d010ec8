"""`slipway-runtime pull` against a real S3 server: what the reasons are when nobody scripted the answers."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pull_command import PullCommand, Pulled
from s3_gateway import SECRET_KEY, Gateway, s3_gateway
from slipway_runtime.storage.localize import PARTIAL, recorded, unfinished

pytestmark = pytest.mark.api  # the server is built with the cluster's programs

GRAPH = b"graph" * 1000
LARGE = bytes(range(256)) * 2**18
"""64 MiB: a pull of it takes long enough to be interrupted."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A bucket of models."""
    with s3_gateway(tmp_path_factory.mktemp("s3")) as gateway:
        gateway.put("models/iris/3/model.onnx", GRAPH)
        gateway.put("models/iris/3/weights/0.bin", b"zero")
        gateway.put("models/iris/3/weights/\u00fc \u00e9+&.bin", b"name")
        gateway.put("models/iris/30/model.onnx", b"another version")
        gateway.put("models/large.onnx", LARGE)
        gateway.put("models/%2e%2e/a?b.onnx", b"literal")
        (gateway.buckets / "empty").mkdir()
        yield gateway


@pytest.fixture
def s3(pull: PullCommand, gateway: Gateway) -> PullCommand:
    """The command, with the right credentials."""
    pull.environ = gateway.environ
    return pull


def _reason(done: Pulled) -> tuple[int, str]:
    assert SECRET_KEY not in done.everything
    assert len(done.report) <= 2000
    return done.code, done.message["reason"]


def test_an_object_arrives(s3: PullCommand) -> None:
    """One file, under its own name, with its own digest."""
    done = s3("s3://models/iris/3/model.onnx")
    assert _reason(done) == (0, "Pulled")
    assert done.stdout.strip() == "sha256:" + hashlib.sha256(GRAPH).hexdigest()
    assert s3.contents() == {"model.onnx": GRAPH}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_folder_arrives_and_only_that_folder(s3: PullCommand, slash: str) -> None:
    """`iris/30` begins with `iris/3` and is another model."""
    assert _reason(s3(f"s3://models/iris/3{slash}")) == (0, "Pulled")
    assert s3.contents() == {
        "model.onnx": GRAPH,
        "weights/0.bin": b"zero",
        "weights/\u00fc \u00e9+&.bin": b"name",
    }


def test_a_key_is_taken_literally(s3: PullCommand) -> None:
    """Percent signs and question marks are letters in a key."""
    assert _reason(s3("s3://models/%2e%2e/a?b.onnx")) == (0, "Pulled")
    assert s3.contents() == {"a?b.onnx": b"literal"}


def test_a_large_object_arrives_whole(s3: PullCommand) -> None:
    """In many chunks."""
    done = s3("s3://models/large.onnx")
    assert _reason(done) == (0, "Pulled")
    assert done.message["sizeBytes"] == len(LARGE)
    assert done.stdout.strip() == "sha256:" + hashlib.sha256(LARGE).hexdigest()


@pytest.mark.parametrize("uri", ["s3://models/nope", "s3://models/iris/", "s3://no-bucket/k", "s3://empty"])
def test_what_is_not_there_is_not_found(s3: PullCommand, uri: str) -> None:
    """Wrong key, wrong bucket, nothing uploaded yet."""
    if uri == "s3://models/iris/":
        assert _reason(s3(uri)) == (0, "Pulled")  # both versions below it: a folder as well
        return
    done = s3(uri)
    assert _reason(done) == (11, "NotFound")
    assert uri in done.message["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"AWS_SECRET_ACCESS_KEY": "wrong"},
        {"AWS_ACCESS_KEY_ID": "nobody"},
        {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "wrong"},
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        {"AWS_REGION": "mars-north-1"},
    ],
    ids=["wrong secret", "unknown key", "both", "none", "another region"],
)
@pytest.mark.parametrize("uri", ["s3://models/large.onnx", "s3://models/iris/3"])
def test_wrong_credentials_are_access_denied(s3: PullCommand, wrong: dict[str, str], uri: str) -> None:
    """At once: a minute of retries would only lock the account. No answer may look like a missing file."""
    done = s3(uri, environ=wrong)
    assert _reason(done) == (12, "AccessDenied")
    assert len(done.log) == 1
    assert s3.contents() == {}


def test_a_wrong_digest_leaves_nothing(s3: PullCommand) -> None:
    """The model changed under its key."""
    done = s3("s3://models/iris/3", "--digest", "sha256:" + "0" * 64)
    assert _reason(done) == (13, "DigestMismatch")
    assert s3.contents() == {}


def test_a_pinned_folder_is_pulled_and_kept(s3: PullCommand) -> None:
    """The digest that one pull prints is the pin of the next."""
    digest = s3("s3://models/iris/3").stdout.strip()
    assert _reason(s3("s3://models/iris/3", "--digest", digest)) == (0, "Pulled")
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert _reason(s3("s3://models/iris/3", "--digest", digest, environ=away)) == (0, "Pulled")


@pytest.mark.parametrize("uri", ["s3://models/large.onnx", "s3://models"])
def test_a_model_beyond_the_limit_is_too_large(s3: PullCommand, uri: str) -> None:
    """Object and folder alike, before the disk is full."""
    done = s3(uri, "--max-model-bytes", "1000000")
    assert _reason(done) == (14, "TooLarge")
    assert "--max-model-bytes" in done.message["message"]
    assert s3.contents() == {}


def test_a_storage_that_is_away_is_unreachable(s3: PullCommand) -> None:
    """Told with the code that says: try again."""
    done = s3("s3://models/k", "--retry-seconds", "0", environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert _reason(done) == (21, "Unreachable")


def test_a_pull_killed_half_way_leaves_no_model_and_the_next_one_works(s3: PullCommand) -> None:
    """Kill -9 at the moment when the first bytes are on disk."""
    process = s3.start("s3://models/large.onnx")
    part = s3.dest / PARTIAL / "large.onnx"
    while process.poll() is None and not _has_bytes(part):
        pass  # the file itself is the event
    process.kill()
    assert s3.ended(process).code == -signal.SIGKILL
    assert unfinished(s3.dest)
    assert recorded(s3.dest) is None
    assert s3.contents() == {}
    assert _reason(s3("s3://models/large.onnx")) == (0, "Pulled")
    assert s3.contents() == {"large.onnx": LARGE}


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
