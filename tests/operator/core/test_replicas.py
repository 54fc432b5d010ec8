"""Who writes `replicas`: the table of the design, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import md_of, modeldeployment
from scenes import observed, settled, the_deployment
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.observed import Deployment
from slipway_operator.core.replicas import resize, size_at_creation

CPU = {"requests": {"cpu": 1}}
HPA, US, CREATOR = "kube-controller-manager", "slipway-replicas", "slipway"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    """A Deployment of two pods."""
    return the_deployment(settled())


def sized(replicas: int | None = None) -> ModelDeployment:
    """No autoscaler."""
    return md_of(modeldeployment().replicas(replicas).raw())


def autoscaled(minimum: int = 2, maximum: int = 5) -> ModelDeployment:
    """With an autoscaler."""
    return md_of(modeldeployment().hpa(minimum, maximum).predictor(resources=CPU).raw())


TABLE = [
    # situation, live size, owners, an apply without it follows, expected write
    ("at rest", sized(2), 2, [CREATOR], False, None),
    ("before the first apply without it", sized(2), 2, [CREATOR], True, 2),
    ("handed over already", sized(2), 2, [CREATOR, US], True, None),
    ("the spec changed", sized(4), 2, [US], False, 4),
    ("changed by hand", sized(2), 7, ["kubectl-scale"], False, 2),
    ("nothing said: the live size stays", sized(), 7, [US], False, None),
    ("nothing said: taken from somebody's hand", sized(), 7, ["kubectl-scale"], False, 7),
    ("nothing said, and an apply follows", sized(), 7, [CREATOR], True, 7),
    ("scaled to zero", sized(0), 2, [US], False, 0),
    ("autoscaled: never again", autoscaled(), 4, [HPA], True, None),
    ("autoscaled: out of limits is the autoscaler's business", autoscaled(), 1, [HPA], False, None),
    ("autoscaler just set, and an apply follows", autoscaled(), 3, [CREATOR], True, 3),
    ("an autoscaler does nothing at zero", autoscaled(), 0, [US], False, 2),
    ("autoscaler gone: the live size is taken back", sized(), 4, [HPA], False, 4),
    ("autoscaler gone: what the spec says", sized(3), 4, [HPA], False, 3),
    ("owned by us and somebody else", sized(2), 2, ["kubectl-scale", CREATOR], True, None),
]


@pytest.mark.parametrize(("situation", "md", "live", "owners", "omitting", "expected"), TABLE)
def test_the_table_of_writers(  # noqa: PLR0917 -- one argument for each column of the table
    deployment: Deployment,
    situation: str,
    md: ModelDeployment,
    live: int,
    owners: list[str],
    omitting: bool,  # noqa: FBT001 -- a column
    expected: int | None,
) -> None:
    """Every dip in `replicas` of the peers is a row here."""
    found = resize(md, replace(deployment, size=live, replicas_owners=owners), omitting=omitting)

    assert (found.replicas if found else None) == expected, situation


def test_every_write_is_guarded_by_what_was_looked_at(deployment: Deployment) -> None:
    """An autoscaler that writes in between must win."""
    found = resize(sized(4), deployment, omitting=False)

    assert found is not None
    assert (found.uid, found.resource_version) == (deployment.uid, deployment.resource_version)
    assert found.manager == "slipway-replicas"


@pytest.mark.parametrize(
    ("md", "live", "expected"),
    [
        (sized(), None, 1),
        (sized(3), None, 3),
        (sized(0), None, 0),
        (sized(), 4, 4),
        (sized(2), 4, 2),
        (autoscaled(), None, 2),
        (autoscaled(), 4, 4),
        (autoscaled(), 9, 5),
        (autoscaled(), 1, 2),
    ],
)
def test_a_new_set_comes_up_at_the_live_size(md: ModelDeployment, live: int | None, expected: int) -> None:
    """What replaces six pods must be six pods."""
    assert size_at_creation(md, live) == expected


def test_a_set_that_is_not_active_yet_follows_the_one_it_replaces(deployment: Deployment) -> None:
    """While it comes up, the old one may grow."""
    waiting = replace(deployment, size=2, replicas_owners=[US])

    found = resize(autoscaled(), waiting, omitting=False, wanted=4)

    assert found is not None
    assert found.replicas == 4


@pytest.mark.parametrize(
    ("md", "live", "expected"),
    [
        (sized(6), 4, None),
        (sized(), 4, None),
        (sized(0), 4, 0),
        (sized(0), 0, None),
        (sized(6), 0, 2),
        (autoscaled(), 9, None),
    ],
)
def test_a_set_of_a_former_predictor_keeps_its_autoscaler(
    md: ModelDeployment, live: int, expected: int | None
) -> None:
    """While a rename waits for a model that fails, two writers of one number would never rest."""
    former = settled(lambda one: one.hpa(2, 5).predictor(name="former", resources=CPU))
    seen = observed(former)
    (deployment,) = seen.deployments.values()
    still = replace(deployment, size=live, replicas_owners=[HPA])

    found = resize(md, still, omitting=True, autoscalers=seen.autoscalers.values())

    assert (found.replicas if found else None) == expected


def test_an_autoscaler_without_a_minimum_has_one(deployment: Deployment) -> None:
    """Kubernetes' own default."""
    md = md_of(modeldeployment().predictor(hpaSpec={"maxReplicas": 3}, resources=CPU).raw())

    assert size_at_creation(md) == 1
