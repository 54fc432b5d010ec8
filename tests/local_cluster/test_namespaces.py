"""Going into a cluster's namespaces, and finding who is still in there."""

from pathlib import Path

from localcluster import namespaces
from localcluster.home import Home


def test_a_command_in_the_network_keeps_the_callers_files_and_processes(tmp_path: Path) -> None:
    """Tests run through `exec` use their own virtual environment and temporary files."""
    line = namespaces.network_command(42, Home(tmp_path), ["pytest", "-q"])
    enter = line[: line.index("--")]
    assert enter == ["nsenter", "--net=/proc/42/ns/net"]
    assert line[-2:] == ["pytest", "-q"]


def test_a_command_on_the_node_is_in_all_of_its_namespaces() -> None:
    """Only there do crictl, iptables and mount show what the kubelet sees."""
    line = namespaces.node_command(42, ["ctr", "version"])
    assert {"--net", "--mount", "--pid", "--uts", "--ipc"} < set(line)
    assert line[-2:] == ["ctr", "version"]


def test_a_proxy_is_not_passed_on() -> None:
    """It could not be reached, and every client inside would hang on it."""
    environ = {"HTTPS_PROXY": "x", "no_proxy": "y", "HOME": "/h"}
    assert namespaces.network_environment(environ, "id1") == {"HOME": "/h", namespaces.ID_VARIABLE: "id1"}


def test_what_entered_is_found_by_its_mark_alone(tmp_path: Path) -> None:
    """`down` ends what `exec` left running, and nothing that merely looks alike."""
    marks = {
        "10": b"A=b\0SLIPWAY_CLUSTER_ID=one\0",
        "11": b"SLIPWAY_CLUSTER_ID=onemore\0",
        "12": b"A=SLIPWAY_CLUSTER_ID=one\0",
    }
    for pid, environ in marks.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "environ").write_bytes(environ)
    (tmp_path / "13").mkdir()  # ended in between
    (tmp_path / "self").mkdir()
    assert namespaces.entered("one", tmp_path) == [10]
