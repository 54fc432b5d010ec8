"""`slipway-runtime pull hf://…`: the Hub's own client library against an endpoint on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub_server import COMMIT, Hub
from model_web import Answer, ModelWeb, model_web
from pull_command import PullCommand, Pulled

GRAPH = b"graph" * 1000
FILES = {
    "README.md": b"read me",
    ".gitattributes": b"*.onnx lfs",
    "onnx/model.onnx": GRAPH,
    "onnx/weights 0.bin": b"zero",
    "onnx-int8/model.onnx": b"small",
}
TOKEN = "hf_S3CR3Ttoken"


@pytest.fixture
def hub() -> Hub:
    """A model."""
    return Hub("org/iris", FILES)


@pytest.fixture
def web(hub: Hub) -> Iterator[ModelWeb]:
    """The Hub that has it."""
    with model_web(hub) as web:
        yield web


def _pull(pull: PullCommand, web: ModelWeb, uri: str, *flags: str, token: str = "") -> Pulled:
    environ = {"HF_ENDPOINT": web.url(""), **({"HF_TOKEN": token} if token else {})}
    done = pull(uri, *flags, environ=environ)
    assert TOKEN not in done.everything
    assert done.log, "the library's own lines would break whoever reads the log"
    return done


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("hf://org/iris", {name: text for name, text in FILES.items() if name != ".gitattributes"}),
        ("hf://org/iris@main/onnx", {"model.onnx": GRAPH, "weights 0.bin": b"zero"}),
        ("hf://org/iris:main/onnx/model.onnx", {"model.onnx": GRAPH}),
    ],
)
def test_a_model_a_folder_or_a_file_arrives(
    pull: PullCommand, web: ModelWeb, uri: str, expected: dict[str, bytes]
) -> None:
    """Repositories hold a model in many forms; one is enough. A named endpoint may be on loopback."""
    done = _pull(pull, web, uri)
    assert (done.code, done.message["reason"]) == (0, "Pulled")
    assert pull.contents() == expected


def test_all_files_are_of_one_commit(pull: PullCommand, web: ModelWeb) -> None:
    """The branch may move while the pull runs."""
    assert _pull(pull, web, "hf://org/iris/onnx").code == 0
    fetched = [request.target for request in web.requests if "/resolve/" in request.target]
    assert fetched
    assert all(f"/resolve/{COMMIT}/" in target for target in fetched)


def test_a_file_is_continued_after_a_cut(pull: PullCommand, web: ModelWeb, hub: Hub) -> None:
    """Weights of gigabytes over a bad line."""
    hub.cuts.append(2000)
    assert _pull(pull, web, "hf://org/iris/onnx/model.onnx").code == 0
    assert pull.contents() == {"model.onnx": GRAPH}
    ranges = [request.headers.get("range") for request in web.requests if "/resolve/" in request.target]
    assert ranges == [None, "bytes=2000-"]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("hf://org/nowhere", "NotFound"),
        ("hf://org/iris@v9", "NotFound"),
        ("hf://org/iris/tensorrt", "NotFound"),
        ("hf://org/iris/onnx/mod", "NotFound"),
    ],
)
def test_what_is_not_there_is_not_found(pull: PullCommand, web: ModelWeb, uri: str, reason: str) -> None:
    """Model, revision, folder, file."""
    done = _pull(pull, web, uri)
    assert (done.code, done.message["reason"]) == (11, reason)
    assert pull.contents() == {}


@pytest.mark.parametrize(
    ("code", "token", "reason"),
    [
        ("GatedRepo", "", "AccessDenied"),
        ("GatedRepo", "hf_wrong", "AccessDenied"),
        ("RepoNotFound", "", "NotFound"),
    ],
)
def test_a_private_model_needs_a_token(pull: PullCommand, code: str, token: str, reason: str) -> None:
    """The Hub does not tell strangers that a private model exists; the message names the token either way."""
    with model_web(Hub("org/iris", FILES, token=TOKEN, refusal=code)) as web:
        done = _pull(pull, web, "hf://org/iris", "--retry-seconds", "0", token=token)
    assert done.message["reason"] == reason
    assert "HF_TOKEN" in done.message["message"]


def test_the_token_opens_the_model_and_stays_at_the_hub(pull: PullCommand, web: ModelWeb, hub: Hub) -> None:
    """Large files lie at a storage that the Hub redirects to: it gets no token."""
    hub.token = TOKEN
    with model_web(Answer(body=GRAPH), host="127.0.0.2") as storage:
        hub.elsewhere = storage.url("")
        done = _pull(pull, web, "hf://org/iris/onnx/model.onnx", "--allow-local-addresses", token=TOKEN)
    assert done.code == 0
    assert storage.requests
    assert TOKEN not in "".join(request.text for request in storage.requests)


def test_the_hub_may_not_send_the_puller_into_this_machine(
    pull: PullCommand, web: ModelWeb, hub: Hub
) -> None:
    """The operator trusts the endpoint's address, and no other on loopback."""
    with model_web(Answer(body=GRAPH), host="127.0.0.2") as storage:
        hub.elsewhere = storage.url("")
        done = _pull(pull, web, "hf://org/iris/onnx/model.onnx")
    assert (done.code, done.message["reason"]) == (10, "InvalidURI")
    assert storage.requests == []


def test_a_hub_that_is_away_is_unreachable(pull: PullCommand) -> None:
    """Told with the code that says: try again."""
    done = pull("hf://org/iris", "--retry-seconds", "0", environ={"HF_ENDPOINT": "http://127.0.0.1:1"})
    assert (done.code, done.message["reason"]) == (21, "Unreachable")
