"""`slipway-operator run` and `slipway-operator render FILE`: what they take and how they end.

Exit codes: 0 all well, 1 the operator had to stop, 2 it was asked for something impossible. What a
person can put right is one readable line on standard error, never a traceback. The heavy imports
(kopf, kubernetes) come when `run` really runs, so that `--help` and `render` answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from slipway_operator.settings import Settings, SettingsError, add_flags, settings_from

OK, STOPPED, IMPOSSIBLE = 0, 1, 2
EPILOG: Final = "Every flag can be given as the environment variable in its brackets; the flag wins."


def parser() -> argparse.ArgumentParser:
    """Both commands with all their flags."""
    root = argparse.ArgumentParser(
        prog="slipway-operator",
        description="Runs machine-learning models that are declared as ModelDeployments.",
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="watch ModelDeployments and make them so", epilog=EPILOG)
    add_flags(run)
    render = commands.add_parser(
        "render", help="print the objects a manifest would produce, without a cluster", epilog=EPILOG
    )
    render.add_argument("file", metavar="FILE", help="YAML with ModelDeployments; - is standard input")
    add_flags(render, only=("runtime_image",))
    return root


def run_command(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Carries out one command line; answers the exit code."""
    flags = vars(parser().parse_args(arguments))
    try:
        settings = settings_from(flags, environ)
        return _render(flags["file"], settings) if flags["command"] == "render" else _run(settings, environ)
    except (SettingsError, OSError) as error:
        print(f"slipway-operator: {error}", file=sys.stderr)  # noqa: T201 -- a terminal is the place for it
        return IMPOSSIBLE


def _render(file: str, settings: Settings) -> int:
    from slipway_operator.cli.render import render  # noqa: PLC0415 -- `run` needs no YAML

    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    rendered = render(text, settings.runtime_image)
    sys.stdout.write(rendered.text)
    for error in rendered.errors:
        print(error, file=sys.stderr)  # noqa: T201 -- a terminal is the place for it
    return IMPOSSIBLE if rendered.errors else OK


def _run(settings: Settings, environ: Mapping[str, str]) -> int:
    from slipway_operator.cli.run import run  # noqa: PLC0415 -- kopf and kubernetes take two seconds

    return run(settings, environ)
