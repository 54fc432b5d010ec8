from __future__ import annotations

import os
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import yaml

from crd_schema import CRD_FILE
from live_operator import LiveOperator, Stage, operating
from tcp_relay import TcpRelay

OUTAGE_SECONDS = float(os.environ.get("SLIPWAY_TEST_OUTAGE_SECONDS", "20"))
"""60 for the whole minute of the specification; the suite makes do with less."""
CRD = "modeldeployments.slipway.dev"


@pytest.fixture
def relay(stage: Stage) -> Iterator[TcpRelay]:
    """A line to the API server that can be cut."""
    config = yaml.safe_load(stage.server.kubeconfig.read_text())
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    assert server.hostname is not None
    assert server.port is not None
    with TcpRelay(server.hostname, server.port) as line:
        yield line


@pytest.fixture
def behind(stage: Stage, relay: TcpRelay) -> Iterator[LiveOperator]:
    """An operator that reaches the API server through the relay only."""
    kubeconfig = stage.kubeconfig(stage.token(), f"https://127.0.0.1:{relay.port}")
    with operating(stage, "--lease", "", kubeconfig=kubeconfig) as running:
        yield running


@pytest.mark.parametrize("way", ["refuse", "black_hole"])
def test_an_api_server_that_goes_away_is_ridden_out(
    behind: LiveOperator, relay: TcpRelay, stage: Stage, way: str
) -> None:
    """Upgrades of the control plane happen to everybody; no crash, no restart, and nothing is missed."""
    stage.declare(replicas=1)
    stage.reported()
    deployment = stage.ref("Deployment", stage.only("Deployment")["metadata"]["name"])
    getattr(relay, way)()
    stage.declare(replicas=3)
    stage.kube.delete(stage.ref("Service", "iris"))
    until = time.monotonic() + OUTAGE_SECONDS
    while time.monotonic() < until:  # the length of the outage is what is tested
        assert behind.probe("/livez").status_code == 200
        time.sleep(2)
    assert stage.kube.require(deployment)["spec"]["replicas"] == 1
    relay.open()
    stage.kube.until(deployment, "3 replicas", lambda one: one["spec"]["replicas"] == 3, seconds=45)
    stage.kube.until(stage.ref("Service", "iris"), "the Service", bool, seconds=30)
    assert behind.process.poll() is None


def test_an_operator_that_starts_during_an_outage_works_when_it_ends(stage: Stage, relay: TcpRelay) -> None:
    """A node comes back before its control plane does."""
    relay.refuse()
    kubeconfig = stage.kubeconfig(stage.token(), f"https://127.0.0.1:{relay.port}")
    stage.declare()
    with operating(stage, "--lease", "", kubeconfig=kubeconfig) as running:
        running.said("no usable answer")
        assert running.probe("/livez").status_code == 200
        assert running.probe("/readyz").status_code == 503
        relay.open()
        stage.reported(seconds=45)
        assert running.probe("/readyz").status_code == 200


def test_expired_credentials_heal_without_a_restart(stage: Stage) -> None:
    """Tokens are revoked and renewed in a file; the operator reads it again when it is refused."""
    stage.server.kubectl("create", "secret", "generic", "binding", "-n", stage.namespace)
    kubeconfig = stage.kubeconfig(stage.token("binding"))
    with operating(stage, "--lease", "", kubeconfig=kubeconfig) as running:
        stage.declare(replicas=1)
        stage.reported()
        stage.server.kubectl("delete", "secret", "binding", "-n", stage.namespace)
        running.said("401 Unauthorized", seconds=90)
        stage.declare(replicas=2)
        deployment = stage.ref("Deployment", stage.only("Deployment")["metadata"]["name"])
        assert running.probe("/livez").status_code == 200
        stage.kubeconfig(stage.token())
        stage.kube.until(deployment, "2 replicas", lambda one: one["spec"]["replicas"] == 2, seconds=45)
        assert running.process.poll() is None


def test_a_token_never_reaches_the_log(stage: Stage) -> None:
    """Logs go to places where many can read them."""
    token = "not-a-real-token-but-secret-all-the-same"
    with operating(
        stage, "--lease", "", "--log-level", "debug", kubeconfig=stage.kubeconfig(token)
    ) as running:
        running.said("401 Unauthorized")
        assert token not in running.log.read_text()


def test_the_crd_may_come_late_and_go_and_come_back(stage: Stage) -> None:
    """Charts and CRDs are installed in any order, and CRDs are replaced; no restart is needed for it."""
    stage.server.kubectl("delete", "crd", CRD)
    try:
        with operating(stage, "--lease", "") as running:
            running.said("not installed yet")
            assert running.probe("/livez").status_code == 200
            assert running.probe("/readyz").status_code == 200
            install(stage)
            stage.declare()
            stage.reported(seconds=45)
            stage.server.kubectl("delete", "crd", CRD)
            running.said("(?s)not installed yet.*not installed yet", seconds=90)
            install(stage)
            stage.declare("wine")
            stage.reported("wine", seconds=45)
            assert running.process.poll() is None
    finally:
        install(stage)


def install(stage: Stage) -> None:
    """Applies the CRD and waits until objects can be made."""
    stage.server.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRD_FILE))
    stage.server.await_established(CRD)
