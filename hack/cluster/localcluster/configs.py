"""The configuration files of the components. JSON is YAML, so no YAML library is needed."""

import json
from typing import Any

from localcluster import home
from localcluster.modules import PAUSE
from localcluster.network import DNS_IP, DOMAIN, NODE_POD_CIDR, POD_CIDR


def files(cgroup: str) -> dict[str, str]:
    """File name → content of everything under `ETC`."""
    return {
        "audit-policy.json": _text(audit_policy()),
        "cni/10-bridge.conflist": _text(cni()),
        "containerd.toml": CONTAINERD,
        "kube-proxy.json": _text(kube_proxy()),
        "kubelet.json": _text(kubelet(cgroup)),
        "resolv.conf": "nameserver 127.0.0.1\n",  # what pods with dnsPolicy Default get: no names at all
    }


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"


def audit_policy() -> dict[str, Any]:
    """Who did what to which object, for every request, once it is answered."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }


def kubelet(cgroup: str) -> dict[str, Any]:
    """The kubelet of a node that shares its machine and cannot pull an image again."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{home.PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{home.PKI}/kubelet.crt",
        "tlsPrivateKeyFile": f"{home.PKI}/kubelet.key",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,  # a negative one needs a privilege that root lacks in many containers
        "clusterDNS": [DNS_IP],
        "clusterDomain": DOMAIN,
        "resolvConf": f"{home.ETC}/resolv.conf",
        "volumePluginDir": "/var/lib/kubelet/volumeplugins",  # the default lies in the machine's /usr
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "nodeStatusUpdateFrequency": "4s",
    }


def kube_proxy() -> dict[str, Any]:
    """kube-proxy that follows endpoints quickly and leaves machine-wide settings alone."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": f"{home.ETC}/kube-proxy.kubeconfig"},
        "clusterCIDR": POD_CIDR,
        "iptables": {
            "minSyncPeriod": "100ms"
        },  # the default of 1 s keeps a ready endpoint unreachable that long
        "oomScoreAdj": 0,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def cni() -> dict[str, Any]:
    """One bridge for the pods of the only node."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": NODE_POD_CIDR}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "bridge", "plugins": [bridge, ports]}


CONTAINERD = f"""\
version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{PAUSE.tag}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['{home.BIN}']
  conf_dir = '{home.ETC}/cni'

# A cluster that is thrown away needs no durable disk.
[plugins.'io.containerd.metadata.v1.bolt']
  no_sync = true

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.internal.v1.opt']
  path = '/var/lib/containerd/opt'
"""
