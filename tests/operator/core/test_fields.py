"""managedFields: who owns what, as far as decisions ask."""

from __future__ import annotations

from typing import Any

import pytest

from slipway_operator.core.fields import contains, leaves, owners_of_replicas, readable, strays


def entry(manager: str, fields: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    """One entry of managedFields."""
    return {"manager": manager, "operation": "Update", "subresource": subresource, "fieldsV1": fields}


SIZE: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
SERVER = 'k:{"name":"server"}'
ENV: dict[str, Any] = {"f:env": {".": {}, 'k:{"name":"EXTRA"}': {".": {}, "f:name": {}, "f:value": {}}}}
SET_ENV = {"f:spec": {"f:template": {"f:spec": {"f:containers": {SERVER: ENV}}}}}
TEMPLATE = {"spec": {"containers": [{"name": "server", "env": [{"name": "A", "value": "1"}], "args": ["x"]}]}}


def test_owners_of_replicas_are_named_whichever_way_they_wrote() -> None:
    """An autoscaler writes through the scale subresource, we by apply: both own the field."""
    managed = [
        entry("slipway", SIZE | {"f:metadata": {}}),
        entry("kube-controller-manager", SIZE, "scale"),
        entry("kube-controller-manager", {"f:status": {"f:replicas": {}}}, "status"),
        entry("kubectl", {"f:spec": {"f:paused": {}}}),
    ]

    assert owners_of_replicas(managed) == ["kube-controller-manager", "slipway"]
    assert owners_of_replicas([]) == []


def test_a_variable_that_somebody_added_is_found() -> None:
    """`kubectl set env` adds what an apply of ours cannot take away."""
    found = strays(
        [entry("slipway", SET_ENV), entry("kubectl-set", SET_ENV), entry("slipway-repair", SET_ENV)]
    )

    paths = [readable(tuple(path)) for path in found["foreign"]]
    assert paths == [
        "spec.containers[server].env",
        "spec.containers[server].env[EXTRA]",
        "spec.containers[server].env[EXTRA].name",
        "spec.containers[server].env[EXTRA].value",
    ]
    assert found["repaired"] == found["foreign"]


def test_fields_outside_the_template_are_nobodys_business() -> None:
    """Kubernetes' own annotations on a Deployment shape no pod."""
    managed = [
        entry("deployment-controller", {"f:metadata": {"f:annotations": {"f:deployment": {}}}, **SIZE})
    ]

    assert strays(managed) == {"foreign": [], "repaired": []}


@pytest.mark.parametrize("broken", [{}, {"f:spec": None}, {"f:spec": {"f:template": {}}}, {"f:spec": "x"}])
def test_odd_trees_are_no_owners(broken: dict[str, Any]) -> None:
    """What the server may leave out must not stop the operator."""
    assert owners_of_replicas([entry("x", broken)]) == []
    assert strays([entry("x", broken)])["foreign"] == []


@pytest.mark.parametrize(
    ("path", "there"),
    [
        (("f:spec", "f:containers", SERVER), True),
        (("f:spec", "f:containers", SERVER, "f:env", 'k:{"name":"A"}', "f:value"), True),
        (("f:spec", "f:containers", SERVER, "f:env", 'k:{"name":"B"}'), False),
        (("f:spec", "f:containers", 'k:{"name":"other"}', "f:image"), False),
        (("f:spec", "f:containers", SERVER, "f:args", 'v:"x"'), True),
        (("f:spec", "f:containers", SERVER, "f:args", 'v:"y"'), False),
        (("f:spec", "f:hostNetwork"), False),
        (("f:spec", "f:containers", "i:0"), False),
    ],
)
def test_paths_are_looked_up_in_a_template(path: tuple[str, ...], there: bool) -> None:  # noqa: FBT001 -- a table's column
    """Whether we asked for a field ourselves decides whether it is put back or taken away."""
    assert contains(TEMPLATE, path) is there


def test_a_port_without_a_protocol_is_the_tcp_one() -> None:
    """The server fills the protocol into its keys."""
    port = 'k:{"containerPort":8080,"protocol":"TCP"}'

    assert contains({"ports": [{"containerPort": 8080}]}, ("f:ports", port))
    assert not contains({"ports": [{"containerPort": 8080, "protocol": "UDP"}]}, ("f:ports", port))


def test_a_tree_is_walked_to_its_leaves() -> None:
    """A map that is owned itself counts besides what is in it."""
    assert list(leaves({"f:a": {".": {}, "f:b": {}}, "f:c": {}})) == [("f:a",), ("f:a", "f:b"), ("f:c",)]
