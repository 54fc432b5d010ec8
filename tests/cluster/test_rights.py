"""What the installed operator may do, asked of the API server itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from figures import Figures
from live_paths import Json
from live_world import OPERATOR_USER, SYSTEM, World

MOST_RULES = 10


def _rules(world: World) -> list[Json]:
    """All rules of all roles that are bound to the operator."""
    shown: dict[str, Any] = json.loads(
        world.kubectl("get", "clusterroles,clusterrolebindings,roles,rolebindings", "-A", "--output=json")
    )
    account = {"kind": "ServiceAccount", "name": OPERATOR_USER.rpartition(":")[2], "namespace": SYSTEM}
    bound = {
        (one["roleRef"]["kind"], one["roleRef"]["name"])
        for one in shown["items"]
        if one["kind"].endswith("Binding") and account in one.get("subjects", [])
    }
    roles = [one for one in shown["items"] if (one["kind"], one["metadata"]["name"]) in bound]
    return [rule for role in roles for rule in role["rules"] or []]


def test_ten_rules_are_enough_and_none_is_about_secrets(world: World, figures: Figures) -> None:
    """Whoever installs the operator reads its rights: they must fit on a page and leave secrets alone."""
    rules = _rules(world)
    figures.record("RBAC rules", len(rules), "", f"≤ {MOST_RULES}")
    assert 0 < len(rules) <= MOST_RULES
    granted = {resource for rule in rules for resource in rule.get("resources", [])}
    assert granted.isdisjoint({"*", "secrets", "configmaps", "nodes", "pods/exec"})
    assert not any("*" in rule["verbs"] for rule in rules)


@pytest.mark.parametrize(
    "question",
    [
        ("get", "secrets"),
        ("create", "pods"),
        ("delete", "pods"),
        ("create", "serviceaccounts/token"),
        ("update", "modeldeployments.slipway.dev"),
        ("impersonate", "users"),
    ],
    ids=" ".join,
)
def test_the_operator_cannot_do_what_it_need_not(world: World, question: tuple[str, str]) -> None:
    """A stolen operator token must be worth little: the API server itself says no."""
    done = world.shell.attempt(
        "kubectl", "auth", "can-i", *question, f"--as={OPERATOR_USER}", "--all-namespaces"
    )
    assert done.stdout.strip() == "no", done.stderr
