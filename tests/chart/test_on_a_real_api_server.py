from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api_server import ApiServer
from chart import NAMESPACE, Chart, only

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:slipway"
EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]},
}


@pytest.fixture(scope="module")
def restricted(api_server: ApiServer) -> Iterator[str]:
    """The release's namespace, with the strictest Pod Security Standard enforced."""
    api_server.kubectl("create", "namespace", NAMESPACE)
    api_server.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    yield NAMESPACE
    api_server.kubectl("delete", "namespace", NAMESPACE, "--wait=true", "--timeout=50s")


@pytest.fixture(scope="module")
def account(api_server: ApiServer, restricted: str, chart: Chart) -> Iterator[str]:
    """The operator's service account with the chart's own roles, really there."""
    kinds = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    manifests = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [each for each in chart.objects() if each["kind"] in kinds],
    }
    api_server.kubectl("apply", "-f", "-", stdin=manifests)
    yield ACCOUNT
    api_server.kubectl("delete", "-f", "-", "--wait=false", stdin=manifests)


def test_the_api_server_takes_every_object_as_it_is(
    api_server: ApiServer, restricted: str, chart: Chart
) -> None:
    """Strict validation finds the field that is misspelt, misplaced or not there any more."""
    for each in chart.objects(**EVERYTHING):
        api_server.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=each)


def test_the_operators_pod_is_admitted_where_restricted_is_enforced(
    api_server: ApiServer, restricted: str, account: str, chart: Chart
) -> None:
    """Admission judges pods, not Deployments: a refused one shows as a Deployment that never comes up."""
    template: dict[str, Any] = only(chart.objects(), "Deployment")["spec"]["template"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": "operator", "namespace": restricted},
        "spec": template["spec"],
    }
    api_server.kubectl("create", "--dry-run=server", "-f", "-", stdin=pod)


@pytest.mark.parametrize(
    ("verb", "resource", "subresource", "allowed"),
    [
        ("list", "modeldeployments.slipway.dev", "", True),
        ("patch", "modeldeployments.slipway.dev", "status", True),
        ("create", "deployments.apps", "", True),
        ("update", "modeldeployments.slipway.dev", "", False),
        ("patch", "deployments.apps", "scale", False),
        ("get", "secrets", "", False),
        ("list", "secrets", "", False),
        ("create", "pods", "", False),
        ("create", "pods", "exec", False),
        ("get", "pods", "log", False),
        ("create", "serviceaccounts", "token", False),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io", "", False),
        ("get", "leases.coordination.k8s.io", "", False),
    ],
)
def test_the_service_account_may_do_its_work_and_nothing_else(
    api_server: ApiServer, account: str, verb: str, resource: str, subresource: str, *, allowed: bool
) -> None:
    """What counts is what the API server answers, not what the YAML looks like."""
    asked = (verb, resource, f"--subresource={subresource}", f"--as={account}", "--namespace=models")
    answer = api_server.run("auth", "can-i", *asked)
    assert answer.stdout.strip() == ("yes" if allowed else "no"), answer.stderr


def test_the_lease_is_the_operators_own(api_server: ApiServer, account: str) -> None:
    """Without it the operator never becomes the active one; elsewhere it must not touch any."""
    answer = api_server.run(
        "auth", "can-i", "update", "leases.coordination.k8s.io", f"--as={account}", f"--namespace={NAMESPACE}"
    )
    assert answer.stdout.strip() == "yes", answer.stderr
