from __future__ import annotations

import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from slipway_operator.api.names import child_name

MODELDEPLOYMENTS = st.from_regex(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
PREDICTORS = st.from_regex(r"[a-z][a-z0-9]{0,14}", fullmatch=True)
ROLES = st.sampled_from(["", "hpa", "pdb"]) | st.from_regex(r"[0-9a-f]{9,10}", fullmatch=True)
DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
AMBIGUOUS = st.lists(st.text("ab", min_size=1, max_size=3), min_size=4, max_size=5)


@given(MODELDEPLOYMENTS, PREDICTORS, ROLES)
@example("a" * 40, "b" * 15, "0" * 10)
@example("a" + "-" * 38 + "a", "b" * 15, "0" * 10)
def test_every_childs_name_is_a_dns_label(modeldeployment: str, predictor: str, role: str) -> None:
    """A name that Kubernetes refuses would leave a valid ModelDeployment without pods."""
    assert DNS_LABEL.fullmatch(child_name(modeldeployment, predictor, role))


@given(AMBIGUOUS, st.integers(1, 3), st.integers(1, 3))
def test_names_that_read_alike_do_not_meet(parts: list[str], one: int, other: int) -> None:
    """`a-b` with predictor `c` and `a` with predictor `b-c` may live in one namespace."""
    assume(one != other)
    names = {child_name("-".join(parts[:cut]), "-".join(parts[cut:]), "") for cut in (one, other)}
    assert len(names) == 2


@given(MODELDEPLOYMENTS, PREDICTORS, st.lists(ROLES, min_size=2, max_size=2, unique=True))
@example("a" * 40, "b" * 15, ["0" * 10, "1" + "0" * 9])
def test_two_children_of_one_object_never_meet(
    modeldeployment: str, predictor: str, roles: list[str]
) -> None:
    """A revision must never be written over another one's frozen template."""
    assert child_name(modeldeployment, predictor, roles[0]) != child_name(
        modeldeployment, predictor, roles[1]
    )


@given(MODELDEPLOYMENTS, MODELDEPLOYMENTS, PREDICTORS, ROLES)
def test_a_child_never_takes_another_objects_service_name(
    one: str, other: str, predictor: str, role: str
) -> None:
    """`iris`'s children and an object called like one of them must not fight over a Service."""
    assume(one != other)
    assert child_name(one, predictor, role) != other
