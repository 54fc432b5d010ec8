"""Clusters come and go, in good order and in bad, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from live_local_cluster import LocalCluster, family, living, traces
from localcluster.home import write_json
from localcluster.identity import identify
from localcluster.plan import Plan

pytestmark = pytest.mark.cluster

Make = Callable[[str], LocalCluster]


def test_after_down_the_machine_is_as_before(make: Make) -> None:
    """No process, mount, namespace, control group, setting or file stays, nor what `exec` left running."""
    cluster = make("slipway-t2")
    before = traces(cluster)
    cluster.run("up")
    during = traces(cluster)
    assert during.processes
    assert during.cgroups
    assert during.sysctls == before.sysctls
    members = family(cluster.init)
    network = Path(f"/proc/{cluster.init}/ns/net").readlink()
    assert len(members) > 10
    cluster.run("exec", "--", "sh", "-c", "sleep 600 >/dev/null 2>&1 &")
    cluster.run("down")
    assert traces(cluster) == before
    assert not living(members)
    assert network not in _networks()


def test_after_a_crash_nothing_runs_and_down_removes_the_rest(make: Make, running: LocalCluster) -> None:
    """The machine heals: PID 1 is killed, a second cluster beside it does not notice."""
    cluster = make("slipway-t2")
    before = traces(cluster)
    cluster.run("up")
    facts, other = cluster.status(), running.status()
    assert facts["api"] != other["api"]
    assert (facts["node_ready"], other["node_ready"]) == (True, True)
    members = family(cluster.init)
    os.kill(cluster.init, signal.SIGKILL)
    cluster.await_("all processes to end", lambda: not living(members), 10)
    assert cluster.status()["state"] == "crashed"
    refused = cluster.call("env")
    assert refused.returncode == 1
    assert "(crashed)" in refused.stderr
    cluster.run("down")
    assert traces(cluster) == before
    assert running.call("status").returncode == 0


def test_up_after_a_crash_begins_anew(make: Make) -> None:
    """A control plane alone: an API server without a node, which also comes back after its crash."""
    cluster = make("slipway-t3")
    cluster.run("up", "--control-plane-only")
    assert cluster.run("kubectl", "get", "nodes", "-o", "name") == ""
    cluster.run("kubectl", "create", "namespace", "old")
    crashed = cluster.init
    os.kill(crashed, signal.SIGKILL)
    cluster.await_("the end", lambda: cluster.status()["state"] == "crashed", 10)
    cluster.run("up", "--control-plane-only")
    assert cluster.init != crashed
    assert cluster.call("kubectl", "get", "namespace", "old").returncode != 0
    upgraded = cluster.call("up")
    assert upgraded.returncode == 1
    assert "runs as a control plane alone" in upgraded.stderr


def test_a_stale_file_never_ends_a_stranger(make: Make) -> None:
    """After a reboot, another process has the number that the file names."""
    cluster = make("slipway-t4")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        now = identify(stranger.pid)
        assert now is not None
        cluster.home.mkdir(parents=True)
        plan = Plan("id", "n", "slipway.slipway-t4", 1, with_node=True, programs=cluster.home)
        write_json(cluster.home / "plan.json", plan.as_json())
        write_json(cluster.home / "init.json", now.as_json() | {"boot": "an earlier one"})
        cluster.run("down")
        assert stranger.poll() is None
        stranger.kill()
    assert not cluster.home.exists()


def test_down_without_a_cluster_is_no_error(make: Make) -> None:
    """Scripts call it first to be sure."""
    make("slipway-t4").run("down")


def _networks() -> set[Path]:
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            found.add((folder / "ns/net").readlink())
        except OSError:
            continue  # no process, or one that ended just now
    return found
