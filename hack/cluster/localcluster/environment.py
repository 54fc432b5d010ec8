"""The environment in which kubectl, Helm and tests find a cluster."""

import os
import shlex
from collections.abc import Mapping

from localcluster.home import Home
from localcluster.settings import Settings


def variables(settings: Settings) -> dict[str, str]:
    """The variables that name the cluster, without PATH."""
    home = Home(settings.home)
    return {
        "KUBECONFIG": str(home.kubeconfig),
        "KUBECACHEDIR": str(home.root / "cache"),  # a later cluster on the same port is another one
        "SLIPWAY_CLUSTER": settings.name,
        "SLIPWAY_AUDIT_LOG": str(home.audit),
    }


def export(settings: Settings) -> str:
    """Lines for a shell's `eval`."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables(settings).items()]
    return "\n".join([*lines, f"export PATH={shlex.quote(str(Home(settings.home).bin))}:$PATH"])


def extended(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """An environment with the cluster's variables and programs in it."""
    path = os.pathsep.join([str(Home(settings.home).bin), environ.get("PATH", os.defpath)])
    return {**environ, **variables(settings), "PATH": path}
