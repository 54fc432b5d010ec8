from __future__ import annotations

from typing import Any

import pytest

from chart import CHART, Chart, only
from slipway_operator.cli.commands import parser
from slipway_operator.settings import Settings, settings_from

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "namespaced": {"watchNamespaces": ["models", "more-models"]},
    "available": {"replicas": 2, "priorityClassName": "system-cluster-critical"},
    "closed": {"networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]}},
    "observed": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "foreign-account": {"serviceAccount": {"create": False, "name": "own"}, "rbac": {"create": False}},
}


def operator_container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The operator's container in what was rendered."""
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def settings_of(objects: list[dict[str, Any]]) -> Settings:
    """What the operator makes of the arguments and variables that the chart gives it."""
    container = operator_container(objects)
    environ = {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}
    return settings_from(vars(parser().parse_args(container["args"])), environ)


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_chart_is_well_formed_whatever_is_switched_on(values: dict[str, Any], chart: Chart) -> None:
    """One template that breaks in one combination breaks somebody's installation."""
    for each in chart.objects(**values):
        assert each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "slipway", each["metadata"]
        assert len(each["metadata"]["name"]) <= 63


def test_helm_finds_nothing_to_complain_about(chart: Chart) -> None:
    """`helm lint --strict` is the first thing a chart repository runs."""
    done = chart.run("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_pod_asks_for_nothing_that_restricted_namespaces_refuse(
    values: dict[str, Any], chart: Chart
) -> None:
    """Many clusters enforce the restricted Pod Security Standard everywhere."""
    objects = chart.objects(**values)
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert operator_container(objects)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all("emptyDir" in volume and volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"])


def test_the_operator_understands_what_the_chart_tells_it(chart: Chart) -> None:
    """A flag that the program does not know ends it at its start."""
    settings = settings_of(chart.objects(workers=3, log={"level": "debug", "format": "text"}))
    assert (settings.workers, settings.log_level, settings.log_format) == (3, "debug", "text")
    assert settings.namespace == ()
    assert settings.lease == "slipway"
    assert settings.port == operator_container(chart.objects())["ports"][0]["containerPort"]


def test_the_operator_watches_the_namespaces_where_it_has_rights(chart: Chart) -> None:
    """One namespace more in either list, and the operator is deaf or refused."""
    objects = chart.objects(watchNamespaces=["models", "more-models"])
    roles = [each["metadata"]["namespace"] for each in objects if each["kind"] == "Role"]
    assert set(settings_of(objects).namespace) == {"models", "more-models"} == set(roles) - {"slipway-system"}


def test_new_revisions_run_the_runtime_that_the_chart_names(chart: Chart) -> None:
    """The operator's own default image is nowhere to be pulled from."""
    named = {"repository": "registry.example.com:5000/runtime", "tag": "7"}
    digest = f"sha256:{'a' * 64}"
    assert settings_of(chart.objects(runtimeImage=named)).runtime_image == f"{named['repository']}:7"
    pinned = settings_of(chart.objects(runtimeImage={**named, "digest": digest}))
    assert pinned.runtime_image == f"{named['repository']}@{digest}"


def test_a_killed_operator_takes_its_own_lease_again_at_once(chart: Chart) -> None:
    """An update must not stand still for half a minute because the operator ran out of memory."""
    env = operator_container(chart.objects())["env"]
    names = [variable["name"] for variable in env]
    assert {"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}} in env
    assert {"name": "SLIPWAY_LEASE_IDENTITY", "value": "$(POD_UID)"} in env
    assert names.index("POD_UID") < names.index("SLIPWAY_LEASE_IDENTITY")  # or it is not expanded


def test_two_releases_in_one_namespace_do_not_share_a_lease(chart: Chart) -> None:
    """Of two operators that share a Lease one never works."""
    first, second = (settings_of(chart.objects(release=name)) for name in ("slipway", "another"))
    assert first.lease != second.lease


def test_a_long_release_name_still_gives_valid_names(chart: Chart) -> None:
    """Helm allows 53 characters; a Service name has 63."""
    names = [each["metadata"]["name"] for each in chart.objects(release="r" * 53)]
    assert max(map(len, names)) <= 63


def test_a_pods_own_labels_cannot_take_it_from_its_deployment(chart: Chart) -> None:
    """A pod label that overrides a selector's makes a Deployment that is refused."""
    objects = chart.objects(podLabels={"app.kubernetes.io/name": "other", "team": "a"})
    deployment = only(objects, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    assert labels["team"] == "a"


def test_several_operators_survive_a_drain(chart: Chart) -> None:
    """A second operator is of no use if one drain may take both."""
    budget = only(chart.objects(replicas=2), "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert not [each for each in chart.objects(replicas=1) if each["kind"] == "PodDisruptionBudget"]


def test_scrapes_reach_the_operator(chart: Chart) -> None:
    """A Service or monitor whose selector misses the pod shows an empty dashboard."""
    objects = chart.objects(serviceMonitor={"enabled": True}, networkPolicy={"enabled": True})
    labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    service = only(objects, "Service")
    monitor = only(objects, "ServiceMonitor")["spec"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    assert only(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
