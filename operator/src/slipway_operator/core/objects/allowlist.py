"""What a frozen pod template may hold, checked again before it is applied.

Whoever may write ControllerRevisions could put any pod template into one and let the operator, with
its rights, run it. So a stored template is taken only if it is one that an operator of this group
could have rendered: these containers, variables, volumes and security settings, nothing else. The
server's defaults are allowed, because a lost revision is rebuilt from a live Deployment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from slipway_operator.api.names import LABEL_REVISION
from slipway_operator.api.rules import env_name_allowed, env_value_allowed, key_reserved
from slipway_operator.api.types import Predictor
from slipway_operator.core.objects.metadata import labels
from slipway_operator.core.objects.pod import CONVERTER, PULLER, SERVER, model_env

POD_FIELDS: Final = frozenset(
    {
        "initContainers",
        "containers",
        "volumes",
        "automountServiceAccountToken",
        "enableServiceLinks",
        "restartPolicy",
        "dnsPolicy",
        "schedulerName",
        "securityContext",
        "terminationGracePeriodSeconds",
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
        "priorityClassName",
        "imagePullSecrets",
        "serviceAccountName",
        "serviceAccount",
    }
)
CONTAINER_FIELDS: Final = frozenset(
    {
        "name",
        "image",
        "imagePullPolicy",
        "args",
        "env",
        "envFrom",
        "ports",
        "resources",
        "securityContext",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "volumeMounts",
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
    }
)
OWN_ENV: Final = frozenset(
    {
        "HOME",
        "SLIPWAY_REVISION",
        "SLIPWAY_IMPLEMENTATION",
        "SLIPWAY_DRAIN_SECONDS",
        "SLIPWAY_REQUEST_TIMEOUT_SECONDS",
        "SLIPWAY_MODEL_DIGEST",
        "SLIPWAY_PARAMETERS",
        "SLIPWAY_CONVERTED_DIR",
    }
)
OWN_LABELS: Final = frozenset({*labels("", ""), LABEL_REVISION})
OWN_ANNOTATIONS: Final = frozenset({"kubectl.kubernetes.io/default-container"})
COMMANDS: Final = {PULLER: "pull", CONVERTER: "convert", SERVER: "serve"}
PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
SECURE: Final = {
    "runAsNonRoot": (True,),
    "seccompProfile": ({"type": "RuntimeDefault"},),
    "allowPrivilegeEscalation": (False,),
    "capabilities": ({"drop": ["ALL"]},),
    "readOnlyRootFilesystem": (True,),
}


def violation(template: Any) -> str:
    """The first thing in a pod template that no operator renders, or an empty string."""
    return _first(_violations(template))


def mislabelled(template: Any, modeldeployment: str, predictor: str, revision: str) -> str:
    """A label of ours that says something else than the revision is, or an empty string."""
    wanted = labels(modeldeployment, predictor) | {LABEL_REVISION: revision}
    found = template["metadata"].get("labels") or {}
    return next(
        (f"its label {key} is {found.get(key)!r}" for key in wanted if found.get(key) != wanted[key]), ""
    )


def mismatch(template: Any, predictor: Predictor) -> str:
    """What a stored template takes that the spec of the same revision does not ask for, or nothing.

    The revision's name says that both were made from one canonical form, so who the pods run as,
    which secrets they see and what they serve must be the same.
    """
    return _first(_mismatches(template, predictor))


def _first(found: Iterator[str]) -> str:
    try:
        return next(found, "")
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        return f"it is not a pod template ({type(error).__name__})"


def _mismatches(template: Any, predictor: Predictor) -> Iterator[str]:
    graph, spec = predictor.graph, template["spec"]
    puller = spec["initContainers"][0]
    secrets = [source["secretRef"].get("name") for source in puller.get("envFrom", ())]
    accounts = {spec.get("serviceAccountName"), spec.get("serviceAccount")} - {None}
    pulls = [item.get("name") for item in spec.get("imagePullSecrets", ())]
    same = {
        "secret": secrets == [name for name in [graph.env_secret_ref_name] if name],
        "service account": accounts <= {predictor.service_account_name},
        "list of image pull secrets": pulls == [item.get("name") for item in predictor.image_pull_secrets],
        "model": puller["args"][1:2] == [graph.model_uri],
        "way to read the model": _read_as(spec["containers"][0]) == model_env(graph),
    }
    yield from (f"its {what} is not the one in the spec" for what, equal in same.items() if not equal)


def _read_as(server: Any) -> dict[str, str]:
    """As what a server reads its model: whether it may be a pickle is in there."""
    env = {item["name"]: item.get("value", "") for item in server.get("env", ())}
    return {name: env[name] for name in ("SLIPWAY_IMPLEMENTATION", "SLIPWAY_PARAMETERS") if name in env}


def _violations(template: Any) -> Iterator[str]:
    yield from _metadata(template["metadata"])
    spec = template["spec"]
    yield from _unknown("spec", spec, POD_FIELDS)
    if spec.get("automountServiceAccountToken") is not False:
        yield "spec.automountServiceAccountToken is not false"
    yield from _security("spec.securityContext", spec.get("securityContext"), {"runAsNonRoot"})
    for volume in spec["volumes"]:
        if volume.keys() != {"name", "emptyDir"}:
            yield f"volume {volume.get('name')} is no emptyDir"
    pullers, servers = spec["initContainers"], spec["containers"]
    before, serving = [item["name"] for item in pullers], [item["name"] for item in servers]
    if before not in ([PULLER], [PULLER, CONVERTER]) or serving != [SERVER]:
        yield f"its containers are not one {PULLER}, perhaps one {CONVERTER}, and one {SERVER}"
    for container in (*pullers, *servers):
        yield from _container(container)


def _metadata(metadata: Any) -> Iterator[str]:
    """Reserved labels are those that every pod of ours has; others could join another model's Service."""
    yield from _unknown("metadata", metadata, frozenset({"labels", "annotations", "creationTimestamp"}))
    for kind, own in (("labels", OWN_LABELS), ("annotations", OWN_ANNOTATIONS)):
        for key in metadata.get(kind) or {}:
            if key_reserved(key) and key not in own:
                yield f"metadata.{kind}.{key} is not one of ours"


def _unknown(where: str, value: Any, known: frozenset[str]) -> Iterator[str]:
    for name in sorted(value.keys() - known):
        yield f"{where}.{name} is not a field of ours"


def _security(where: str, context: Any, required: set[str]) -> Iterator[str]:
    for name in sorted((context or {}).keys() | required):
        if (context or {}).get(name) not in SECURE.get(name, ()):
            yield f"{where}.{name} is not what a restricted pod has"


def _container(container: Any) -> Iterator[str]:
    name = container["name"]
    yield from _unknown(name, container, CONTAINER_FIELDS)
    if container["args"][0] != COMMANDS.get(name):
        yield f"{name} runs another command"
    yield from _security(
        f"{name}.securityContext", container.get("securityContext"), {"allowPrivilegeEscalation"}
    )
    for check in (_env, _env_from, _ports, _probes):
        yield from check(name, container)


def _env(name: str, container: Any) -> Iterator[str]:
    for item in container.get("env", ()):
        allowed = item["name"] in OWN_ENV or env_name_allowed(item["name"])
        if not allowed or item.keys() - {"name", "value"} or not env_value_allowed(item.get("value", "")):
            yield f"{name} has a variable {item['name']} that is not allowed"


def _env_from(name: str, container: Any) -> Iterator[str]:
    for source in container.get("envFrom", ()):
        if name != PULLER or source.keys() != {"secretRef"} or source["secretRef"].keys() != {"name"}:
            yield f"{name} takes variables from elsewhere"


def _ports(name: str, container: Any) -> Iterator[str]:
    for port in container.get("ports", ()):
        if port.keys() - {"name", "containerPort", "protocol"}:
            yield f"{name} has a port that reaches beyond the pod"


def _probes(name: str, container: Any) -> Iterator[str]:
    for probe in PROBES:
        if probe in container and ("httpGet" not in container[probe] or "exec" in container[probe]):
            yield f"{name}.{probe} is not an HTTP probe"
