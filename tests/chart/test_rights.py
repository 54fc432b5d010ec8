from __future__ import annotations

from typing import Any

import pytest

from chart import Chart
from slipway_operator.kube.client import CHILDREN, EVENTS, LEASES, MODELDEPLOYMENTS, Resource

MOST_RULES = 10
SCOPES: dict[str, dict[str, Any]] = {"cluster": {}, "namespaces": {"watchNamespaces": ["models"]}}
WRITTEN = {"Deployment", "ControllerRevision", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"}


def operator_rules(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules of every role that is bound to the operator's service account."""
    bound = {
        (each["roleRef"]["kind"], each["roleRef"]["name"], each["metadata"].get("namespace"))
        for each in objects
        if each["kind"].endswith("RoleBinding")
    }
    roles = (each for each in objects if each["kind"] in {"Role", "ClusterRole"})
    return [
        rule
        for role in roles
        if (role["kind"], role["metadata"]["name"], role["metadata"].get("namespace")) in bound
        for rule in role["rules"]
    ]


def allows(rules: list[dict[str, Any]], group: str, resource: str, verb: str) -> bool:
    """Whether one of the rules grants it."""
    return any(
        group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]
        for rule in rules
    )


@pytest.fixture(params=SCOPES)
def rules(request: pytest.FixtureRequest, chart: Chart) -> list[dict[str, Any]]:
    """The operator's rules, cluster-wide and in namespaces."""
    return operator_rules(chart.objects(**SCOPES[request.param]))


def test_the_operator_has_few_rules(rules: list[dict[str, Any]]) -> None:
    """Whoever reviews an operator reads its role first; ten rules are read, thirty are not."""
    assert 0 < len(rules) <= MOST_RULES


def test_no_rule_says_everything(rules: list[dict[str, Any]]) -> None:
    """A wildcard grants also what is invented next year."""
    for rule in rules:
        assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}, rule
        assert set(rule) <= {"apiGroups", "resources", "resourceNames", "verbs"}, rule


def test_the_operator_cannot_reach_what_would_make_it_more(rules: list[dict[str, Any]]) -> None:
    """A stolen operator token must open no secret, no shell and no role."""
    resources = {resource for rule in rules for resource in rule["resources"]}
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    forbidden = {"secrets", "configmaps", "serviceaccounts", "serviceaccounts/token", "nodes", "roles"}
    assert not resources & (forbidden | {"pods/exec", "pods/attach", "pods/portforward", "clusterroles"})
    assert not verbs & {"escalate", "bind", "impersonate", "deletecollection"}
    assert "rbac.authorization.k8s.io" not in {group for rule in rules for group in rule["apiGroups"]}


def test_the_operator_may_do_what_it_does(rules: list[dict[str, Any]]) -> None:
    """A right that is missing shows only when the code path is walked, in production."""
    needed = [(MODELDEPLOYMENTS, verb) for verb in ("get", "list", "watch")]
    for kind, resource in CHILDREN.items():
        wanted = ("get", "create", "patch", "delete") if kind in WRITTEN else ()
        needed += [(resource, verb) for verb in ("list", "watch", *wanted)]
    needed += [
        (EVENTS, "create"),
        (EVENTS, "patch"),
        *((LEASES, verb) for verb in ("get", "create", "update")),
    ]
    missing = [
        (each.plural, verb) for each, verb in needed if not allows(rules, each.group, each.plural, verb)
    ]
    assert not missing
    assert allows(rules, MODELDEPLOYMENTS.group, f"{MODELDEPLOYMENTS.plural}/status", "patch")


def test_the_operator_may_touch_only_what_it_has_to(rules: list[dict[str, Any]]) -> None:
    """Users' ModelDeployments, pods and endpoints are for reading."""
    known: dict[tuple[str, str], Resource] = {
        (each.group, each.plural): each for each in (*CHILDREN.values(), EVENTS, LEASES, MODELDEPLOYMENTS)
    }
    for rule in rules:
        for resource in rule["resources"]:
            plural, _, subresource = resource.partition("/")
            kind = known[rule["apiGroups"][0], plural].kind
            writes = set(rule["verbs"]) - {"get", "list", "watch"}
            assert not writes or kind in WRITTEN | {"Event", "Lease"} or subresource == "status", rule


def test_a_namespaced_operator_has_no_right_elsewhere(chart: Chart) -> None:
    """The reason to watch single namespaces is that a team may then install it alone."""
    objects = chart.objects(watchNamespaces=["models"], rbac={"aggregate": False})
    assert not [each for each in objects if each["kind"].startswith("Cluster")]


def test_people_get_rights_by_the_roles_they_have(chart: Chart) -> None:
    """A data scientist with `edit` in a namespace should not need a second role for ModelDeployments."""
    roles = {each["metadata"]["name"]: each for each in chart.objects() if each["kind"] == "ClusterRole"}
    label = "rbac.authorization.k8s.io/aggregate-to-"
    assert roles["slipway-view"]["metadata"]["labels"][f"{label}view"] == "true"
    assert roles["slipway-edit"]["metadata"]["labels"][f"{label}edit"] == "true"
    assert {verb for rule in roles["slipway-view"]["rules"] for verb in rule["verbs"]} == {
        "get",
        "list",
        "watch",
    }
