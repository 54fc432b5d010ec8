"""Small decisions of the demo's acts."""

from __future__ import annotations

import io
from typing import Any

import pytest

from slipway_demo.cli import sibling
from slipway_demo.console import Console
from slipway_demo.example import Example
from slipway_demo.install import image_values
from slipway_demo.models import Trained
from slipway_demo.next_steps import next_steps
from slipway_demo.platform import exports, present
from slipway_demo.serve import compare
from slipway_demo.shell import DemoError, Shell

MODEL = Trained(
    name="m",
    estimator="Estimator",
    onnx=b"",
    rows=[[5.1, 3.5, 1.4, 0.2]],
    outputs=[{"label": [0], "probabilities": [0.9, 0.1, 0.0]}],
)


def _answer(*probabilities: float) -> dict[str, Any]:
    outputs = [{"name": "label", "data": [0]}, {"name": "probabilities", "data": list(probabilities)}]
    return {"revision": "6f8d9c7b5", "outputs": outputs}


def test_equal_predictions_are_shown_side_by_side() -> None:
    """A reader sees the estimator's numbers, the served ones, and which revision answered."""
    table = compare(MODEL, [_answer(0.9, 0.1, 0.0)])
    assert table.count("90.000%") == 2
    assert "setosa" in table
    assert "6f8d9c7b5" in table


def test_a_prediction_that_differs_ends_the_demo() -> None:
    """A demo that shows wrong numbers with a smile would be worse than none."""
    with pytest.raises(DemoError, match="the estimator says"):
        compare(MODEL, [_answer(0.8, 0.2, 0.0)])


@pytest.mark.parametrize(
    ("uri", "following"),
    [("s3://models/iris/3", "s3://models/iris/4"), ("s3://models/iris/a/", "s3://models/iris/a-next")],
)
def test_the_second_model_lies_beside_the_first(uri: str, following: str) -> None:
    """Models are published under new addresses, never over old ones."""
    assert sibling(uri) == following


def test_the_clusters_variables_are_taken_over() -> None:
    """Kubectl and helm of the demo must be those of its own cluster, found through PATH."""
    lines = "export KUBECONFIG='/a b/kubeconfig'\nexport PATH=/cluster/bin:$PATH\n"
    assert exports(lines, "/usr/bin") == {"KUBECONFIG": "/a b/kubeconfig", "PATH": "/cluster/bin:/usr/bin"}


def test_an_image_that_the_node_has_is_not_loaded_again() -> None:
    """300 MB for nothing would make the second run slow."""
    assert present("localhost/slipway/operator:1", {"localhost/slipway/operator:1"})
    assert present("slipway/operator:1", {"docker.io/slipway/operator:1"})
    assert not present("localhost/slipway/operator:2", {"localhost/slipway/operator:1"})


def test_the_chart_gets_exactly_the_images_that_were_built() -> None:
    """A registry with a port has a colon too: only the last one begins the tag."""
    values = image_values({"operator": "registry:5000/slipway/operator:0.1-a"})
    assert values == [
        "--set-string=image.repository=registry:5000/slipway/operator",
        "--set-string=image.tag=0.1-a",
    ]


def test_the_commands_to_try_next_name_what_the_demo_left() -> None:
    """Copied commands must work as they stand."""
    console = Console(io.StringIO())
    example = Example(console, Shell(console))
    shown = next_steps(example, list(MODEL.rows[0]))
    for part in (f"mdep {example.name}", str(example.file), f"{example.url}/v2/models/{example.model_name}"):
        assert part in shown
