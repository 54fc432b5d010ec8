"""The Debian packages a cluster needs."""

from localcluster.packages import CONTROL_PLANE, NODE, install_command, missing


def test_only_packages_of_missing_programs_are_named_once_each() -> None:
    """The message or the installation must not bother with what is there."""
    there = {"ip", "mount", "openssl", "iptables"}
    assert missing(NODE, lambda program: program if program in there else None) == ["runc", "util-linux"]


def test_a_complete_machine_misses_nothing() -> None:
    """`up` then runs no apt-get, which works offline and for CI images that have it all."""
    assert missing(NODE, lambda program: f"/usr/bin/{program}") == []


def test_a_control_plane_alone_needs_no_container_runtime() -> None:
    """API tests run where runc and iptables cannot be installed."""
    assert not {"runc", "iptables"} & set(CONTROL_PLANE)


def test_the_command_a_user_is_told_is_the_one_that_is_run() -> None:
    """It is printed for those who are not root, ready to be copied."""
    expected = "apt-get install --yes --no-install-recommends runc util-linux"
    assert " ".join(install_command(["runc", "util-linux"])) == expected
