from __future__ import annotations

import json

import pytest

from api_server import ApiServer
from bad_input import BAD_INPUT, BadInput
from manifests import GRAPH, PREDICTOR, changed, minimal

MEGABYTE = 1_000_000


@pytest.mark.parametrize("row", BAD_INPUT, ids=str)
def test_bad_input_is_refused_in_words(api_server: ApiServer, row: BadInput) -> None:
    """A mistake should be refused while its author is looking, and say what to do instead."""
    taken, message = api_server.try_create(changed(minimal(), row.changes), "default")
    assert not taken
    assert row.server in message


def test_a_typing_error_stops_kubectl_apply(api_server: ApiServer, namespace: str) -> None:
    """Kubectl asks for strict validation by itself: nobody has to know an option."""
    done = api_server.run("apply", "-n", namespace, "-f", "-", stdin=changed(minimal(), {"spec.replica": 2}))
    assert done.returncode != 0
    assert 'unknown field "spec.replica"' in done.stderr


@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
def test_a_megabyte_of_yaml_is_refused(api_server: ApiServer, namespace: str, *, server_side: bool) -> None:
    """Whatever somebody pastes, etcd and the operator must not have to carry it."""
    manifest = changed(minimal(), {f"{GRAPH}.modelUri": "s3://models/" + "x" * MEGABYTE})
    options = ["--server-side"] if server_side else []
    done = api_server.run("apply", *options, "-n", namespace, "-f", "-", stdin=manifest)
    assert done.returncode != 0
    assert "may not be more than 2048" in done.stderr or "Too long" in done.stderr


def test_a_megabyte_of_labels_is_refused(api_server: ApiServer) -> None:
    """A map has a bound as well as a string."""
    labels = {f"example.com/{number}": "x" * 50 for number in range(MEGABYTE // 70)}
    taken, message = api_server.try_create(changed(minimal(), {f"{PREDICTOR}.labels": labels}), "default")
    assert not taken
    assert "must have at most 32 items" in message


def test_yaml_that_makes_python_objects_is_no_manifest(api_server: ApiServer, namespace: str) -> None:
    """YAML tags have run code in other tools."""
    evil = json.dumps(minimal()).replace('"iris"', '!!python/object/apply:os.system ["true"]', 1)
    done = api_server.run("apply", "-n", namespace, "-f", "-", stdin=evil)
    assert done.returncode != 0


def test_scaling_beyond_the_limit_is_refused(api_server: ApiServer, namespace: str) -> None:
    """The scale subresource is a second way to write the same field."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    done = api_server.run("scale", "-n", namespace, "mdep/iris", "--replicas=2000")
    assert done.returncode != 0
    assert "should be less than or equal to 1000" in done.stderr


def test_scaling_by_hand_beside_an_autoscaler_is_refused(api_server: ApiServer, namespace: str) -> None:
    """Two owners of one number would pull it to and fro."""
    autoscaled = {
        f"{PREDICTOR}.hpaSpec": {"maxReplicas": 3},
        f"{PREDICTOR}.resources": {"requests": {"cpu": "100m"}},
    }
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=changed(minimal(), autoscaled))
    done = api_server.run("scale", "-n", namespace, "mdep/iris", "--replicas=2")
    assert done.returncode != 0
    assert "must not be set together with hpaSpec" in done.stderr
