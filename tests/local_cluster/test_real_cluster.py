"""A real cluster does what it promises: everything here uses the same one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from live_local_cluster import LocalCluster

pytestmark = pytest.mark.cluster

WEB = "localhost/web:1"
NODE_PORT = 30080
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"


def _fetch(cluster: LocalCluster, url: str) -> str:
    return cluster.run("exec", "--", "python3", "-c", FETCH, url).strip()


def _web(name: str) -> list[dict[str, Any]]:
    labels = {"app": name}
    container = {
        "name": "web",
        "image": WEB,
        "args": ["-conf", "/etc/web/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}],
    }
    pod = {
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": name}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    ports = [{"port": 80, "targetPort": 8080, "nodePort": NODE_PORT}]
    meta = {"name": name}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"Corefile": ".:5300 {\n health\n}\n"},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"type": "NodePort", "selector": labels, "ports": ports},
        },
    ]


@pytest.fixture(scope="module")
def web(running: LocalCluster, web_archive: Path) -> str:
    """A loaded image that runs as a Deployment behind a Service; its name."""
    running.run("load", str(web_archive))
    running.apply(*_web("web"))
    running.run("kubectl", "rollout", "status", "deployment/web", "--timeout=60s")
    return "web"


def test_status_says_that_all_is_well(running: LocalCluster) -> None:
    """Scripts go on when it does."""
    facts = running.status()
    assert (facts["state"], facts["api_ready"], facts["node_ready"]) == ("running", True, True)
    assert all(component["restarts"] == 0 for component in facts["components"].values())


def test_client_and_server_are_the_pinned_release(running: LocalCluster) -> None:
    """Charts with a kubeVersion and users with bug reports look at it."""
    versions = json.loads(running.run("kubectl", "version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"].startswith("v1.35.")
    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"]
    assert running.run("helm", "version", "--short").startswith("v4.")


def test_up_on_a_running_cluster_changes_nothing(running: LocalCluster) -> None:
    """`make demo` a second time must not lose what is deployed."""
    pid = running.init
    running.run("up")
    assert running.init == pid


def test_a_loaded_image_runs_and_a_service_reaches_it_by_name(running: LocalCluster, web: str) -> None:
    """The way of every test and demo: load, apply, call."""
    assert _fetch(running, f"http://{web}.default.svc.cluster.local/health") == "OK"
    assert _fetch(running, f"http://{web}.default/health") == "OK"


def test_a_node_port_reaches_it(running: LocalCluster, web: str) -> None:
    """The demo shows its predictions through one."""
    assert _fetch(running, f"http://10.99.0.10:{NODE_PORT}/health") == "OK"


def test_exec_passes_the_exit_status_and_the_callers_files_on(running: LocalCluster, tmp_path: Path) -> None:
    """A test run through it must fail when it fails, and read its own files."""
    (tmp_path / "file").write_text("mine")
    done = running.call("exec", "--", "sh", "-c", f"cat {tmp_path}/file; exit 7")
    assert (done.returncode, done.stdout) == (7, "mine")


def test_one_kubeconfig_works_inside_and_outside(running: LocalCluster) -> None:
    """A test talks to the API server from both sides."""
    env = dict(line.removeprefix("export ").split("=", 1) for line in running.run("env").splitlines())
    outside = running.run("kubectl", "get", "nodes", "-o", "name")
    inside = running.run(
        "exec", "--", "kubectl", "--kubeconfig", env["KUBECONFIG"], "get", "nodes", "-o", "name"
    )
    assert outside == inside == "node/slipway-t1-node\n"


def test_nothing_gets_out(running: LocalCluster) -> None:
    """Neither packets nor names: what runs inside cannot reach the machine's network."""
    route = running.call("exec", "--", "ip", "route", "get", "192.0.2.1")
    assert (route.returncode, route.stderr) == (2, "RTNETLINK answers: No route to host\n")
    assert running.call("exec", "--", "getent", "hosts", "example.com").returncode != 0


def test_the_machines_settings_stay_as_they_are(running: LocalCluster) -> None:
    """The kubelet writes six of them when nobody stops it."""
    inside = running.run(
        "exec", "--node", "--", "cat", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/panic"
    )
    assert inside.split() == ["1", "10"]


def test_a_privileged_pod_is_refused_in_a_restricted_namespace(running: LocalCluster) -> None:
    """The operator's pods have to pass pod security admission, so it must be real."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    running.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "restricted", "labels": labels}}
    )
    refused = running.call("kubectl", "-n", "restricted", "run", "x", f"--image={WEB}", "--privileged")
    assert refused.returncode != 0
    assert 'violates PodSecurity "restricted' in refused.stderr


def test_every_write_stands_in_the_audit_log(running: LocalCluster) -> None:
    """Tests count an operator's writes by user in it."""
    running.run(
        "kubectl",
        "create",
        "configmap",
        "audited",
        "--as=system:serviceaccount:default:operator",
        "--as-group=system:masters",
    )
    lines = Path(running.status()["audit_log"]).read_text().splitlines()
    events = [json.loads(line) for line in lines if '"audited"' in line]
    (write,) = [event for event in events if event["verb"] == "create"]
    assert write["impersonatedUser"]["username"] == "system:serviceaccount:default:operator"
    assert (write["level"], write["stage"]) == ("Metadata", "ResponseComplete")
    assert write["objectRef"]["resource"] == "configmaps"


def test_a_file_put_into_s3_is_read_with_a_signature_and_only_with_one(
    running: LocalCluster, tmp_path: Path
) -> None:
    """Models come from there, and bad credentials have to fail as they do at a real one."""
    (tmp_path / "model").write_bytes(os.urandom(1000))
    running.run("s3-put", str(tmp_path / "model"), "s3://models/iris/1/model.onnx")
    secret = json.loads(
        running.run("kubectl", "-n", "slipway-addons", "get", "secret", "s3-credentials", "-o", "json")
    )
    assert set(secret["data"]) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
    }
    read = Path(__file__).parent / "read_s3.py"
    words = [
        "exec",
        "--",
        sys.executable,
        str(read),
        "models",
        "iris/1/model.onnx",
        str(tmp_path / "copy"),
    ]
    running.run(*words, "slipway-demo-secret")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "model").read_bytes()
    refused = running.call(*words, "wrong")
    assert "403" in refused.stderr


def test_pod_metrics_arrive(running: LocalCluster, web: str) -> None:
    """Autoscaling works on them."""
    running.await_(
        "kubectl top", lambda: running.call("kubectl", "top", "pods", "-l", f"app={web}").returncode == 0
    )
    assert running.run("kubectl", "top", "nodes").splitlines()[1].startswith("slipway-t1-node")


def test_an_outage_of_the_api_server_is_made_and_ended(running: LocalCluster) -> None:
    """An operator must survive one, so tests need one."""
    running.run("stop", "kube-apiserver")
    assert running.status()["api_ready"] is False
    running.run("start", "kube-apiserver")
    assert running.status()["api_ready"] is True
