"""What is compiled once and cached: Argo Rollouts' controller and kwok, and what their modules carry besides.

The manifests of a Go module (its CRDs, its stages) are read where Go keeps the module's source, so they are
of the very version that runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from localcluster import gobuild
from localcluster.build import Builder, go_program
from localcluster.modules import ARGO_ROLLOUTS, KWOK, Module
from localcluster.settings import settings_from
from localcluster.waiting import Progress

ARGO_MODULE = "github.com/argoproj/argo-rollouts"
KWOK_MODULE = "sigs.k8s.io/kwok"


def argo_controller() -> Path:
    """The program `rollouts-controller`."""
    return _program(ARGO_ROLLOUTS, "rollouts-controller")


def argo_version() -> str:
    """The pinned version, such as v1.10.1."""
    return ARGO_ROLLOUTS.version(ARGO_MODULE)


def argo_crds() -> list[Path]:
    """Files with the CustomResourceDefinitions of that version."""
    return sorted(_source(ARGO_ROLLOUTS, ARGO_MODULE).joinpath("manifests", "crds").glob("*-crd.yaml"))


def kwok() -> Path:
    """The program `kwok`."""
    return _program(KWOK, "kwok")


def kwok_stages() -> list[Path]:
    """Files that say what becomes of a fake node and of its pods: ready at once, gone at once."""
    stage = _source(KWOK, KWOK_MODULE) / "kustomize" / "stage"
    return [
        stage / "node" / "fast" / "node-initialize.yaml",
        stage / "node" / "heartbeat-with-lease" / "node-heartbeat-with-lease.yaml",
        stage / "pod" / "fast" / "pod-ready.yaml",
        stage / "pod" / "fast" / "pod-delete.yaml",
    ]


def _program(module: Module, name: str) -> Path:
    built = Builder(settings_from(os.environ).binaries, Progress(sys.stderr)).build([module])
    return built[module.name] / name


def _source(module: Module, path: str) -> Path:
    _go(module, "mod", "download", path)
    return Path(_go(module, "list", "-m", "-f", "{{.Dir}}", path))


def _go(module: Module, *words: str) -> str:
    done = subprocess.run(
        [go_program(), *words],
        cwd=module.folder,
        env=os.environ | gobuild.ENVIRONMENT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()
