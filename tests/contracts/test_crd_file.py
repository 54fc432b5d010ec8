from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crd_schema import CRD_FILE, ROOT, Field, crd, fields, root, version

FIELDS = list(fields(root()))
BAR_BYTES = 100_000
LONGEST_DESCRIPTION = 400


def _titles(field: Field) -> str:
    return field.path


def test_the_crd_is_small_enough_for_client_side_apply() -> None:
    """`kubectl apply` keeps the whole object in an annotation of at most 256 KiB."""
    size = len(json.dumps(crd(), separators=(",", ":")))
    assert size < BAR_BYTES, f"{size} bytes"


def test_the_crd_is_what_its_source_generates() -> None:
    """A change by hand would be lost at the next generation."""
    subprocess.run([sys.executable, ROOT / "hack" / "crd" / "generate", "--check"], check=True, timeout=60)


def test_the_chart_installs_the_same_crd() -> None:
    """What Helm installs and what `kubectl apply -f crds/` installs must not differ."""
    (copy,) = (ROOT / "charts" / "slipway").rglob("*modeldeployments*.yaml")
    assert copy.read_bytes() == CRD_FILE.read_bytes()


def test_nothing_is_accepted_without_a_type() -> None:
    """A blanket field is accepted and ignored, and `kubectl explain` cannot explain it."""
    for field in FIELDS:
        assert "x-kubernetes-preserve-unknown-fields" not in field.schema, field.path
        assert "x-kubernetes-embedded-resource" not in field.schema, field.path
        typed = "type" in field.schema or field.schema.get("x-kubernetes-int-or-string")
        assert typed, field.path
        inner = field.schema.keys() & {"properties", "additionalProperties"}
        assert field.schema.get("type") != "object" or inner or field.path == "metadata", field.path


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.name not in {"", "metadata"}], ids=_titles
)
def test_every_field_is_explained(field: Field) -> None:
    """`kubectl explain` is the manual that is at hand."""
    description = field.schema.get("description", "")
    assert description[:1].isupper(), description
    assert description.endswith("."), description
    assert len(description) <= LONGEST_DESCRIPTION, description


def test_only_the_status_has_a_default() -> None:
    """A default in the spec fights GitOps, and would change every revision the day it changes."""
    defaults = {field.path: field.schema["default"] for field in FIELDS if "default" in field.schema}
    assert defaults == {"status": {"observedGeneration": -1}}


def test_everything_in_the_spec_has_a_bound() -> None:
    """What is unbounded costs the API server memory, and CEL its budget."""
    for field in FIELDS:
        if not field.path.startswith("spec"):
            continue
        kind = field.schema.get("type")
        if kind == "string" and "enum" not in field.schema:
            assert "maxLength" in field.schema, field.path
        if kind == "array":
            assert "maxItems" in field.schema, field.path
            assert "x-kubernetes-list-type" in field.schema, field.path
        if "additionalProperties" in field.schema:
            assert "maxProperties" in field.schema, field.path
        if kind == "integer" and field.name != "tolerationSeconds":
            assert "minimum" in field.schema, field.path


def test_no_spec_field_is_a_float() -> None:
    """Floats do not survive a round through JSON unchanged, and so never settle."""
    assert [
        field.path
        for field in FIELDS
        if field.path.startswith("spec") and field.schema.get("type") == "number"
    ] == []


def test_no_field_reaches_into_another_namespace() -> None:
    """Creating a ModelDeployment must give nothing that creating pods in the namespace does not give."""
    reaching = {field.path for field in FIELDS if "namespace" in field.name.lower()}
    term = "{}.{}DuringSchedulingIgnoredDuringExecution[]{}.{}"
    allowed = {
        "spec.predictors[].affinity." + term.format(kind, strength, inner, name)
        for kind in ("podAffinity", "podAntiAffinity")
        for strength, inner in (("required", ""), ("preferred", ".podAffinityTerm"))
        for name in ("namespaces", "namespaceSelector")
    }
    assert reaching == allowed


def test_every_rule_tells_what_must_be() -> None:
    """A refusal has to say what to do instead."""
    for field in [Field("", root()), *FIELDS]:
        for rule in field.schema.get("x-kubernetes-validations", []):
            assert "must " in rule["message"], rule
            assert rule["message"].isascii(), rule


def test_the_table_shows_what_people_look_for() -> None:
    """`kubectl get mdep` must answer: is it ready, and if not, why."""
    columns = [
        (column["name"], column.get("priority", 0)) for column in version()["additionalPrinterColumns"]
    ]
    assert columns == [
        ("Ready", 0),
        ("Reason", 0),
        ("Revision", 0),
        ("Replicas", 0),
        ("Model", 1),
        ("URL", 1),
        ("Age", 0),
    ]


def test_the_names_are_the_contract() -> None:
    """Scripts, RBAC rules and dashboards spell these names out."""
    spec = crd()["spec"]
    assert (spec["group"], spec["scope"]) == ("slipway.dev", "Namespaced")
    assert spec["names"]["shortNames"] == ["mdep"]
    assert spec["names"]["categories"] == ["slipway"]
    assert version()["name"] == "v1alpha1"
    assert version()["subresources"]["scale"] == {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
