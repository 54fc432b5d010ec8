"""What is compiled: the Go modules beside this package, and the programs and images of each.

One module holds the whole cluster, so that its programs share one version of every library; that
halves the time to compile them. `go.mod` is the only place where versions stand.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.settings import TREE

_REQUIREMENT = re.compile(r"^\s*(?:require\s+)?(\S+/\S+)\s+(v\d\S*)", re.MULTILINE)


@dataclass(frozen=True)
class Image:
    """A container image that consists of one static program."""

    tag: str
    program: str


@dataclass(frozen=True)
class Module:
    """A Go module: program → package, images, build tags, variables with versions, how it is compiled."""

    name: str
    programs: Mapping[str, str]
    images: tuple[Image, ...] = ()
    tags: tuple[str, ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)  # variable → module whose version it carries
    measured: bool = False  # a benchmark compares its speed: compiled as its authors do

    @property
    def folder(self) -> Path:
        """Where go.mod lies."""
        return TREE / "modules" / self.name

    def version(self, module: str) -> str:
        """The pinned version of a required Go module, such as v1.35.4."""
        return required(self.folder.joinpath("go.mod").read_text(), module)


def required(gomod: str, module: str) -> str:
    """The version that a go.mod's text requires of a module."""
    requirements = dict(_REQUIREMENT.findall(gomod.partition("replace (")[0]))
    if module not in requirements:
        raise ClusterError(f"go.mod requires no {module}: add it with `go get {module}@VERSION`")
    return str(requirements[module])


PAUSE = Image("localhost/pause:1", "pause")
COREDNS = Image("localhost/coredns:1", "coredns")
METRICS_SERVER = Image("localhost/metrics-server:1", "metrics-server")
VERSITYGW = Image("localhost/versitygw:1", "versitygw")

_CONTAINERD = "github.com/containerd/containerd/v2"
_CNI = "github.com/containernetworking/plugins"
_KUBERNETES = "k8s.io/kubernetes"

CLUSTER = Module(
    name="cluster",
    programs={
        "bridge": f"{_CNI}/plugins/main/bridge",
        "containerd": f"{_CONTAINERD}/cmd/containerd",
        "containerd-shim-runc-v2": f"{_CONTAINERD}/cmd/containerd-shim-runc-v2",
        "coredns": "./coredns",
        "ctr": f"{_CONTAINERD}/cmd/ctr",
        "etcd": "go.etcd.io/etcd/server/v3",
        "etcdctl": "go.etcd.io/etcd/etcdctl/v3",
        "helm": "helm.sh/helm/v4/cmd/helm",
        "host-local": f"{_CNI}/plugins/ipam/host-local",
        "kube-apiserver": f"{_KUBERNETES}/cmd/kube-apiserver",
        "kube-controller-manager": f"{_KUBERNETES}/cmd/kube-controller-manager",
        "kube-proxy": f"{_KUBERNETES}/cmd/kube-proxy",
        "kube-scheduler": f"{_KUBERNETES}/cmd/kube-scheduler",
        "kubectl": f"{_KUBERNETES}/cmd/kubectl",
        "kubelet": f"{_KUBERNETES}/cmd/kubelet",
        "loopback": f"{_CNI}/plugins/main/loopback",
        "metrics-server": "./metrics-server",
        "pause": "./pause",
        "portmap": f"{_CNI}/plugins/meta/portmap",
        "relay": "./relay",
    },
    images=(PAUSE, COREDNS, METRICS_SERVER),
    tags=("no_aufs", "no_btrfs", "no_devmapper", "no_zfs"),
    stamps={
        "k8s.io/component-base/version.gitVersion": _KUBERNETES,
        "k8s.io/client-go/pkg/version.gitVersion": _KUBERNETES,
        "helm.sh/helm/v4/internal/version.version": "helm.sh/helm/v4",
        f"{_CONTAINERD}/version.Version": _CONTAINERD,
    },
)
S3 = Module(
    name="versitygw",
    programs={"versitygw": "./versitygw"},
    images=(VERSITYGW,),
)
KIND = Module(name="kind", programs={"kind": "sigs.k8s.io/kind"})
# Storages that only tests pull models from, built when one first asks for them.
GCS = Module(name="fake-gcs-server", programs={"fake-gcs-server": "github.com/fsouza/fake-gcs-server"})
REGISTRY = Module(name="registry", programs={"registry": "./registry"})
# What the benchmark of rollouts compares with, and the nodes on which it does.
ARGO_ROLLOUTS = Module(
    name="argo-rollouts",
    programs={"rollouts-controller": "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"},
    measured=True,
)
KWOK = Module(name="kwok", programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"})
ALL = (CLUSTER, S3, KIND, GCS, REGISTRY, ARGO_ROLLOUTS, KWOK)
