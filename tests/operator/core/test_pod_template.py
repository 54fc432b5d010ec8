"""The pod: the contract between operator and runtime, and what a restricted namespace admits."""

from __future__ import annotations

from typing import Any

import pytest

from builders import md_of, modeldeployment
from full_manifest import fixed_size
from slipway_operator.core.objects.allowlist import violation
from slipway_operator.core.objects.pod import TMP_DIR, template


def rendered(raw: dict[str, Any] | None = None) -> dict[str, Any]:
    """The template of the smallest ModelDeployment, or of `raw`."""
    return template(md_of(raw or modeldeployment().raw()), "6f8d9c7b5", "slipway-runtime:1")


def containers(raw: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Puller and server."""
    spec = rendered(raw)["spec"]
    return spec["initContainers"][0], spec["containers"][0]


def env(container: dict[str, Any]) -> dict[str, str]:
    """A container's variables."""
    return {item["name"]: item["value"] for item in container["env"]}


def test_the_puller_gets_the_address_and_the_server_the_name() -> None:
    """The arguments that the runtime's command line takes."""
    puller, server = containers()

    assert puller["args"] == ["pull", "s3://models/iris/1", "/mnt/model"]
    assert server["args"] == ["serve", "--model-dir", "/mnt/model", "--model-name", "iris"]


def test_the_server_knows_its_revision_and_its_times() -> None:
    """Every answer carries the revision; the drain is what keeps requests alive."""
    _, server = containers()

    assert env(server) == {
        "SLIPWAY_REVISION": "6f8d9c7b5",
        "SLIPWAY_IMPLEMENTATION": "AUTO",
        "SLIPWAY_DRAIN_SECONDS": "10",
        "SLIPWAY_REQUEST_TIMEOUT_SECONDS": "60",
        "HOME": TMP_DIR,
    }


def test_what_the_user_sets_reaches_both_containers_after_which_ours_come() -> None:
    """A region is needed to pull, a thread count to serve; neither may replace ours."""
    puller, server = containers(fixed_size())

    assert env(puller)["OMP_NUM_THREADS"] == "1"
    assert next(iter(env(server))) == "OMP_NUM_THREADS"
    assert env(server)["SLIPWAY_DRAIN_SECONDS"] == "5"


def test_credentials_and_pin_reach_the_puller_only() -> None:
    """The container that takes traffic must hold no secret."""
    puller, server = containers(fixed_size())

    assert puller["envFrom"] == [{"secretRef": {"name": "s3-credentials"}}]
    assert env(puller)["SLIPWAY_MODEL_DIGEST"].startswith("sha256:")
    assert "envFrom" not in server
    assert "SLIPWAY_MODEL_DIGEST" not in env(server)


def test_without_a_secret_there_is_none() -> None:
    """Public models need no credentials."""
    assert "envFrom" not in containers()[0]


def test_the_model_is_read_only_where_it_is_served() -> None:
    """A compromised server must not change what the next start loads."""
    _, server = containers()

    assert {"name": "model", "mountPath": "/mnt/model", "readOnly": True} in server["volumeMounts"]


def test_a_restricted_namespace_admits_the_pod() -> None:
    """Pod Security `restricted` is the strictest standard there is."""
    spec = rendered()["spec"]

    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
    assert all("emptyDir" in volume for volume in spec["volumes"])
    assert "runAsUser" not in str(spec)


def test_the_grace_period_is_long_enough_to_drain_and_finish() -> None:
    """A shorter one kills requests in flight."""
    spec = rendered(
        modeldeployment().predictor(server={"drainSeconds": 20, "requestTimeoutSeconds": 90}).raw()
    )

    assert spec["spec"]["terminationGracePeriodSeconds"] == 20 + 90 + 5


def test_probes_go_to_their_own_port() -> None:
    """A server whose workers are all busy must not be killed for it."""
    _, server = containers(modeldeployment().predictor(server={"startupTimeoutSeconds": 42}).raw())

    probes = {name: server[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {probe["httpGet"]["port"] for probe in probes.values()} == {"probes"}
    assert {name: probe["httpGet"]["path"] for name, probe in probes.items()} == {
        "startupProbe": "/readyz",
        "readinessProbe": "/readyz",
        "livenessProbe": "/livez",
    }
    assert (probes["startupProbe"]["periodSeconds"], probes["startupProbe"]["failureThreshold"]) == (1, 42)
    assert [(port["name"], port["containerPort"], port["protocol"]) for port in server["ports"]] == [
        ("http", 8080, "TCP"),
        ("grpc", 8081, "TCP"),
        ("probes", 8082, "TCP"),
    ]


def test_a_users_label_never_replaces_ours() -> None:
    """Whoever could choose the track label could take another model's traffic."""
    raw = modeldeployment().predictor(labels={"team": "flowers"}).raw()
    labels = rendered(raw)["metadata"]["labels"]

    assert labels == {
        "team": "flowers",
        "slipway.dev/modeldeployment": "iris",
        "slipway.dev/predictor": "main",
        "slipway.dev/revision": "6f8d9c7b5",
        "app.kubernetes.io/managed-by": "slipway",
        "app.kubernetes.io/name": "iris",
    }


def test_what_kubernetes_knows_better_passes_through() -> None:
    """Scheduling fields are Kubernetes' own words."""
    raw = fixed_size()
    predictor, spec = raw["spec"]["predictors"][0], rendered(raw)["spec"]

    for name in (
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
        "priorityClassName",
        "imagePullSecrets",
        "serviceAccountName",
    ):
        assert spec[name] == predictor[name]


def test_empty_fields_are_left_out() -> None:
    """An empty list in an apply never settles: the server drops it."""
    spec = rendered()["spec"]

    assert not {"nodeSelector", "tolerations", "affinity", "imagePullSecrets"} & spec.keys()
    assert "resources" not in spec["containers"][0]


def test_both_containers_ask_for_the_same_resources() -> None:
    """A quota that demands limits of every container must be satisfied."""
    puller, server = containers(fixed_size())

    assert puller["resources"] == server["resources"] == fixed_size()["spec"]["predictors"][0]["resources"]


@pytest.mark.parametrize(("pinned", "image"), [(None, "slipway-runtime:1"), ("mine:2", "mine:2")])
def test_the_image_is_the_operators_unless_pinned(pinned: str | None, image: str) -> None:
    """A platform team may hold a runtime back."""
    puller, server = containers(modeldeployment().predictor(runtimeImage=pinned).raw())

    assert puller["image"] == server["image"] == image


@pytest.mark.parametrize("raw", [modeldeployment().raw(), fixed_size()])
def test_what_we_render_is_what_we_would_accept(raw: dict[str, Any]) -> None:
    """The allow-list for stored templates must not refuse our own."""
    assert violation(rendered(raw)) == ""


def test_two_renderings_are_equal() -> None:
    """A template that differed from look to look would restart pods for ever."""
    assert rendered(fixed_size()) == rendered(fixed_size())


PARAMETERS = [
    {"name": "method", "type": "STRING", "value": "predict_proba"},
    {"name": "allow_native", "type": "BOOL", "value": "true"},
]


def graph_of(**fields: Any) -> dict[str, Any]:
    """A manifest whose graph has these fields."""
    graph = modeldeployment().raw()["spec"]["predictors"][0]["graph"]
    return modeldeployment().predictor(graph={**graph, "envSecretRefName": "s3", **fields}).raw()


@pytest.mark.parametrize("implementation", ["SKLEARN_SERVER", "MLFLOW_SERVER"])
def test_what_may_be_a_pickle_is_opened_by_a_container_without_credentials(implementation: str) -> None:
    """A pickle is a program: it meets no secret, no traffic, and no folder that the server writes."""
    found = rendered(graph_of(implementation=implementation, parameters=PARAMETERS))
    (puller, converter), server = found["spec"]["initContainers"], found["spec"]["containers"][0]

    assert (puller["name"], converter["name"]) == ("puller", "converter")
    assert converter["args"] == ["convert", "/mnt/model", "/mnt/converted"]
    assert "envFrom" not in converter
    assert env(converter) == {
        "SLIPWAY_IMPLEMENTATION": implementation,
        "SLIPWAY_PARAMETERS": '{"allow_native": true, "method": "predict_proba"}',
        "HOME": TMP_DIR,
    }
    assert converter["volumeMounts"] == [
        {"name": "model", "mountPath": "/mnt/model", "readOnly": True},
        {"name": "converted", "mountPath": "/mnt/converted"},
    ]
    assert {"name": "converted", "mountPath": "/mnt/converted", "readOnly": True} in server["volumeMounts"]
    assert env(server)["SLIPWAY_CONVERTED_DIR"] == "/mnt/converted"
    assert env(server)["SLIPWAY_PARAMETERS"] == env(converter)["SLIPWAY_PARAMETERS"]
    assert {"name": "converted", "emptyDir": {}} in found["spec"]["volumes"]
    assert converter["securityContext"] == server["securityContext"]
    assert violation(found) == ""


@pytest.mark.parametrize("implementation", ["ONNX_SERVER", "XGBOOST_SERVER", "LIGHTGBM_SERVER"])
def test_what_is_data_needs_no_converter(implementation: str) -> None:
    """The server converts by itself, in a process of its own: one container less to wait for."""
    found = rendered(graph_of(implementation=implementation))

    assert [container["name"] for container in found["spec"]["initContainers"]] == ["puller"]
    assert [volume["name"] for volume in found["spec"]["volumes"]] == ["model", "tmp"]
    assert "SLIPWAY_CONVERTED_DIR" not in env(found["spec"]["containers"][0])
