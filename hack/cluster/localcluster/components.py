"""The command line of each component, in the order in which they start.

A component that talks to the API server from its first breath starts once that is ready: asked to
wait, it would back off and come late.
"""

from dataclasses import dataclass

from localcluster import home
from localcluster.network import NODE_IP, POD_CIDR, SERVICE_CIDR

ETCD_URL = "http://127.0.0.1:2379"
# The autoscaler looks every 5 s and shrinks after 20 s instead of 5 min, so that a test sees both.
HPA_FLAGS = {
    "horizontal-pod-autoscaler-sync-period": "5s",
    "horizontal-pod-autoscaler-downscale-stabilization": "20s",
}
LISTENER_FD = 3  # where the relay finds the socket that listens on the machine's loopback


@dataclass(frozen=True)
class Component:
    """A program that the supervisor keeps running; its log is called like it."""

    name: str
    command: tuple[str, ...]
    needs_api: bool = False
    needs_listener: bool = False


def components(node: str, port: int, *, with_node: bool) -> list[Component]:
    """All components of a cluster: the control plane, and what a node runs."""
    return [
        etcd(),
        *(
            [Component("containerd", ("containerd", "--config", f"{home.ETC}/containerd.toml"))]
            if with_node
            else []
        ),
        apiserver(port),
        Component("relay", ("relay", str(LISTENER_FD), f"127.0.0.1:{port}"), needs_listener=True),
        controller_manager(),
        scheduler(),
        *([kube_proxy(node), kubelet(node)] if with_node else []),
    ]


def etcd() -> Component:
    """One member, which trusts the page cache: a cluster that is thrown away needs no durable disk."""
    return Component(
        "etcd",
        (
            "etcd",
            "--name=local",
            "--data-dir=/var/lib/etcd",
            f"--listen-client-urls={ETCD_URL}",
            f"--advertise-client-urls={ETCD_URL}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            "--initial-cluster=local=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ),
    )


def apiserver(port: int) -> Component:
    """The API server, with RBAC, pod security admission (on by default), aggregation and the audit log."""
    return Component(
        "kube-apiserver",
        (
            "kube-apiserver",
            f"--etcd-servers={ETCD_URL}",
            "--bind-address=0.0.0.0",
            f"--secure-port={port}",
            f"--advertise-address={NODE_IP}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--cert-dir={home.PKI}",
            f"--tls-cert-file={home.PKI}/apiserver.crt",
            f"--tls-private-key-file={home.PKI}/apiserver.key",
            f"--client-ca-file={home.PKI}/ca.crt",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={home.PKI}/sa.pub",
            f"--service-account-signing-key-file={home.PKI}/sa.key",
            f"--kubelet-certificate-authority={home.PKI}/ca.crt",
            f"--kubelet-client-certificate={home.PKI}/apiserver-kubelet-client.crt",
            f"--kubelet-client-key={home.PKI}/apiserver-kubelet-client.key",
            "--kubelet-preferred-address-types=InternalIP",
            f"--requestheader-client-ca-file={home.PKI}/front-proxy-ca.crt",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={home.PKI}/front-proxy-client.crt",
            f"--proxy-client-key-file={home.PKI}/front-proxy-client.key",
            f"--audit-policy-file={home.ETC}/audit-policy.json",
            f"--audit-log-path={home.LOG}/audit.log",
            "--audit-log-maxsize=1000",
            "--audit-log-maxbackup=1",
        ),
    )


def _as_client(name: str) -> tuple[str, ...]:
    kubeconfig = f"{home.ETC}/{name}.kubeconfig"
    return (
        name,
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={home.PKI}",
        "--leader-elect=false",
    )


def controller_manager() -> Component:
    """The controllers, with a client budget that does not slow the start and a quick HPA.

    Nodes are on the machine that they would report to: one that is late is busy, not lost.
    """
    return Component(
        "kube-controller-manager",
        (
            *_as_client("kube-controller-manager"),
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--node-monitor-grace-period=10m",
            "--allocate-node-cidrs=true",
            f"--cluster-cidr={POD_CIDR}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--use-service-account-credentials=true",
            f"--root-ca-file={home.PKI}/ca.crt",
            f"--service-account-private-key-file={home.PKI}/sa.key",
            f"--cluster-signing-cert-file={home.PKI}/ca.crt",
            f"--cluster-signing-key-file={home.PKI}/ca.key",
            *(f"--{flag}={value}" for flag, value in HPA_FLAGS.items()),
        ),
        needs_api=True,
    )


def scheduler() -> Component:
    """The scheduler."""
    return Component("kube-scheduler", _as_client("kube-scheduler"), needs_api=True)


def kube_proxy(node: str) -> Component:
    """What makes Services reachable."""
    config = f"--config={home.ETC}/kube-proxy.json"
    return Component("kube-proxy", ("kube-proxy", config, f"--hostname-override={node}"), needs_api=True)


def kubelet(node: str) -> Component:
    """What runs the pods."""
    return Component(
        "kubelet",
        (
            "kubelet",
            f"--config={home.ETC}/kubelet.json",
            f"--kubeconfig={home.ETC}/kubelet.kubeconfig",
            f"--hostname-override={node}",
            f"--node-ip={NODE_IP}",
            "--v=2",
        ),
        needs_api=True,
    )
