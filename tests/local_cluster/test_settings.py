"""A cluster's name and folders."""

from pathlib import Path

import pytest

from localcluster.errors import ClusterError
from localcluster.settings import settings_from


def test_without_any_setting_the_standard_folders_are_used() -> None:
    """A user who sets nothing finds cache and state where other programs keep theirs."""
    settings = settings_from({"HOME": "/home/ada"})
    assert settings.name == "slipway"
    assert settings.binaries == Path("/home/ada/.cache/slipway/bin")
    assert settings.home == Path("/home/ada/.local/state/slipway/clusters/slipway")


def test_the_standard_variables_move_the_folders() -> None:
    """A user with XDG folders elsewhere expects them to be honoured."""
    settings = settings_from({"HOME": "/h", "XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"})
    assert (settings.cache, settings.state) == (Path("/c/slipway"), Path("/s/slipway"))


def test_our_own_variables_win_and_are_taken_as_they_are() -> None:
    """CI points the cache at a folder that it saves between runs."""
    environ = {
        "HOME": "/h",
        "XDG_CACHE_HOME": "/c",
        "SLIPWAY_CACHE": "/ci/cache",
        "SLIPWAY_STATE": "/ci/state",
    }
    settings = settings_from(environ)
    assert (settings.cache, settings.state) == (Path("/ci/cache"), Path("/ci/state"))


def test_the_word_on_the_command_line_wins_over_the_environment() -> None:
    """`--name other` must never touch the cluster that the environment names."""
    assert settings_from({"HOME": "/h", "SLIPWAY_CLUSTER": "one"}, "two").name == "two"
    assert settings_from({"HOME": "/h", "SLIPWAY_CLUSTER": "one"}).name == "one"


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "a_b", "a/b", "../x", "a-", "-a", "ä", "a b", "a" * 41, "a\n"]
)
def test_a_name_that_could_become_a_path_or_no_hostname_is_refused(name: str) -> None:
    """The name becomes a folder that `down` removes, a control group and a hostname."""
    if name == "":
        assert settings_from({"HOME": "/h"}, name).name == "slipway"
        return
    with pytest.raises(ClusterError, match="must be lower-case letters"):
        settings_from({"HOME": "/h"}, name)


def test_the_control_group_cannot_be_another_programs() -> None:
    """A cluster called docker must not remove Docker's control group."""
    assert settings_from({"HOME": "/h"}, "docker").cgroup == "slipway.docker"
