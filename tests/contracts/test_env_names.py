from __future__ import annotations

import re
from dataclasses import fields

from slipway_operator.api.rules import ENV_NAME, env_name_allowed
from slipway_operator.core.objects.allowlist import OWN_ENV
from slipway_runtime.settings import PullSettings, ServeSettings, env_name

READ_BY_THE_RUNTIME = {
    env_name(setting) for kind in (PullSettings, ServeSettings) for setting in fields(kind)
}
OFFERED = set(re.findall(r"SLIPWAY_[A-Z_]+", ENV_NAME.checks[0].must))


def test_every_variable_offered_is_one_that_the_runtime_reads() -> None:
    """A variable that nobody reads would be accepted and ignored."""
    assert OFFERED
    assert set() == OFFERED - READ_BY_THE_RUNTIME


def test_the_message_offers_what_is_allowed() -> None:
    """Who reads a refusal tries what it offers."""
    assert all(env_name_allowed(name) for name in OFFERED)
    assert {name for name in READ_BY_THE_RUNTIME if env_name_allowed(name)} == OFFERED


def test_what_the_operator_sets_is_not_for_users() -> None:
    """Of two values for one variable only the last would count."""
    assert [name for name in OWN_ENV if env_name_allowed(name)] == []


def test_no_variable_opens_a_door() -> None:
    """Files to write, addresses to trust and code to load are not a tenant's to choose."""
    for name in (
        "SLIPWAY_TERMINATION_LOG",
        "SLIPWAY_ALLOW_LOCAL_ADDRESSES",
        "LD_PRELOAD",
        "PYTHONPATH",
        "HOME",
    ):
        assert not env_name_allowed(name)
