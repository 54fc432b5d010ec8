"""`slipway-runtime pull oci://…` against a real registry, with and without a password."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci_registry import INDEX, PASSWORD, USER, Registry, oci_registry
from pull_command import PullCommand, Pulled

pytestmark = pytest.mark.api  # the registry is built, which takes minutes once

GRAPH = b"graph" * 1000
FILES = {"model.onnx": GRAPH, "weights/0.bin": b"zero"}
GZIPPED = "application/vnd.oci.image.layer.v1.tar+gzip"


def _tar(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """An open registry with artifacts of all kinds."""
    with oci_registry(tmp_path_factory.mktemp("registry")) as registry:
        registry.push("org/iris", "v1", FILES)
        registry.push("org/single", "latest", {"model.onnx": GRAPH})
        layer = registry.blob("org/image", _tar({f"models/{n}": c for n, c in FILES.items()}), GZIPPED)
        image = registry.tag("org/image", "v1", registry.manifest("org/image", [layer]))
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image, "size": 1}
        registry.tag("org/image", "index", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
        evil = registry.blob("org/evil", GRAPH, title="../../evil")
        registry.tag("org/evil", "v1", registry.manifest("org/evil", [evil]))
        bare = registry.blob("org/bare", GRAPH)
        registry.tag("org/bare", "v1", registry.manifest("org/bare", [bare]))
        yield registry


def _pull(pull: PullCommand, registry: Registry, name: str, *flags: str) -> Pulled:
    done = pull(f"oci://{registry.authority}/{name}", "--allow-local-addresses", *flags)
    assert PASSWORD not in done.everything
    return done


def test_an_artifacts_files_arrive(pull: PullCommand, registry: Registry) -> None:
    """What `oras push` put there, under the names it had."""
    assert _pull(pull, registry, "org/iris:v1").code == 0
    assert pull.contents() == FILES


def test_an_artifact_of_one_file_has_the_files_digest(pull: PullCommand, registry: Registry) -> None:
    """One file is pinned by its checksum, wherever it lies; without a tag, latest is meant."""
    done = _pull(pull, registry, "org/single")
    assert done.stdout.strip() == f"sha256:{hashlib.sha256(GRAPH).hexdigest()}"


@pytest.mark.parametrize("tag", ["v1", "index"])
def test_an_images_layers_are_unpacked(pull: PullCommand, registry: Registry, tag: str) -> None:
    """Models are shipped as images whose files lie in /models; an index leads to this machine's."""
    assert _pull(pull, registry, f"org/image:{tag}").code == 0
    assert pull.contents() == FILES


def test_a_digest_in_the_uri_is_a_pin(pull: PullCommand, registry: Registry) -> None:
    """A tag moves, a digest does not; and the registry's word for it is not taken."""
    digest = registry.push("org/pinned", "v1", FILES)
    assert _pull(pull, registry, f"org/pinned@{digest}").code == 0
    registry.blob_path(digest).write_bytes(b'{"layers": []}')
    done = _pull(pull, registry, f"org/pinned@{digest}", "--retry-seconds", "0")
    assert done.code != 0


def test_a_layer_that_is_another_one_is_refused(pull: PullCommand, registry: Registry) -> None:
    """A registry's disk decays, or somebody was at it."""
    content = b"weights" * 100
    layer = registry.blob("org/decayed", content, title="model.onnx")
    registry.tag("org/decayed", "v1", registry.manifest("org/decayed", [layer]))
    registry.blob_path(layer["digest"]).write_bytes(content[::-1])
    done = _pull(pull, registry, "org/decayed:v1")
    assert (done.code, done.message["reason"]) == (13, "DigestMismatch")
    assert pull.contents() == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("org/iris:v2", "NotFound"),
        ("org/nowhere:v1", "NotFound"),
        (f"org/iris@sha256:{'0' * 64}", "NotFound"),
        ("org/evil:v1", "UnsupportedFormat"),
        ("org/bare:v1", "UnsupportedFormat"),
    ],
)
def test_what_is_no_model_is_told(pull: PullCommand, registry: Registry, name: str, reason: str) -> None:
    """Wrong tag, wrong name, a file name that leads out, layers that are no files."""
    done = _pull(pull, registry, name)
    assert done.message["reason"] == reason
    assert pull.contents() == {}


def test_a_registry_on_this_machine_is_out_of_bounds_without_the_flag(
    pull: PullCommand, registry: Registry
) -> None:
    """The host stands in the URI: whoever may write one could otherwise reach the node's own ports."""
    done = pull(f"oci://{registry.authority}/org/iris:v1")
    assert (done.code, done.message["reason"]) == (10, "InvalidURI")
    assert "loopback" in done.message["message"]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with a password."""
    with oci_registry(tmp_path_factory.mktemp("locked"), password=True) as registry:
        registry.push("org/iris", "v1", FILES)
        yield registry


def _config(host: str, password: str = PASSWORD) -> str:
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return json.dumps({"auths": {host: {"auth": auth}}})


@pytest.mark.parametrize("name", ["DOCKER_AUTH_CONFIG", ".dockerconfigjson", "DOCKER_CONFIG"])
def test_credentials_are_those_of_container_tools(
    pull: PullCommand, locked: Registry, tmp_path: Path, name: str
) -> None:
    """An image pull secret as it is, the variable of CI systems, or a folder with config.json."""
    config = _config(locked.authority)
    (tmp_path / "config.json").write_text(config)
    pull.environ = {name: str(tmp_path) if name == "DOCKER_CONFIG" else config}
    assert _pull(pull, locked, "org/iris:v1").code == 0
    assert pull.contents() == FILES


@pytest.mark.parametrize(
    ("host", "password"), [("", ""), ("{authority}", "wrong"), ("registry.example", PASSWORD)]
)
def test_wrong_credentials_are_access_denied(
    pull: PullCommand, locked: Registry, host: str, password: str
) -> None:
    """None, a wrong password, or somebody else's: another host's are not even tried."""
    pull.environ = {"DOCKER_AUTH_CONFIG": _config(host.format(authority=locked.authority), password)}
    done = _pull(pull, locked, "org/iris:v1")
    assert (done.code, done.message["reason"]) == (12, "AccessDenied")
    assert "DOCKER_AUTH_CONFIG" in done.message["message"]
