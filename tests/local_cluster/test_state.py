"""What a cluster's files say about it, and what `status` makes of that."""

import os
from pathlib import Path
from typing import Any

import pytest

from localcluster import environment, status
from localcluster.cluster import Cluster
from localcluster.errors import ClusterError
from localcluster.home import write_json
from localcluster.identity import identify
from localcluster.plan import Plan
from localcluster.settings import Settings


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """A cluster of which nothing exists yet."""
    return Cluster(Settings("t1", tmp_path / "cache", tmp_path / "state"))


def _planned(cluster: Cluster) -> Plan:
    plan = Plan(id="i", node="t1-node", cgroup="slipway.t1", port=1, with_node=True, programs=Path("/b"))
    cluster.home.make()
    write_json(cluster.home.plan, plan.as_json())
    return plan


def _alive(cluster: Cluster) -> None:
    me = identify(os.getpid())
    assert me is not None
    write_json(cluster.home.record, me.as_json())


def test_the_four_states_are_told_apart(cluster: Cluster) -> None:
    """`up` begins anew after a crash and a failed `up`, and adds to what runs."""
    states = [cluster.state]
    _planned(cluster)
    states.append(cluster.state)
    _alive(cluster)
    states.append(cluster.state)
    cluster.home.ready.touch()
    states.append(cluster.state)
    assert states == ["absent", "crashed", "unfinished", "running"]


def test_a_plan_reads_back_as_it_was_written(cluster: Cluster) -> None:
    """PID 1 and every later command rely on it."""
    plan = _planned(cluster)
    assert cluster.plan == plan


@pytest.mark.parametrize("record", [None, [], {}, {"id": "x", "port": "many"}])
def test_a_damaged_plan_names_the_way_out(record: Any) -> None:
    """A crash may have cut the file."""
    with pytest.raises(ClusterError, match="cluster down"):
        Plan.from_json(record)


def test_commands_on_a_cluster_that_does_not_run_name_the_remedy(cluster: Cluster) -> None:
    """The two cases need different ones."""
    with pytest.raises(ClusterError, match=r"does not run \(absent\): run `cluster up`"):
        cluster.require_init()
    _planned(cluster)
    with pytest.raises(ClusterError, match=r"\(crashed\): run `cluster logs init`"):
        cluster.require_init()


def test_a_clue_names_what_ended_and_shows_its_log(cluster: Cluster) -> None:
    """When the node does not come because etcd crashes, the kubelet's log would mislead."""
    _planned(cluster)
    _alive(cluster)
    ended = {"running": False, "held": False, "restarts": 2, "last_exit": "ended with status 1"}
    write_json(cluster.home.components, {"etcd": ended, "kubelet": {**ended, "restarts": 0}})
    (cluster.home.log / "etcd.log").write_text("disk full\n")
    clue = cluster.clue("kubelet")
    assert clue.splitlines() == [
        "etcd ended with status 1",
        f"--- end of {cluster.home.log}/etcd.log:",
        "disk full",
    ]


def test_a_cluster_whose_pid_1_is_gone_shows_its_last_words(cluster: Cluster) -> None:
    """Everything died with it; its log is the only witness."""
    _planned(cluster)
    (cluster.home.log / "init.log").write_text("mount: permission denied\n")
    assert cluster.clue("kubelet").endswith("mount: permission denied")


def test_status_is_well_only_when_everything_is() -> None:
    """Scripts wait for its exit status."""
    well = {"state": "running", "api_ready": True, "node_ready": True}
    assert status.healthy(well)
    assert status.healthy({"state": "running", "api_ready": True})
    for broken in (
        {"state": "crashed"},
        {**well, "node_ready": False},
        {**well, "api_ready": False},
        {**well, "state": "unfinished"},
    ):
        assert not status.healthy(broken)


def test_a_component_that_was_started_again_is_shown_as_such() -> None:
    """A crash loop must not look like health."""
    facts = {
        "state": "running",
        "api_ready": False,
        "components": {
            "etcd": {"running": True, "held": False, "restarts": 3, "last_exit": "killed by signal 9"},
            "kubelet": {"running": False, "held": True, "restarts": 0, "last_exit": ""},
        },
    }
    text = status.text(facts)
    assert "api ready   no" in text
    assert "etcd                      running, started again 3 times, last killed by signal 9" in text
    assert "kubelet                   held" in text


def test_env_survives_blanks_in_paths(tmp_path: Path) -> None:
    """The lines go through a shell's eval."""
    lines = environment.export(Settings("t1", tmp_path, tmp_path / "my state")).splitlines()
    assert f"export KUBECONFIG='{tmp_path}/my state/clusters/t1/kubeconfig'" in lines
    assert lines[-1] == f"export PATH='{tmp_path}/my state/clusters/t1/bin':$PATH"


def test_each_cluster_has_a_discovery_cache_of_its_own(tmp_path: Path) -> None:
    """Two clusters on the same port, one after the other, have different resources."""
    variables = environment.variables(Settings("t1", tmp_path, tmp_path))
    assert variables["KUBECACHEDIR"].startswith(f"{tmp_path}/clusters/t1/")
