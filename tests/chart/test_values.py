from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jsonschema
import pytest
import yaml

from chart import CHART, Chart

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = jsonschema.Draft7Validator(json.loads((CHART / "values.schema.json").read_text()))

# Another value for each one that can be set, and what must be set besides for it to matter.
ANOTHER: dict[str, tuple[Any, dict[str, Any]]] = {
    "nameOverride": ("dock", {}),
    "fullnameOverride": ("dock", {}),
    "image.repository": ("registry.example.com/operator", {}),
    "image.tag": ("1.2.3", {}),
    "image.digest": (f"sha256:{'0' * 64}", {}),
    "image.pullPolicy": ("Always", {}),
    "runtimeImage.repository": ("registry.example.com/runtime", {}),
    "runtimeImage.tag": ("1.2.3", {}),
    "runtimeImage.digest": (f"sha256:{'0' * 64}", {}),
    "imagePullSecrets": ([{"name": "registry"}], {}),
    "watchNamespaces": (["models"], {}),
    "replicas": (2, {}),
    "workers": (3, {}),
    "log.level": ("debug", {}),
    "log.format": ("text", {}),
    "rbac.create": (False, {}),
    "rbac.aggregate": (False, {}),
    "serviceAccount.create": (False, {}),
    "serviceAccount.name": ("own", {}),
    "serviceAccount.annotations": ({"a": "b"}, {}),
    "resources.requests.cpu": ("1", {}),
    "resources.requests.memory": ("1Gi", {}),
    "resources.limits.memory": ("2Gi", {}),
    "extraEnv": ([{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}], {}),
    "podLabels": ({"team": "a"}, {}),
    "podAnnotations": ({"a": "b"}, {}),
    "nodeSelector": ({"a": "b"}, {}),
    "tolerations": ([{"operator": "Exists"}], {}),
    "affinity": ({"nodeAffinity": {}}, {}),
    "topologySpreadConstraints": ([], {}),
    "priorityClassName": ("system-cluster-critical", {}),
    "serviceMonitor.enabled": (True, {}),
    "serviceMonitor.interval": ("10s", {"serviceMonitor": {"enabled": True}}),
    "serviceMonitor.labels": ({"a": "b"}, {"serviceMonitor": {"enabled": True}}),
    "networkPolicy.enabled": (True, {}),
    "networkPolicy.metricsFrom": ([{"podSelector": {}}], {"networkPolicy": {"enabled": True}}),
    "networkPolicy.apiServerCIDRs": (["10.0.0.1/32"], {"networkPolicy": {"enabled": True}}),
    "networkPolicy.apiServerPorts": ([16443], {"networkPolicy": {"enabled": True}}),
}


def leaves(node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted path of every value that is no mapping with something in it."""
    for name, value in node.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}.")
        else:
            yield path


def with_value(path: str, value: Any, values: dict[str, Any]) -> dict[str, Any]:
    """A copy of `values` in which `path` has `value`."""
    changed = deepcopy(values)
    node = changed
    *folders, last = path.split(".")
    for name in folders:
        node = node.setdefault(name, {})
    node[last] = value
    return changed


@pytest.mark.parametrize("path", list(leaves(VALUES)))
def test_every_value_changes_what_is_installed(path: str, chart: Chart) -> None:
    """A value that is accepted and does nothing misleads whoever sets it."""
    value, besides = ANOTHER[path]
    assert chart.text(with_value(path, value, besides)) != chart.text(besides)


def test_every_value_has_another_one_to_try() -> None:
    """The list above must not go on naming values that the chart has lost."""
    assert set(ANOTHER) == set(leaves(VALUES))


@pytest.mark.parametrize("path", sorted({path.rsplit(".resources", 1)[0] for path in leaves(VALUES)}))
def test_every_value_is_explained_where_it_is_set(path: str) -> None:
    """`helm show values` is the documentation that everybody reads."""
    name = "resources" if path.startswith("resources.") else path.rsplit(".", 1)[-1]
    lines = (CHART / "values.yaml").read_text().splitlines()
    places = [number for number, line in enumerate(lines) if re.match(rf" *{name}:", line)]
    assert places, path
    assert all(lines[number - 1].lstrip().startswith("#") for number in places), path


def test_the_defaults_are_valid() -> None:
    """A chart whose own defaults are refused cannot be installed at all."""
    assert not list(SCHEMA.iter_errors(VALUES))


@pytest.mark.parametrize(
    "folder", ["", "image", "runtimeImage", "log", "rbac", "serviceMonitor", "networkPolicy"]
)
def test_a_misspelt_value_is_refused(folder: str) -> None:
    """A typing error that is silently ignored is found in production."""
    path = f"{folder}.misspelt" if folder else "misspelt"
    (error,) = SCHEMA.iter_errors(with_value(path, 1, VALUES))
    assert "misspelt" in error.message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", -1),
        ("replicas", "2"),
        ("workers", 0),
        ("log.level", "verbose"),
        ("image.tag", "not a tag"),
        ("image.digest", "sha256:short"),
        ("watchNamespaces", "models"),
        ("watchNamespaces", ["Models"]),
        ("watchNamespaces", ["models", "models"]),
        ("serviceMonitor.interval", "30"),
        ("networkPolicy.apiServerPorts", []),
        ("networkPolicy.apiServerCIDRs", ["10.0.0.1"]),
        ("extraEnv", [{"name": "A", "valeu": "b"}]),
    ],
)
def test_a_value_that_cannot_work_is_refused(path: str, value: Any) -> None:
    """Better at `helm install` than from a pod that does not start."""
    assert list(SCHEMA.iter_errors(with_value(path, value, VALUES)))


def test_helm_itself_refuses_a_misspelt_value(chart: Chart) -> None:
    """The schema counts for nothing if Helm does not find it."""
    done = chart.run("template", CHART, "--set=replica=2")
    assert done.returncode != 0
    assert "'replica' not allowed" in done.stderr


def test_the_chart_may_be_a_part_of_another_one() -> None:
    """Helm hands `global` to every sub-chart; a strict schema must not stumble over it."""
    assert not list(SCHEMA.iter_errors({**VALUES, "global": {"region": "eu"}}))
