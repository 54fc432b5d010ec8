"""The kind backend: its command lines, as text (where it was written no Docker engine runs)."""

import json
from pathlib import Path

import pytest

from localcluster import kindcommands as kind
from localcluster.home import Home

HOME = Home(Path("/state/clusters/t1"))


def test_a_cluster_is_made_with_its_own_kubeconfig() -> None:
    """Kind would otherwise change the user's ~/.kube/config."""
    line = kind.create("t1", HOME)
    assert line[:5] == ["kind", "create", "cluster", "--name", "t1"]
    assert line[line.index("--kubeconfig") + 1] == "/state/clusters/t1/kubeconfig"
    assert line[line.index("--image") + 1].startswith("kindest/node:v1.35.")
    assert kind.delete("t1", HOME)[-1] == "/state/clusters/t1/kubeconfig"


def test_the_audit_log_comes_out_where_the_native_one_is() -> None:
    """Tests read it from the same path on both backends."""
    config = kind.configuration(HOME)
    (node,) = config["nodes"]
    folders = {mount["containerPath"]: mount["hostPath"] for mount in node["extraMounts"]}
    (patch,) = (json.loads(text) for text in config["kubeadmConfigPatches"])
    arguments = patch["apiServer"]["extraArgs"]
    assert folders[str(Path(arguments["audit-log-path"]).parent)] == str(HOME.audit.parent)
    assert folders[str(Path(arguments["audit-policy-file"]).parent)] == str(HOME.etc)
    assert {volume["hostPath"] for volume in patch["apiServer"]["extraVolumes"]} <= set(folders)


def test_the_patch_is_merged_into_whatever_version_kind_writes() -> None:
    """With a version of its own it is silently ignored where kind writes another one."""
    (patch,) = kind.configuration(HOME)["kubeadmConfigPatches"]
    assert "apiVersion" not in json.loads(patch)


def test_images_go_to_the_right_cluster() -> None:
    """Kind's default name is another cluster."""
    assert kind.load_archive("t1", "/a.tar") == ["kind", "load", "image-archive", "/a.tar", "--name", "t1"]


def test_exec_finds_the_network_of_the_nodes_container() -> None:
    """Its Service addresses are reachable only from there."""
    assert kind.node_pid("t1") == ["docker", "inspect", "--format", "{{.State.Pid}}", "t1-control-plane"]
    assert "--server=https://127.0.0.1:6443" in kind.inside_kubeconfig("t1", "/copy")


@pytest.mark.parametrize(
    ("component", "word"), [("kubelet", "journalctl"), ("audit", "tail"), ("kube-apiserver", "kubectl")]
)
def test_logs_come_from_where_the_component_runs(component: str, word: str) -> None:
    """Systemd's units, static pods and the audit log are three places."""
    assert word in kind.logs("t1", component, 10, follow=False)


def test_a_static_pod_is_held_by_moving_its_manifest_away_and_back() -> None:
    """The kubelet would start a killed one again at once."""
    away, back = kind.hold("t1", "etcd", held=True)[-1], kind.hold("t1", "etcd", held=False)[-1]
    assert away.endswith("mv /etc/kubernetes/manifests/etcd.yaml /etc/kubernetes/held/")
    assert back.endswith("mv /etc/kubernetes/held/etcd.yaml /etc/kubernetes/manifests/")
    assert kind.hold("t1", "kubelet", held=True)[-2:] == ["stop", "kubelet"]
