from __future__ import annotations

import re

import pytest

from crd_schema import fields, root
from documents import Document, documents, page
from slipway_operator.api.conditions import ConditionType, Reason
from slipway_operator.api.parse import parse
from slipway_operator.api.rules import ENV_NAME
from slipway_operator.api.types import Graph, ModelDeployment, RollingUpdate, Server, Spec

DOCUMENTS = list(documents())
ROWS = {
    name.strip("` "): [cell.strip() for cell in cells]
    for name, *cells in (line.strip("|").split("|") for line in page().splitlines() if line.startswith("| `"))
}
"""The page's tables by the code in their first cell."""
KUBERNETES_OWN = (
    "resources",
    "env",
    "metrics",
    "behavior",
    "tolerations",
    "affinity",
    "topologySpreadConstraints",
)
DEFAULTS = {
    "spec.minReadySeconds": Spec.MIN_READY_SECONDS,
    "spec.progressDeadlineSeconds": Spec.PROGRESS_DEADLINE_SECONDS,
    "spec.revisionHistoryLimit": Spec.REVISION_HISTORY_LIMIT,
    "spec.strategy.rollingUpdate.maxSurge": RollingUpdate.MAX_SURGE,
    "spec.strategy.rollingUpdate.maxUnavailable": RollingUpdate.MAX_UNAVAILABLE,
    "spec.predictors[].graph.implementation": Graph.IMPLEMENTATION,
    "spec.predictors[].server.drainSeconds": Server.DRAIN_SECONDS,
    "spec.predictors[].server.requestTimeoutSeconds": Server.REQUEST_TIMEOUT_SECONDS,
    "spec.predictors[].server.startupTimeoutSeconds": Server.STARTUP_TIMEOUT_SECONDS,
}


def documented_fields() -> list[str]:
    """What the table of fields has to name: every field down to where Kubernetes' own types begin."""
    paths = [field.path for field in fields(root()) if field.path.startswith("spec.") and field.name]
    inner = re.compile(rf"\.({'|'.join(KUBERNETES_OWN)}|imagePullSecrets)[.\[{{]")
    named = [path for path in paths if not inner.search(path)]
    return [path for path in named if not any(other.startswith(f"{path}.") for other in named)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_what_users_copy_is_understood(document: Document) -> None:
    """An example with a mistake in it is worse than none."""
    objects = document.objects()
    assert objects
    for one in objects:
        if one["kind"] == "ModelDeployment":
            parsed = parse(one)
            assert isinstance(parsed, ModelDeployment), [str(error) for error in parsed]


def test_there_are_examples_and_blocks() -> None:
    """A pattern that finds nothing would pass every other test."""
    assert len(DOCUMENTS) >= 8
    names = [one["metadata"]["name"] for document in DOCUMENTS for one in document.objects() if "spec" in one]
    assert len(set(names) - {"iris"}) == len([name for name in names if name != "iris"])


@pytest.mark.parametrize("path", documented_fields())
def test_the_page_has_every_field(path: str) -> None:
    """A field that is not on the page is found by nobody."""
    assert path in ROWS


def test_the_page_has_no_field_that_does_not_exist() -> None:
    """A field of an earlier time would be refused in everybody's hands."""
    known = {field.path for field in fields(root())}
    assert [path for path in ROWS if path.startswith("spec.") and path not in known] == []


@pytest.mark.parametrize(("path", "default"), DEFAULTS.items())
def test_the_page_names_the_true_defaults(path: str, default: object) -> None:
    """People leave out what they believe to be the default."""
    assert ROWS[path][-1].strip("`") == str(default)


@pytest.mark.parametrize("reason", Reason)
def test_the_page_explains_every_reason(reason: Reason) -> None:
    """A reason is the word that people search for at night: what it means and what to do."""
    sample, remedy = ROWS[reason]
    assert sample
    assert remedy


def test_the_page_has_no_reason_that_does_not_exist() -> None:
    """Alerts are written from this table."""
    table = page().split("| reason |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([A-Za-z]+)`", table, re.MULTILINE)) == {str(reason) for reason in Reason}


@pytest.mark.parametrize("condition", ConditionType)
def test_the_page_explains_every_condition(condition: ConditionType) -> None:
    """Who waits for one has to know what it promises."""
    assert ROWS[condition][0]


def test_the_page_offers_the_variables_that_are_allowed() -> None:
    """The refusal and the page must send people the same way."""
    offered = re.findall(r"[A-Z]{2,}(?:_[A-Z]+)*\*?", ENV_NAME.checks[0].must.replace("_*", ""))
    assert offered
    assert [name for name in offered if f"`{name}" not in ROWS["spec.predictors[].env"][0]] == []


def test_every_status_field_is_on_the_page() -> None:
    """A status that nobody can read is not truthful."""
    section = page().split("## Status")[1].split("## Debug")[0]
    leaves = {field.name for field in fields(root()["properties"]["status"]) if field.name}
    outside = {name for name in leaves if f"`{name}`" not in section and f".{name}`" not in section}
    assert (
        outside - {"type", "status", "lastTransitionTime", "reason", "message", "name", "predictors", "model"}
        == set()
    )
