"""A whole Slipway in a real cluster, as the cluster tests find it: cluster, operator, stored models."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_kube import LiveKube
from live_paths import Json, Ref
from openloop.session import Rates, Session
from slipway_demo.models import Trained, write_expectations
from slipway_demo.platform import PROGRAM, ROOT, LocalCluster
from slipway_demo.shell import Shell
from slipway_demo.store import share_credentials

SYSTEM = "slipway-system"
OPERATOR = Ref("Deployment", SYSTEM, "slipway")
OPERATOR_USER = f"system:serviceaccount:{SYSTEM}:slipway"
REPORTS = ROOT / "reports"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
MODEL_NAME = "iris"
LABEL = "made-by-slipway-tests"
"""On every namespace of the tests: a later run on a kept cluster removes what is left of them."""


KILL = """
for folder in /proc/[0-9]*; do
    if tr '\\0' ' ' <$folder/cmdline 2>/dev/null | grep -q '{pattern}'; then
        kill -9 ${{folder#/proc/}}
    fi
done
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """What a cluster test works with; `uris[i]` is the folder of `models[i]`, `files[i]` the file in it.

    A pinned digest is that of the file where the URI names one, of the whole folder where it names that.
    """

    shell: Shell
    cluster: LocalCluster
    kube: LiveKube
    models: Sequence[Trained]
    uris: Sequence[str]

    @property
    def files(self) -> list[str]:
        """The models' files, one by one."""
        return [f"{uri}/model.onnx" for uri in self.uris]

    def namespace(self, prefix: str, *, secret: bool = True) -> str:
        """A new namespace that admits restricted pods only, with the S3 credentials in it."""
        name = f"{prefix}-{secrets.token_hex(3)}"
        metadata = {"name": name, "labels": {**RESTRICTED, LABEL: "yes"}}
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        # No pod is admitted before it; right after an outage that takes Kubernetes a while.
        self.kubectl(
            "wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=120s"
        )
        if secret:
            share_credentials(self.shell, name)
        return name

    def kubectl(self, *words: str) -> str:
        """What kubectl prints; fails the test with kubectl's own words."""
        return self.shell.read("kubectl", *words)

    def load(self, url: str, report: str, rates: Rates) -> AbstractContextManager[Session]:
        """Open-loop load on a served model from inside the cluster's network, reported under `report`."""
        expectations = write_expectations(REPORTS / "iris.json", MODEL_NAME, self.models)
        prefix, environ = self.cluster.inside(), self.shell.environ
        return Session(url, expectations, rates, REPORTS / f"{report}.json", prefix=prefix, environ=environ)

    def operator_pods(self) -> list[Json]:
        """The operator's pods that are not on their way out."""
        deployment = self.kube.require(OPERATOR)
        labels = deployment["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        pods = self.kube.all_of("Pod", SYSTEM, selector)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def operator_restarts(self) -> dict[str, int]:
        """How often each operator's container has started again, by pod."""
        return {
            pod["metadata"]["uid"]: pod["status"]["containerStatuses"][0]["restartCount"]
            for pod in self.operator_pods()
        }

    def scale_operator(self, replicas: int) -> None:
        """Sets how many operators run, and waits until so many do."""
        self.kube.patch(OPERATOR, {"spec": {"replicas": replicas}})
        self.kube.until(
            OPERATOR,
            f"{replicas} available replicas",
            lambda one: (
                one["status"].get("availableReplicas", 0) == replicas == one["status"].get("replicas", 0)
            ),
            seconds=60,
        )

    def kill_container(self, pod: Json) -> None:
        """SIGKILLs a pod's first container, as a lack of memory would."""
        container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        ctr = ("ctr", "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL", container)
        self.shell.read(str(PROGRAM), "exec", "--node", "--", *ctr)

    def kill(self, pattern: str) -> None:
        """SIGKILLs the processes on the node whose command line matches.

        From the node, because from inside its own container a first process is safe. Write a letter of
        the pattern as `[x]`, or the search finds itself.
        """
        self.shell.read(str(PROGRAM), "exec", "--node", "--", "sh", "-c", KILL.format(pattern=pattern))

    def audited(self, **wanted: str) -> list[Json]:
        """The API server's audit records whose `user`, `namespace`, … are as wanted, oldest first."""
        path = Path(self.shell.environ["SLIPWAY_AUDIT_LOG"])
        with path.open() as lines:
            records = (_json(line) for line in lines)
            return [record for record in records if record and _matches(record, wanted)]


def _json(line: str) -> Json | None:
    """A record; the last line may still be in writing."""
    try:
        record: Json = json.loads(line)
    except ValueError:
        return None
    return record


def _matches(record: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    target = record.get("objectRef", {})
    facts = {
        "user": record["user"]["username"],
        "verb": record["verb"],
        "namespace": target.get("namespace", ""),
        "resource": target.get("resource", ""),
        "name": target.get("name", ""),
    }
    return all(facts[key] == value for key, value in wanted.items())


def diagnosis(shell: Shell, namespace: str) -> str:
    """What a person would look at first: objects, events, the pods' and the operator's last words."""
    if not namespace:
        return ""
    looks = (
        ("get", "mdep,deployments,pods", "--output=wide"),
        ("describe", "mdep"),
        ("get", "events", "--sort-by=.lastTimestamp"),
        (
            "logs",
            "--selector=app.kubernetes.io/managed-by=slipway",
            "--all-containers",
            "--prefix",
            "--tail=20",
        ),
    )
    told = [_look(shell, f"--namespace={namespace}", *words) for words in looks]
    told.append(_look(shell, f"--namespace={SYSTEM}", "logs", "deploy/slipway", "--tail=40"))
    return "\n".join(told)


def _look(shell: Shell, *words: str) -> str:
    done = shell.attempt("kubectl", *words)
    return f"$ kubectl {' '.join(words)}\n{done.stdout}{done.stderr}"


def keep_cluster() -> bool:
    """Whether the user wants the test cluster to stay for the next run."""
    return os.environ.get("SLIPWAY_KEEP_CLUSTER", "") not in {"", "0"}
