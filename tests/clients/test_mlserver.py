"""MLServer's command for inference in bulk: `mlserver infer`, a file in and a file out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_environment import run
from client_world import TENSORS, World

DATATYPES = {"a": "FP32", "n": "INT64", "words": "BYTES"}
COPIES = 4
COUNTS = ("--workers", "2", "--batch-size", "2", "--retries", "1")


def request(identity: str, columns: slice) -> str:
    """A line of the file: the first row of every input, with so many of its columns."""
    inputs = [
        {
            "name": name,
            "datatype": DATATYPES[name],
            "shape": list(row.shape),
            "data": row.reshape(-1).tolist(),
        }
        for name, row in ((name, array[:1, columns]) for name, array in TENSORS.items())
    ]
    return json.dumps({"id": identity, "inputs": inputs})


@pytest.fixture(scope="module")
def written(servers: World, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """The lines of the file that comes out, by request: four good ones, then a bad one."""
    folder = tmp_path_factory.mktemp("bulk")
    lines = [request(f"r{number}", slice(None)) for number in range(COPIES)]
    (folder / "in").write_text("\n".join([*lines, request("bad", slice(1))]))
    where = ("--url", servers.http("tensors"), "--model-name", "tensors")
    files = ("--input-data-path", str(folder / "in"), "--output-data-path", str(folder / "out"))
    run("mlserver", "mlserver", "infer", *where, *files, "-b", *COUNTS)
    found = [json.loads(line) for line in (folder / "out").read_text().splitlines()]
    return {line["parameters"]["batch_index"]: line for line in found}


def test_every_line_gets_the_models_answer(written: dict[int, dict[str, Any]], servers: World) -> None:
    """Two workers send two lines at a time as one request of binary tensors, and take its answer apart."""
    wanted = {name: rows[0] for name, rows in servers.tensors.items()}
    for number in range(COPIES):
        line = written[number]
        assert (line["id"], line["model_name"]) == (f"r{number}", "tensors")
        assert {output["name"]: output["data"] for output in line["outputs"]} == wanted


def test_a_bad_line_fails_alone(written: dict[int, dict[str, Any]]) -> None:
    """Its neighbours are written, and it says why."""
    assert set(written) == set(range(COPIES + 1))
    assert "unexpected shape for input 'a'" in written[COPIES]["error"]["msg"]
