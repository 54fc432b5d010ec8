from __future__ import annotations

from pathlib import Path

import pytest

import live_operator
from live_operator import LiveOperator, Stage, operating

LEASE = ["--lease", "slipway", "--lease-seconds", "3"]


@pytest.fixture
def other(stage: Stage, tmp_path: Path) -> Path:
    """A second account, so that the audit log tells the two operators apart."""
    stage.server.kubectl("create", "serviceaccount", "other", "-n", stage.namespace)
    for binding in (live_operator.ACCOUNT, f"{live_operator.ACCOUNT}-lease"):
        words = ["create", "rolebinding", f"other-{binding}", "--role", binding]
        account = f"{stage.namespace}:other"
        stage.server.kubectl(*words, "--serviceaccount", account, "-n", stage.namespace)
    token = stage.server.kubectl("create", "token", "other", "-n", stage.namespace).strip()
    return stage.kubeconfig(token, name="other")


def leading(operator: LiveOperator) -> bool:
    """What its metrics say."""
    return 'leader_election_master_status{name="slipway"} 1.0' in operator.probe("/metrics").text


def test_of_two_operators_one_writes_and_the_other_takes_over_when_it_dies(stage: Stage, other: Path) -> None:
    """Two at once would fight; none after a node's death would leave the cluster alone."""
    with operating(stage, *LEASE) as first:
        first.said("holding the Lease")
        with operating(stage, *LEASE, kubeconfig=other) as second:
            second.said("probes and metrics")
            stage.declare(replicas=1)
            stage.reported()
            assert (leading(first), leading(second)) == (True, False)
            assert second.probe("/readyz").status_code == 200
            assert stage.writes()
            assert not stage.writes(user="other")
            first.kill()
            mark = stage.mark()
            stage.declare(replicas=2)
            second.said("holding the Lease", seconds=30)
            stage.reported()
            assert stage.writes(user="other")
            assert not stage.writes(mark)


def test_of_two_that_believe_they_are_the_one_only_one_writes(stage: Stage, other: Path) -> None:
    """A machine that stood still for a minute still thinks that it leads; a fight is worse than nobody."""
    with operating(stage, *LEASE) as frozen:
        frozen.said("holding the Lease")
        stage.declare(replicas=1)
        stage.reported()
        with operating(stage, *LEASE, kubeconfig=other) as heir:
            heir.said("probes and metrics")
            frozen.freeze()
            stage.declare(replicas=2)
            heir.said("holding the Lease", seconds=30)
            stage.reported()
            before, mark = counted(stage), stage.mark()
            stage.declare(replicas=3)
            stage.kube.delete(stage.ref("Service", "iris"))
            frozen.thaw()
            assert frozen.process.wait(30) == 1
            stage.kube.until(stage.ref("Service", "iris"), "a new one", bool, seconds=10)
            stage.reported()
            assert not stage.writes(mark)
            assert (counted(stage), stage.only("Deployment")["spec"]["replicas"]) == (before, 3)
            assert stage.writes(mark, user="other")["patch services/"] == 1


def counted(stage: Stage) -> dict[str, int]:
    """How many children of each kind there are."""
    kinds = ("Service", "Deployment", "ControllerRevision")
    return {kind: len(stage.kube.all_of(kind, stage.namespace)) for kind in kinds}


def test_on_sigterm_the_lease_is_given_back(stage: Stage, other: Path) -> None:
    """A rolling update of the operator must not cost half a minute without one."""
    with operating(stage, "--lease", "slipway", "--lease-seconds", "60") as first:
        first.said("holding the Lease")
        with operating(stage, "--lease", "slipway", "--lease-seconds", "60", kubeconfig=other) as second:
            second.said("probes and metrics")
            stage.declare()
            stage.reported()
            assert first.stop() == 0
            second.said("holding the Lease", seconds=25)


def test_an_operator_that_loses_its_lease_ends(stage: Stage) -> None:
    """Going on would mean two writers; a fresh process starts from what it observes."""
    with operating(stage, *LEASE) as running:
        running.said("holding the Lease")
        stage.kube.patch(stage.ref("Lease", "slipway"), {"spec": {"holderIdentity": "somebody else"}})
        assert running.process.wait(30) == 1
        assert "somebody else" in running.log.read_text()
