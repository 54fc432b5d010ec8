"""Configuration and command lines of the components."""

import json
import tomllib

from localcluster import configs
from localcluster.components import LISTENER_FD, Component, components
from localcluster.home import ETC
from localcluster.network import DNS_IP

NODE = {"containerd", "kube-proxy", "kubelet"}


def _by_name(*, with_node: bool = True) -> dict[str, Component]:
    return {component.name: component for component in components("n1", 16443, with_node=with_node)}


def test_a_control_plane_alone_has_no_node() -> None:
    """API tests need no containers and start in half the time."""
    assert set(_by_name(with_node=True)) - set(_by_name(with_node=False)) == NODE


def test_whoever_calls_the_api_server_at_once_waits_for_it() -> None:
    """etcd, containerd, the relay and the server itself must not: they would wait for themselves."""
    waiting = {name for name, component in _by_name().items() if component.needs_api}
    assert waiting == {"kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"}


def test_the_port_is_the_same_inside_and_outside() -> None:
    """One kubeconfig works on the machine and through `exec`."""
    parts = _by_name()
    assert "--secure-port=16443" in parts["kube-apiserver"].command
    assert parts["relay"].command == ("relay", str(LISTENER_FD), "127.0.0.1:16443")
    assert [name for name, component in parts.items() if component.needs_listener] == ["relay"]


def test_the_autoscaler_looks_every_five_seconds() -> None:
    """With the default of 15 s a test of autoscaling takes minutes."""
    assert "--horizontal-pod-autoscaler-sync-period=5s" in _by_name()["kube-controller-manager"].command


def test_the_audit_log_has_one_line_for_each_answered_request() -> None:
    """Tests count an operator's writes in it: nothing may be missing or twice."""
    policy = configs.audit_policy()
    assert policy["rules"] == [{"level": "Metadata"}]
    assert policy["omitStages"] == ["RequestReceived"]
    assert "--audit-log-path=/var/log/audit.log" in _by_name()["kube-apiserver"].command


def test_every_file_a_component_is_given_is_written() -> None:
    """A forgotten file shows as a crash loop minutes later."""
    written = {f"{ETC}/{name}" for name in configs.files("slipway.x")}
    named = {
        word.partition("=")[2] or word
        for component in _by_name().values()
        for word in component.command
        if str(ETC) in word and not word.endswith(".kubeconfig")
    }
    assert named <= written


def test_json_files_are_json_and_toml_is_toml() -> None:
    """A typing error would otherwise show in a log inside the cluster."""
    for name, content in configs.files("slipway.x").items():
        if name.endswith((".json", ".conflist")):
            json.loads(content)
        if name.endswith(".toml"):
            assert tomllib.loads(content)["version"] == 3


def test_pods_live_in_the_clusters_own_group_and_ask_its_dns() -> None:
    """Side by side, two kubelets would otherwise remove each other's pods' groups."""
    kubelet = configs.kubelet("slipway.x")
    assert kubelet["cgroupRoot"] == "/slipway.x"
    assert kubelet["clusterDNS"] == [DNS_IP]


def test_images_are_never_collected() -> None:
    """They cannot be pulled again."""
    assert configs.kubelet("x")["imageGCHighThresholdPercent"] == 100


def test_machine_wide_settings_are_left_alone() -> None:
    """kube-proxy would set the size of the machine's connection table."""
    assert set(configs.kube_proxy()["conntrack"].values()) == {0, "0s"}
