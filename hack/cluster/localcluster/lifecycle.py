"""`up` and `down` of a cluster on this machine.

Up: clean what a crash left, fill the folder, start PID 1, then wait for what a user needs, in the
order in which it can come: images imported while the API server starts, DNS applied as soon as that
is ready, node Ready, a name resolved. Down: kill PID 1, then remove what outlives it.
"""

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from localcluster import addons, cgroups, configs, mounts, namespaces, network, pki, sysctls
from localcluster.cluster import Cluster
from localcluster.errors import ClusterError
from localcluster.home import write_json
from localcluster.identity import identify
from localcluster.kubeconfig import kubeconfig
from localcluster.kubectl import apply, import_archive
from localcluster.locks import locked
from localcluster.modules import CLUSTER, COREDNS, PAUSE
from localcluster.plan import Plan
from localcluster.settings import TREE
from localcluster.waiting import Progress, until

LINKED = ("kubectl", "helm", "etcdctl")
_KUBECONFIGS = ("admin", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet")
_START = 60.0  # seconds that any single step of `up` may take
_END = 20.0  # seconds that the end of PID 1 may take


@dataclass(frozen=True)
class Wish:
    """What `up` is asked for."""

    with_node: bool
    addons: tuple[str, ...]
    builds: Mapping[str, Path]  # module → folder


def up(cluster: Cluster, wish: Wish, progress: Progress) -> None:
    """Bring a cluster up, or add what is missing to one that runs."""
    with locked(cluster.home.root, make_folder=True):
        if cluster.state != "running":
            _remove(cluster)
            _start(cluster, wish, progress)
        elif wish.with_node and not cluster.plan.with_node:
            raise ClusterError(
                f"cluster {cluster.settings.name!r} runs as a control plane alone: run `cluster down` first"
            )
        for addon in wish.addons:
            addons.install(addon, cluster, wish.builds, progress)


def down(cluster: Cluster, progress: Progress) -> None:
    """End a cluster and remove all it has; does nothing where there is none."""
    if not cluster.home.root.exists():
        progress.say(f"there is no cluster {cluster.settings.name!r}")
        return
    with locked(cluster.home.root, make_folder=True):
        _remove(cluster)
        shutil.rmtree(cluster.home.root)
    for folder in (cluster.settings.home.parent, cluster.settings.state):
        try:
            folder.rmdir()
        except OSError:
            break  # another cluster's, or somebody's own folder
    progress.say(f"cluster {cluster.settings.name!r} is gone")


def _remove(cluster: Cluster) -> None:
    """End every process, then remove control groups and all files but the (locked) folder itself."""
    home = cluster.home
    _end_entered(cluster)
    init = cluster.init
    if init is not None and not init.kill(_END):
        raise ClusterError(
            f"process {init.pid} (PID 1 of the cluster) still is there {_END:.0f} s after its kill"
        )
    cgroups.remove(cluster.settings.cgroup, cgroups.everywhere(cgroups.MOUNTS.read_text()))
    mounts.require_none(home.root)
    for path in home.root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _end_entered(cluster: Cluster) -> None:
    """End what `exec` started and left running: it would hold the network namespace."""
    if not cluster.home.plan.exists():
        return
    for pid in namespaces.entered(cluster.plan.id):
        if (identity := identify(pid)) is not None:
            identity.kill(_END)


def _start(cluster: Cluster, wish: Wish, progress: Progress) -> None:
    with network.listen() as listener:
        plan = Plan(
            id=uuid.uuid4().hex,
            node=cluster.settings.node,
            cgroup=cluster.settings.cgroup,
            port=listener.getsockname()[1],
            with_node=wish.with_node,
            programs=wish.builds[CLUSTER.name],
        )
        _fill(cluster, plan)
        progress.say("keys, certificates and configuration written")
        _start_init(cluster, listener)
    progress.say(f"namespaces made, components started; API on https://127.0.0.1:{plan.port}")
    with ThreadPoolExecutor(max_workers=1) as pool:
        imported = pool.submit(_import_images, cluster, plan) if plan.with_node else None
        _wait(cluster, plan, imported, progress)
    write_json(cluster.home.ready, {"seconds": round(progress.elapsed, 1)})


def _fill(cluster: Cluster, plan: Plan) -> None:
    home = cluster.home
    home.make()
    write_json(home.plan, plan.as_json())
    pki.make(home.pki, plan.node)
    for user in _KUBECONFIGS:
        write_json(
            home.etc / f"{user}.kubeconfig", kubeconfig(cluster.settings.name, plan.port, home.pki, user)
        )
    write_json(home.kubeconfig, kubeconfig(cluster.settings.name, plan.port, home.pki, "admin"))
    home.kubeconfig.chmod(0o600)
    for name, content in configs.files(plan.cgroup).items():
        (home.etc / name).parent.mkdir(exist_ok=True)
        (home.etc / name).write_text(content)
    home.resolv.write_text(network.resolv_conf(dns=plan.with_node))
    home.nsswitch.write_text(network.NSSWITCH)
    sysctls.write_masks(home)
    for program in LINKED:
        (home.bin / program).symlink_to(plan.programs / program)


def _start_init(cluster: Cluster, listener: socket.socket) -> None:
    waiter = namespaces.start(cluster.home, listener)
    until(
        "the supervisor to start the components",
        lambda: cluster.components() or waiter.poll() is not None,
        seconds=_START,
        clue=lambda: cluster.tail("init"),
        every=0.01,
    )
    if waiter.poll() is not None:
        raise ClusterError(
            f"PID 1 of the cluster ended with status {waiter.returncode}\n{cluster.tail('init')}"
        )


def _wait(cluster: Cluster, plan: Plan, imported: "Future[None] | None", progress: Progress) -> None:
    api = cluster.api
    until(
        "the API server to be ready", api.ready, seconds=_START, clue=lambda: cluster.clue("kube-apiserver")
    )
    progress.say("API server ready")
    if imported is None:
        return
    apply(cluster.home, TREE / "manifests" / "coredns.yaml", {"dns_ip": network.DNS_IP, "image": COREDNS.tag})
    until(
        "the node to be Ready",
        lambda: api.node_ready(plan.node),
        seconds=_START,
        clue=lambda: cluster.clue("kubelet"),
    )
    progress.say(f"node {plan.node} Ready")
    imported.result()
    _wait_for_dns(cluster)
    progress.say("cluster DNS answers")


def _import_images(cluster: Cluster, plan: Plan) -> None:
    door = cluster.home.run / "containerd" / "containerd.sock"
    until("containerd to listen", door.exists, seconds=_START, clue=lambda: cluster.clue("containerd"))
    for image in (PAUSE, COREDNS):
        import_archive(cluster, plan.programs / "images" / f"{image.program}.tar")


def _wait_for_dns(cluster: Cluster) -> None:
    name = f"kubernetes.default.svc.{network.DOMAIN}"
    question = [network.DNS_IP, name, network.API_SERVICE_IP, str(_START)]
    command = ["nsenter", f"--net=/proc/{cluster.require_init().pid}/ns/net", "--"]
    command += [sys.executable, "-m", "localcluster.probe", *question]
    environment = os.environ | {"PYTHONPATH": str(TREE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        clue = f"{done.stdout}{done.stderr}{cluster.clue('kubelet')}"
        raise ClusterError(f"waited {_START:.0f} s in vain for cluster DNS: {clue}")
