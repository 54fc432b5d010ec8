"""What the API server fills in and rewrites: the defaults and spellings that matter to a comparison."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from world_fields import Object

BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
DECIMAL: Final = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


def canonical_quantity(text: str) -> str:
    """A quantity as the server gives it back: `1000m` is `1`, `1024Mi` is `1Gi`, `0.5` is `500m`."""
    matched = re.fullmatch(r"([+-]?[0-9.]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|)", str(text))
    if not matched:
        return str(text)
    number, suffix = Decimal(matched[1]), matched[2]
    if suffix in BINARY:
        value = number * 1024 ** BINARY[suffix]
        for name, power in reversed(BINARY.items()):
            if value and value % 1024**power == 0:
                return f"{value // 1024**power}{name}"
        return f"{value.normalize():f}"
    value = number * Decimal(1000) ** DECIMAL[suffix]
    for name, power in reversed(DECIMAL.items()):
        if value and value % Decimal(1000) ** power == 0:
            return f"{(value / Decimal(1000) ** power).to_integral_value():f}{name}"
    return f"{value.normalize():f}"


def fill(target: Object, **values: Any) -> None:
    """Set what is absent."""
    for name, value in values.items():
        target.setdefault(name, value)


def without_nulls(value: Any) -> Any:
    """A typed object has no nulls: they read as absent."""
    if isinstance(value, dict):
        return {name: without_nulls(child) for name, child in value.items() if child is not None}
    if isinstance(value, list):
        return [without_nulls(child) for child in value]
    return value


def respelled(value: Any, name: str = "") -> Any:
    """Quantities as the server spells them: applying an equal value is then no change."""
    if isinstance(value, dict):
        amounts = name in {"requests", "limits"}
        return {key: canonical_quantity(v) if amounts else respelled(v, key) for key, v in value.items()}
    if isinstance(value, list):
        return [respelled(item) for item in value]
    return canonical_quantity(value) if name in {"sizeLimit", "averageValue"} else value


def default_container(container: Object) -> None:
    """Probes, ports, resources and termination message of one container."""
    fill(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    fill(container, imagePullPolicy="IfNotPresent")
    for port in container.get("ports", ()):
        fill(port, protocol="TCP")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        if probe in container:
            fill(container[probe], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            fill(container[probe].get("httpGet", {}), scheme="HTTP")


def default_pod_spec(spec: Object) -> None:
    """A pod's spec, its volumes and containers."""
    fill(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    fill(spec, terminationGracePeriodSeconds=30, securityContext={})
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        default_container(container)


def drop_zeros(target: Object, *names: str) -> None:
    """Fields that the server leaves out when they are zero."""
    for name in names:
        if not target.get(name):
            target.pop(name, None)


def default_deployment(obj: Object) -> None:
    """A Deployment; `replicas` becomes 1 when nobody says anything."""
    spec = obj["spec"]
    drop_zeros(spec, "paused", "minReadySeconds")
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    fill(spec["strategy"], type="RollingUpdate", rollingUpdate={})
    fill(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    default_pod_spec(spec["template"]["spec"])


def default_service(obj: Object) -> None:
    """A Service with its cluster address."""
    spec = obj["spec"]
    fill(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    fill(
        spec,
        clusterIP="10.0.0.10",
        clusterIPs=["10.0.0.10"],
        ipFamilies=["IPv4"],
        ipFamilyPolicy="SingleStack",
    )
    for port in spec.get("ports", ()):
        fill(port, protocol="TCP", targetPort=port["port"])


def default_autoscaler(obj: Object) -> None:
    """A HorizontalPodAutoscaler, its metrics and the rules of its behavior."""
    cpu = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    spec = obj["spec"]
    fill(spec, minReplicas=1)
    if not spec.get("metrics"):
        spec["metrics"] = [cpu]
    for rules in (spec.get("behavior") or {}).values():
        fill(rules, selectPolicy="Max", policies=[{"type": "Percent", "value": 100, "periodSeconds": 15}])


DEFAULTS: Final = {
    "Deployment": default_deployment,
    "Service": default_service,
    "HorizontalPodAutoscaler": default_autoscaler,
}


def defaulted(obj: Object) -> Object:
    """The object as the server would store it; `obj` may be changed."""
    typed: Object = respelled(without_nulls(obj))
    if typed["kind"] == "ModelDeployment":
        typed.setdefault("status", {"observedGeneration": -1})
    elif typed["kind"] in DEFAULTS:
        DEFAULTS[typed["kind"]](typed)
    return typed
