"""`slipway-runtime pull` against real servers of Google's and Azure's protocols: what they have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from azurite import KEY, Azurite, azurite
from gcs_server import GcsServer, gcs_server
from pull_command import PullCommand, Pulled
from slipway_runtime.security.digest import digest_folder

pytestmark = pytest.mark.api  # the servers are built or installed, which takes minutes once

GRAPH = b"graph" * 1000
LARGE = bytes(range(256)) * 2**13
OBJECTS = {
    "iris/3/model.onnx": GRAPH,
    "iris/3/weights/0.bin": b"zero",
    "iris/3/weights/\u00fc \u00e9+&.bin": b"name",
    "iris/30/model.onnx": b"another version",
    "large.onnx": LARGE,
}


@dataclass(frozen=True)
class Store:
    """A server with the objects, in a bucket `models`."""

    scheme: str
    environ: dict[str, str]


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    """A server of Google's protocol."""
    with gcs_server(tmp_path_factory.mktemp("gcs")) as server:
        for key, content in OBJECTS.items():
            server.put("models", key, content)
        yield server


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """A server of Azure's protocol."""
    with azurite(tmp_path_factory.mktemp("azure")) as server:
        server.make("models")
        for key, content in OBJECTS.items():
            server.put("models", key, content)
        yield server


@pytest.fixture(params=["gs", "az"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each of them."""
    server = request.getfixturevalue({"gs": "google", "az": "azure"}[request.param])
    return Store(request.param, server.environ)


@pytest.fixture
def pull_from(pull: PullCommand, store: Store) -> Callable[..., Pulled]:
    """Pulls from bucket `models`, unless a key says otherwise."""
    pull.environ = store.environ

    def run(key: str, *flags: str) -> Pulled:
        done = pull(f"{store.scheme}://{key}", *flags)
        assert KEY not in done.everything
        return done

    return run


PullFrom = Callable[..., Pulled]


def test_an_object_arrives(pull: PullCommand, pull_from: PullFrom) -> None:
    """One file, under its own name, with its own digest."""
    done = pull_from("models/large.onnx")
    assert (done.code, done.message["reason"]) == (0, "Pulled")
    assert done.stdout.strip() == f"sha256:{hashlib.sha256(LARGE).hexdigest()}"
    assert pull.contents() == {"large.onnx": LARGE}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_folder_arrives_and_only_that_folder(pull: PullCommand, pull_from: PullFrom, slash: str) -> None:
    """`iris/30` begins with `iris/3` and is another model."""
    done = pull_from(f"models/iris/3{slash}")
    assert done.code == 0
    expected = {
        key.removeprefix("iris/3/"): content for key, content in OBJECTS.items() if key.startswith("iris/3/")
    }
    assert pull.contents() == expected
    assert done.stdout.strip() == digest_folder(pull.dest, [pull.dest / name for name in expected])


@pytest.mark.parametrize("key", ["models/nowhere", "models/iris/3/model"])
def test_what_is_not_there_is_not_found(pull_from: PullFrom, key: str) -> None:
    """Wrong key, nothing uploaded yet."""
    done = pull_from(key)
    assert (done.code, done.message["reason"]) == (11, "NotFound")


def test_a_container_that_is_not_there_is_not_found(pull: PullCommand, azure: Azurite) -> None:
    """A typo; Google's test server answers it with a fault of its own, so only Azure's is asked."""
    done = pull("az://elsewhere/iris", environ=azure.environ)
    assert (done.code, done.message["reason"]) == (11, "NotFound")


@pytest.mark.parametrize("key", ["models/large.onnx", "models/iris/3"])
def test_a_model_beyond_the_limit_is_too_large(pull: PullCommand, pull_from: PullFrom, key: str) -> None:
    """Object and folder alike, and nothing is left."""
    done = pull_from(key, "--max-model-bytes", "5000")
    assert (done.code, done.message["reason"]) == (14, "TooLarge")
    assert pull.contents() == {}


def test_a_wrong_digest_leaves_nothing(pull: PullCommand, pull_from: PullFrom) -> None:
    """The model changed under its key."""
    done = pull_from("models/iris/3", "--digest", "sha256:" + "0" * 64)
    assert (done.code, done.message["reason"]) == (13, "DigestMismatch")
    assert pull.contents() == {}


def test_a_storage_that_is_away_is_unreachable(pull: PullCommand, store: Store) -> None:
    """Told with the code that says: try again."""
    away = {name: "http://127.0.0.1:1" for name in store.environ if store.environ[name].startswith("http")}
    done = pull(f"{store.scheme}://models/iris", "--retry-seconds", "0", environ={**store.environ, **away})
    assert (done.code, done.message["reason"]) == (21, "Unreachable")


@pytest.mark.parametrize("wrong", [KEY[:-4] + "AAA=", "not base64"])
def test_a_wrong_key_of_azure_is_told(pull: PullCommand, azure: Azurite, wrong: str) -> None:
    """A key that signs wrongly is refused by the server; one that is none, before it is asked."""
    done = pull("az://models/iris/3", environ={**azure.environ, "AZURE_STORAGE_ACCOUNT_KEY": wrong})
    assert done.message["reason"] in ("AccessDenied", "InvalidSettings")
    assert wrong not in done.everything


def test_no_key_of_azure_is_access_denied(pull: PullCommand, azure: Azurite) -> None:
    """The container is not public, and no node's identity is borrowed for it."""
    environ = {**azure.environ, "AZURE_STORAGE_ACCOUNT_KEY": ""}
    done = pull("az://models/iris/3", "--retry-seconds", "0", environ=environ)
    assert (done.code, done.message["reason"]) == (12, "AccessDenied")
    assert "AZURE_STORAGE_ACCOUNT_KEY" in done.message["message"]


def test_a_connection_string_is_enough(pull: PullCommand, azure: Azurite) -> None:
    """It is what the portal offers to copy."""
    environ = {"AZURE_STORAGE_CONNECTION_STRING": azure.connection_string}
    assert pull("az://models/large.onnx", environ=environ).code == 0
    assert pull.contents() == {"large.onnx": LARGE}


def test_the_account_may_stand_in_the_uri(pull: PullCommand, azure: Azurite) -> None:
    """As Spark and Hadoop write it; the credentials are used for their own account alone."""
    pull.environ = azure.environ
    assert pull("abfs://models@account1.dfs.core.windows.net/large.onnx").code == 0
    done = pull("abfs://models@account2.dfs.core.windows.net/large.onnx")
    assert (done.code, done.message["reason"]) == (10, "InvalidURI")
    assert "account2" in done.message["message"]
