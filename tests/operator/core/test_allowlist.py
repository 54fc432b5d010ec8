"""A stored template is run with the operator's rights: it must be one that an operator made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builders import md_of, modeldeployment
from full_manifest import fixed_size
from slipway_operator.core.objects.allowlist import mislabelled, mismatch, violation
from slipway_operator.core.objects.pod import template
from world_defaults import defaulted

Template = dict[str, Any]


def rendered() -> Template:
    """A template with everything in it."""
    return template(md_of(fixed_size()), "6f8d9c7b5", "slipway-runtime:1")


def server(found: Template) -> Any:
    """Its server."""
    return found["spec"]["containers"][0]


def _set(container: Any, name: str, value: str) -> None:
    """Give a variable another value."""
    next(item for item in container["env"] if item["name"] == name)["value"] = value


ATTACKS: list[Callable[[Template], object]] = [
    lambda t: t["spec"].update(hostNetwork=True),
    lambda t: t["spec"].update(hostPID=True),
    lambda t: t["spec"].update(hostAliases=[]),
    lambda t: t["spec"].update(nodeName="node-1"),
    lambda t: t["spec"].update(runtimeClassName="x"),
    lambda t: t["spec"].update(shareProcessNamespace=True),
    lambda t: t["spec"].update(automountServiceAccountToken=True),
    lambda t: t["spec"].pop("automountServiceAccountToken"),
    lambda t: t["spec"].update(securityContext={"runAsUser": 0}),
    lambda t: t["spec"].update(securityContext={"runAsNonRoot": False}),
    lambda t: t["spec"].pop("securityContext"),
    lambda t: t["spec"]["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    lambda t: t["spec"]["volumes"].append({"name": "s", "secret": {"secretName": "x"}}),
    lambda t: t["spec"]["volumes"][0].update(hostPath={"path": "/"}),
    lambda t: t["spec"]["containers"].append(server(t)),
    lambda t: t["spec"]["initContainers"].insert(0, {**server(t), "name": "first"}),
    lambda t: t["spec"].update(ephemeralContainers=[]),
    lambda t: server(t).update(command=["sh"]),
    lambda t: server(t).update(args=["sh", "-c", "id"]),
    lambda t: server(t).update(args=[]),
    lambda t: server(t).update(lifecycle={"postStart": {"exec": {"command": ["sh"]}}}),
    lambda t: server(t).update(securityContext={"privileged": True}),
    lambda t: server(t)["securityContext"].update(capabilities={"add": ["SYS_ADMIN"]}),
    lambda t: server(t)["securityContext"].pop("allowPrivilegeEscalation"),
    lambda t: server(t)["env"].append({"name": "LD_PRELOAD", "value": "/mnt/model/x.so"}),
    lambda t: server(t)["env"].append(
        {"name": "TZ", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}
    ),
    lambda t: server(t)["env"].append({"name": "TZ", "value": "$(HOME)"}),
    lambda t: server(t).update(envFrom=[{"secretRef": {"name": "x"}}]),
    lambda t: t["spec"]["initContainers"][0].update(envFrom=[{"configMapRef": {"name": "x"}}]),
    lambda t: t["spec"]["initContainers"][0].update(envFrom=[{"secretRef": "x"}]),
    lambda t: server(t)["ports"][0].update(hostPort=80),
    lambda t: server(t).update(livenessProbe={"exec": {"command": ["sh"]}}),
    lambda t: server(t)["livenessProbe"].update(exec={"command": ["sh"]}),
    lambda t: server(t).update(volumeDevices=[]),
    lambda t: t["metadata"]["labels"].update({"slipway.dev/track": "rolling"}),
    lambda t: t["metadata"]["labels"].update({"pod-security.kubernetes.io/enforce": "x"}),
    lambda t: t["metadata"]["annotations"].update({"kubernetes.io/psp": "x"}),
    lambda t: t["metadata"].update(finalizers=["x/y"]),
    lambda t: t.update(metadata=5),
    lambda t: t.update(spec=None),
    lambda t: t["spec"].update(containers={}),
    lambda t: t["spec"].pop("volumes"),
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_template_that_no_operator_renders_is_refused(attack: Callable[[Template], object]) -> None:
    """Whoever may write ControllerRevisions must gain nothing by it."""
    found = rendered()
    attack(found)

    assert violation(found)


def test_the_servers_defaults_are_no_violation() -> None:
    """A lost revision is rebuilt from a live Deployment, defaults included."""
    live = {"kind": "Deployment", "spec": {"template": rendered()}}

    assert violation(defaulted(live)["spec"]["template"]) == ""


@pytest.mark.parametrize(
    "names",
    [
        ("iris", "main", "6f8d9c7b5"),
        ("other", "main", "6f8d9c7b5"),
        ("iris", "b", "6f8d9c7b5"),
        ("iris", "main", "0"),
    ],
)
def test_labels_must_be_those_of_the_revision(names: tuple[str, str, str]) -> None:
    """A pod with another model's labels would take its traffic."""
    assert bool(mislabelled(rendered(), *names)) is (names != ("iris", "main", "6f8d9c7b5"))


@pytest.mark.parametrize(
    "junk", [None, [], "x", 5, {}, {"spec": []}, {"spec": {"volumes": 5}}, {"metadata": {}, "spec": 5}]
)
def test_what_is_no_template_is_refused_with_a_reason(junk: Any) -> None:
    """Junk in history must not stop the operator."""
    assert violation(junk)


SWAPS: list[tuple[Callable[[Template], object], str]] = [
    (lambda t: t["spec"].update(serviceAccountName="admin"), "service account"),
    (lambda t: t["spec"].update(serviceAccount="admin"), "service account"),
    (lambda t: t["spec"]["initContainers"][0].update(envFrom=[{"secretRef": {"name": "root"}}]), "secret"),
    (lambda t: t["spec"]["initContainers"][0].pop("envFrom"), "secret"),
    (lambda t: t["spec"].update(imagePullSecrets=[{"name": "root"}]), "image pull secrets"),
    (lambda t: t["spec"]["initContainers"][0].update(args=["pull", "s3://evil/x", "/mnt/model"]), "model"),
    (lambda t: t["spec"]["initContainers"][0].update(args=["pull"]), "model"),
    (lambda t: _set(server(t), "SLIPWAY_IMPLEMENTATION", "SKLEARN_SERVER"), "way to read the model"),
    (lambda t: _set(server(t), "SLIPWAY_PARAMETERS", '{"allow_native": false}'), "way to read the model"),
]


@pytest.mark.parametrize(("swap", "what"), SWAPS)
def test_a_template_that_takes_more_than_the_spec_is_refused(
    swap: Callable[[Template], object], what: str
) -> None:
    """Within the allow-list a secret or an account could still be swapped."""
    found = rendered()
    assert mismatch(found, md_of(fixed_size()).spec.predictor) == ""
    swap(found)

    assert violation(found) == "" or what == "secret"
    assert what in mismatch(found, md_of(fixed_size()).spec.predictor)


def test_the_smallest_template_matches_its_spec() -> None:
    """No secret, no account, no pull secrets: nothing to compare."""
    md = md_of(modeldeployment().raw())

    assert mismatch(template(md, "r", "i"), md.spec.predictor) == ""
