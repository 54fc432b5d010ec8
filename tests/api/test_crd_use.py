from __future__ import annotations

import json
from typing import Any

import pytest

from api_server import MODELDEPLOYMENTS, ApiServer
from crd_schema import fields
from manifests import GRAPH, changed, minimal

SERVING: dict[str, Any] = {
    "apiVersion": "slipway.dev/v1alpha1",
    "kind": "ModelDeployment",
    "metadata": {"name": "iris"},
    "status": {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "selector": "slipway.dev/modeldeployment=iris,slipway.dev/predictor=main,slipway.dev/track=rolling",
        "url": "http://iris.models.svc",
        "revision": "6f8d9c7b5",
        "replicasSummary": "2/2",
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-21T10:00:00Z",
                "reason": "Serving",
                "message": "",
            }
            for kind in ("Ready", "Available")
        ],
        "predictors": [
            {
                "name": "main",
                "desiredRevision": "6f8d9c7b5",
                "activeRevision": "6f8d9c7b5",
                "replicas": 2,
                "readyReplicas": 2,
                "availableReplicas": 2,
                "model": {
                    "uri": "s3://models/iris/3",
                    "digest": "sha256:" + "0" * 64,
                    "sizeBytes": 1234,
                    "pullSeconds": 0.25,
                },
                "url": "http://iris.models.svc",
                "message": "",
            }
        ],
    },
}


@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
def test_an_object_nobody_has_seen_is_not_healthy(
    api_server: ApiServer, namespace: str, *, server_side: bool
) -> None:
    """`helm --wait` and Flux compare generations: without the -1 they would report success at once."""
    options = ["--server-side"] if server_side else []
    answer = api_server.kubectl("apply", *options, "-n", namespace, "-f", "-", "-o", "json", stdin=minimal())
    assert json.loads(answer)["status"] == {"observedGeneration": -1}
    read = json.loads(api_server.kubectl("get", "mdep", "-n", namespace, "iris", "-o", "json"))
    assert read["status"] == {"observedGeneration": -1}
    assert read["metadata"]["generation"] == 1


def test_a_status_that_a_user_writes_is_dropped(api_server: ApiServer, namespace: str) -> None:
    """Only the status subresource writes the status, and users have no right to it."""
    forged = minimal() | {"status": {"observedGeneration": 1, "url": "http://evil"}}
    answer = api_server.kubectl("create", "-n", namespace, "-f", "-", "-o", "json", stdin=forged)
    assert json.loads(answer)["status"] == {"observedGeneration": -1}


def test_the_spec_stays_as_it_was_written(api_server: ApiServer, namespace: str) -> None:
    """What the API server added would show as drift in Argo CD for ever."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    read = json.loads(api_server.kubectl("get", "mdep", "-n", namespace, "iris", "-o", "json"))
    assert read["spec"] == minimal()["spec"]


def test_the_status_is_applied_as_the_operator_applies_it(api_server: ApiServer, namespace: str) -> None:
    """A status field that the schema does not have would make every status write fail."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    applied = api_server.kubectl(
        "apply",
        "-n",
        namespace,
        "--server-side",
        "--subresource=status",
        "-f",
        "-",
        "-o",
        "json",
        stdin=SERVING,
    )
    assert json.loads(applied)["status"] == SERVING["status"]
    table = api_server.kubectl("get", "mdep", "-n", namespace, "-o", "wide").splitlines()
    assert table[0].split() == ["NAME", "READY", "REASON", "REVISION", "REPLICAS", "MODEL", "URL", "AGE"]
    assert table[1].split()[:7] == [
        "iris",
        "True",
        "Serving",
        "6f8d9c7b5",
        "2/2",
        "s3://models/iris/3",
        "http://iris.models.svc",
    ]


def test_the_category_lists_modeldeployments(api_server: ApiServer, namespace: str) -> None:
    """`kubectl get slipway` is easier to remember than a plural."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    assert "modeldeployment.slipway.dev/iris" in api_server.kubectl(
        "get", "slipway", "-n", namespace, "-o", "name"
    )


def test_kubectl_scale_writes_the_replicas(api_server: ApiServer, namespace: str) -> None:
    """Scaling by hand must work on the smallest manifest too, which names no replicas."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    api_server.kubectl("scale", "-n", namespace, "mdep/iris", "--replicas=3")
    assert (
        api_server.kubectl("get", "mdep", "-n", namespace, "iris", "-o", "jsonpath={.spec.replicas}") == "3"
    )


def test_an_autoscaler_of_ones_own_finds_size_and_selector(api_server: ApiServer, namespace: str) -> None:
    """An HPA or KEDA on the ModelDeployment reads the scale subresource; it fails without a selector."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=changed(minimal(), {"spec.replicas": 2}))
    api_server.kubectl(
        "apply", "-n", namespace, "--server-side", "--subresource=status", "-f", "-", stdin=SERVING
    )
    scale = api_server.http.get(MODELDEPLOYMENTS.format(namespace=namespace) + "/iris/scale").json()
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 2, "selector": SERVING["status"]["selector"]}


def test_without_replicas_there_is_nothing_an_autoscaler_of_ones_own_can_read(
    api_server: ApiServer, namespace: str
) -> None:
    """Kubernetes answers an error here, so the spec page says: set replicas once."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    scale = api_server.http.get(MODELDEPLOYMENTS.format(namespace=namespace) + "/iris/scale").json()
    assert scale["message"].endswith('the spec replicas field ".spec.replicas" does not exist')


def test_a_generated_name_is_allowed(api_server: ApiServer) -> None:
    """Pipelines let the API server choose names."""
    generated = changed(minimal(), {"metadata": {"generateName": "iris-"}})
    taken, answer = api_server.try_create(generated, "default")
    assert taken, answer
    assert answer["metadata"]["name"].startswith("iris-")


def test_two_managers_may_own_parts_of_one_predictor(api_server: ApiServer, namespace: str) -> None:
    """Platform defaults and a team's model may come from two places: lists merge by name."""
    team = changed(minimal(), {"spec.predictors.0.env": [{"name": "TZ", "value": "UTC"}]})
    platform = changed(minimal(), {"spec.predictors.0.env": [{"name": "OMP_NUM_THREADS", "value": "1"}]})
    for manager, manifest in (("team", team), ("platform", platform)):
        api_server.kubectl(
            "apply", "-n", namespace, "--server-side", f"--field-manager={manager}", "-f", "-", stdin=manifest
        )
    names = api_server.kubectl(
        "get", "mdep", "-n", namespace, "iris", "-o", "jsonpath={.spec.predictors[0].env[*].name}"
    )
    assert sorted(names.split()) == ["OMP_NUM_THREADS", "TZ"]


def test_another_model_is_a_new_generation(api_server: ApiServer, namespace: str) -> None:
    """The generation is what the whole status is measured against."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=minimal())
    api_server.kubectl(
        "apply",
        "-n",
        namespace,
        "-f",
        "-",
        stdin=changed(minimal(), {f"{GRAPH}.modelUri": "s3://models/iris/4"}),
    )
    assert (
        api_server.kubectl("get", "mdep", "-n", namespace, "iris", "-o", "jsonpath={.metadata.generation}")
        == "2"
    )


def test_kubectl_explains_every_field(api_server: ApiServer) -> None:
    """The manual at hand must know everything, not only the top."""
    document = json.loads(api_server.http.get("/openapi/v3/apis/slipway.dev/v1alpha1").text)
    (schema,) = (
        schema
        for name, schema in document["components"]["schemas"].items()
        if name.endswith(".ModelDeployment")
    )
    silent = [field.path for field in fields(schema) if field.name and not field.schema.get("description")]
    assert [path for path in silent if not path.startswith("metadata")] == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("mdep", "without losing a request"),
        ("mdep.spec.replicas", "the target of `kubectl scale`"),
        ("mdep.spec.predictors.graph.modelUri", "s3://bucket/key"),
        ("mdep.spec.predictors.affinity.podAntiAffinity", "stay away from"),
        ("mdep.status.conditions", "a person is needed"),
    ],
)
def test_kubectl_explain_speaks(api_server: ApiServer, path: str, words: str) -> None:
    """What people type is `kubectl explain`, not an OpenAPI document."""
    assert words in " ".join(api_server.kubectl("explain", path).split())
