"""The words of the command line."""

from pathlib import Path

import pytest

from localcluster import cli
from localcluster.errors import ClusterError
from localcluster.kind import Kind
from localcluster.native import Native, become
from localcluster.settings import Settings


@pytest.mark.parametrize(
    ("words", "own", "passed"),
    [
        ("kubectl -n x get pods --name y", "kubectl", "-n x get pods --name y"),
        ("--name t1 helm list -A", "--name t1 helm", "list -A"),
        ("--name=t1 kubectl get --help", "--name=t1 kubectl", "get --help"),
        ("exec -- sh -c true", "exec", "sh -c true"),
        ("exec --name t1 --node -- ctr -n k8s.io", "exec --name t1 --node", "ctr -n k8s.io"),
        ("exec curl -v http://x", "exec", "curl -v http://x"),
        ("up --name exec", "up --name exec", ""),
        ("--name kubectl status", "--name kubectl status", ""),
        ("--help", "--help", ""),
    ],
)
def test_words_for_another_program_reach_it_untouched(words: str, own: str, passed: str) -> None:
    """`cluster kubectl -n x …` must not take kubectl's options for its own."""
    assert cli.split(words.split()) == (own.split(), passed.split())


@pytest.mark.parametrize("words", ["--name t1 up", "up --name t1"])
def test_the_name_may_stand_before_or_after_the_command(words: str) -> None:
    """Both are habits of other tools; one must not silently lose the name."""
    assert cli.parser().parse_args(words.split()).name == "t1"


def test_pod_metrics_come_with_every_node() -> None:
    """Autoscaling is part of the product and must work without a further word."""
    assert cli.addons([], with_node=True) == ("metrics",)
    assert cli.addons(["s3", "s3"], with_node=True) == ("metrics", "s3")
    assert cli.addons([], with_node=False) == ()


def test_an_add_on_without_a_node_is_refused() -> None:
    """Its pod would stay pending for ever."""
    with pytest.raises(ClusterError, match="--addon s3 needs a node"):
        cli.addons(["s3"], with_node=False)


def test_an_unknown_backend_is_named(tmp_path: Path) -> None:
    """A typing error must not silently choose the other one."""
    with pytest.raises(ClusterError, match="'kid' must be native or kind"):
        cli.choose("kid", Settings("t1", tmp_path, tmp_path))


def test_the_word_decides_between_the_backends(tmp_path: Path) -> None:
    """Also where Docker answers or does not."""
    settings = Settings("t1", tmp_path, tmp_path)
    assert isinstance(cli.choose("native", settings), Native)
    assert isinstance(cli.choose("kind", settings), Kind)


@pytest.mark.parametrize(("file", "backend"), [("kind.json", Kind), ("plan.json", Native)])
def test_a_cluster_keeps_the_backend_it_was_made_with(file: str, backend: type, tmp_path: Path) -> None:
    """`down` must find it even when Docker was started or stopped since."""
    settings = Settings("t1", tmp_path, tmp_path)
    settings.home.mkdir(parents=True)
    (settings.home / file).touch()
    assert isinstance(cli.choose(None, settings), backend)


def test_an_error_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Users read what to do, not a traceback."""
    monkeypatch.setenv("SLIPWAY_CLUSTER", "Not A Name")
    assert cli.main(["status"]) == 1
    out = capsys.readouterr()
    assert out.err.startswith("cluster: cluster name 'Not A Name' must be")
    assert "Traceback" not in out.err


def test_status_of_nothing_is_not_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that asks before `up` must be able to tell."""
    monkeypatch.setenv("SLIPWAY_STATE", str(tmp_path))
    assert cli.main(["status", "--json", "--backend", "native"]) == cli.NOT_WELL
    assert '"state": "absent"' in capsys.readouterr().out


def test_a_program_that_is_not_there_is_named() -> None:
    """`cluster exec -- crul` is a typing error, not a broken cluster."""
    with pytest.raises(ClusterError, match="no program 'crul' on the PATH"):
        become(["crul"], {"PATH": "/usr/bin"})


def test_the_help_explains_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the only documentation most people read."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for word in (
        "up",
        "down",
        "status",
        "env",
        "exec",
        "load",
        "logs",
        "stop",
        "start",
        "s3-put",
        "build",
        "SLIPWAY_CACHE",
    ):
        assert word in text
