"""The kind backend's command lines and configuration: pure, so that they can be tested without Docker."""

import json
from typing import Any

from localcluster.components import HPA_FLAGS
from localcluster.home import Home
from localcluster.network import DOMAIN, POD_CIDR, SERVICE_CIDR

NODE_IMAGE = "kindest/node:v1.35.0"
ON_NODE = "/etc/slipway"  # where the node sees the audit policy
LOG_ON_NODE = "/var/log/slipway"
OBJECTS_ON_NODE = "/var/lib/slipway-s3"
STATIC_PODS = "/etc/kubernetes/manifests"
HELD = "/etc/kubernetes/held"
_UNITS = ("kubelet", "containerd")  # what systemd runs on the node; the rest are pods


def node(name: str) -> str:
    """The container that is the node."""
    return f"{name}-control-plane"


def create(name: str, home: Home, image: str = NODE_IMAGE) -> list[str]:
    """Make the cluster and wait for the node."""
    files = ["--config", str(home.kind), "--kubeconfig", str(home.kubeconfig)]
    return ["kind", "create", "cluster", "--name", name, "--image", image, *files, "--wait", "180s"]


def delete(name: str, home: Home) -> list[str]:
    """Remove the cluster."""
    return ["kind", "delete", "cluster", "--name", name, "--kubeconfig", str(home.kubeconfig)]


def load_archive(name: str, archive: str) -> list[str]:
    """Give the node an image archive."""
    return ["kind", "load", "image-archive", archive, "--name", name]


def node_pid(name: str) -> list[str]:
    """Print the PID of the node's container."""
    return ["docker", "inspect", "--format", "{{.State.Pid}}", node(name)]


def on_node(name: str, command: list[str], *, terminal: bool = False) -> list[str]:
    """A command on the node."""
    return ["docker", "exec", "--interactive", *(["--tty"] if terminal else []), node(name), *command]


def inside_kubeconfig(name: str, kubeconfig: str) -> list[str]:
    """Point a copied kubeconfig at the API server as the node's network sees it."""
    server = "--server=https://127.0.0.1:6443"
    return ["kubectl", "--kubeconfig", kubeconfig, "config", "set-cluster", f"kind-{name}", server]


def logs(name: str, component: str, lines: int, *, follow: bool) -> list[str]:
    """Show a component's log: of systemd's units from the journal, of static pods through the API."""
    more = ["--follow"] if follow else []
    if component == "audit":
        return on_node(name, ["tail", f"--lines={lines}", *more, f"{LOG_ON_NODE}/audit.log"])
    if component in _UNITS:
        return on_node(name, ["journalctl", "--no-pager", "--unit", component, f"--lines={lines}", *more])
    select = ["--selector", f"component={component}", f"--tail={lines}"]
    return ["kubectl", "--namespace", "kube-system", "logs", *select, *more]


def hold(name: str, component: str, *, held: bool) -> list[str]:
    """Keep a component down, or let it run again."""
    if component in _UNITS:
        return on_node(name, ["systemctl", "stop" if held else "start", component])
    source, target = (STATIC_PODS, HELD) if held else (HELD, STATIC_PODS)
    move = f"mkdir -p {HELD} && mv {source}/{component}.yaml {target}/"
    return on_node(name, ["sh", "-c", move])


def configuration(home: Home) -> dict[str, Any]:
    """What `kind create` reads: addresses, audit log and HPA as in the native cluster, two folders."""
    mounts = {str(home.etc): ON_NODE, str(home.log): LOG_ON_NODE, str(home.s3): OBJECTS_ON_NODE}
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {"podSubnet": POD_CIDR, "serviceSubnet": SERVICE_CIDR, "dnsDomain": DOMAIN},
        "nodes": [
            {
                "role": "control-plane",
                "extraMounts": [{"hostPath": here, "containerPath": there} for here, there in mounts.items()],
            }
        ],
        "kubeadmConfigPatches": [json.dumps(_kubeadm())],
    }


def _kubeadm() -> dict[str, Any]:
    # Without apiVersion, kind merges arguments in the form of a mapping into whatever version it writes.
    volumes = {"audit-policy": (ON_NODE, True), "audit-log": (LOG_ON_NODE, False)}
    return {
        "kind": "ClusterConfiguration",
        "apiServer": {
            "extraArgs": {
                "audit-policy-file": f"{ON_NODE}/audit-policy.json",
                "audit-log-path": f"{LOG_ON_NODE}/audit.log",
                "audit-log-maxsize": "1000",
            },
            "extraVolumes": [
                {
                    "name": name,
                    "hostPath": path,
                    "mountPath": path,
                    "readOnly": read_only,
                    "pathType": "DirectoryOrCreate",
                }
                for name, (path, read_only) in volumes.items()
            ],
        },
        "controllerManager": {"extraArgs": dict(HPA_FLAGS)},
    }
