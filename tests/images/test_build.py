"""`hack/images/build` as people run it, with an engine that only writes down what it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crd_schema import ROOT

BUILD = ROOT / "hack" / "images" / "build"
# A `docker` that notes its arguments, has no base image before it was pulled, and saves empty files.
ENGINE = """#!/bin/sh
printf '%s\\n' "docker $*" >>"$ENGINE_LOG"
case "$*" in
    "image inspect"*) test -e "$ENGINE_LOG.pulled" ;;
    pull*) touch "$ENGINE_LOG.pulled" ;;
    save*) : >"$3" ;;
    build*) exit "${BUILD_STATUS:-0}" ;;
esac
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the engine notes what it was told."""
    return tmp_path / "engine.log"


@pytest.fixture
def run(tmp_path: Path, log: Path) -> Run:
    """`run(arguments…, VARIABLE=…)` with that engine as `docker` and an empty cache."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker").write_text(ENGINE)
    (programs / "docker").chmod(0o755)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_CERT", "_CERT_FILE", "_BUNDLE", "_BASE_IMAGE"))
    }
    clean |= {
        "PATH": f"{programs}:{clean['PATH']}",
        "ENGINE_LOG": str(log),
        "SLIPWAY_CACHE": str(tmp_path / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
    }

    def started(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, BUILD, *words],
            env=clean | variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return started


def told(log: Path, verb: str) -> list[str]:
    """The engine's notes of one verb."""
    return [line for line in log.read_text().splitlines() if line.startswith(f"docker {verb} ")]


def test_each_image_is_one_line_of_name_reference_and_archive(run: Run) -> None:
    """Scripts read it: the demo loads the archives and gives the references to the chart."""
    done = run()
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [name for name, _, _ in rows] == ["operator", "runtime"]
    for name, reference, path in rows:
        assert reference.startswith(f"localhost/slipway/{name}:")
        assert Path(path).is_file()


def test_nothing_is_built_twice(run: Run, log: Path) -> None:
    """Building takes a minute; `make demo` and the tests ask for the images each time."""
    first = run()
    built = len(told(log, "build"))
    second = run()
    assert built == len(told(log, "build")) == 2
    assert second.stdout == first.stdout
    assert "nothing changed" in second.stderr


def test_a_build_knows_base_version_and_both_names(run: Run, log: Path) -> None:
    """The content tag is for clusters, the version for people who install the chart by hand."""
    reference = run("operator").stdout.split("\t")[1]
    (build,) = told(log, "build")
    assert f"--tag={reference} " in build
    assert f"--tag={reference.rpartition('-')[0]} " in build
    assert "--build-arg=BASE_IMAGE=python:" in build
    assert told(log, "save")[0].endswith(f"{reference} {reference.rpartition('-')[0]}")


def test_a_base_that_is_named_is_taken_without_asking(run: Run, log: Path) -> None:
    """Platform teams have hardened bases of their own."""
    run("operator", "--base", "registry.example.com/base:7")
    assert "--build-arg=BASE_IMAGE=registry.example.com/base:7 " in told(log, "build")[0]
    assert not told(log, "pull")


def test_a_private_certificate_authority_reaches_the_build_as_a_secret(
    run: Run, log: Path, tmp_path: Path
) -> None:
    """Behind a company's proxy nothing installs without it, and in a layer it would be for ever."""
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    run("operator", PIP_CERT=str(bundle))
    run("runtime", "--ca-certificates=none", PIP_CERT=str(bundle))
    operator, runtime = told(log, "build")
    assert f"--secret=id=ca-certificates,src={bundle} " in operator
    assert "ca-certificates" not in runtime


def test_a_failed_build_says_why_and_leaves_nothing_that_looks_built(
    run: Run, log: Path, tmp_path: Path
) -> None:
    """Half an archive that counts as cached would be loaded for ever after."""
    failed = run("operator", BUILD_STATUS="7")
    assert failed.returncode == 1
    assert "ended with status 7" in failed.stderr
    assert not list((tmp_path / "cache").rglob("operator-*"))
    assert run("operator").returncode == 0


def test_old_archives_go(run: Run, tmp_path: Path) -> None:
    """Each is some 300 MB; a day of work would fill a disk."""
    for number in range(3):
        run("operator", "--base", f"base:{number}")
    archives = list((tmp_path / "cache").rglob("operator-*.tar"))
    assert len(archives) == 2


def test_an_image_that_does_not_exist_is_refused(run: Run) -> None:
    """A typing error is no reason to build everything."""
    done = run("oprator")
    assert done.returncode == 2
    assert "operator" in done.stderr


def test_the_tree_is_what_is_built(run: Run, log: Path) -> None:
    """The context is the top of the tree, from wherever it is called."""
    run("operator")
    words = told(log, "build")[0].split()
    assert words[-1] == str(ROOT)
    assert json.dumps(words).count("--file=") == 1
