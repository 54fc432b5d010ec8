"""Slipway's operator beside Argo Rollouts: the same rollouts on the same control plane, in one run.

    python bench/rollouts.py [--objects 1000] [--rate 100] [--out FILE]

As many blue-green models are created, then given another model, once as ModelDeployments under Slipway and
once as Rollouts with two Services under Argo Rollouts: the same pod template, the same client, the same rate,
each on a fresh control plane of the project's own local cluster with fake nodes. Argo's controller and the
fake nodes are compiled from pinned Go modules on first use. Needs root, as the local cluster does. Exit
status 0: every bar holds; 1: one does not.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

# localcluster is a program of the tree, not an installed package.
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "hack" / "cluster"))

from slipway_bench.environment import RESULTS, processor, say
from slipway_rollouts import scale, table
from slipway_rollouts.contestants import argo, slipway

FULL = 1_000


def main() -> int:
    """Measure, print the tables, fail where a bar does not hold."""
    arguments = _arguments()
    peers = [argo(), argo(unlimited=True)][: arguments.peers]
    found = scale.run([slipway(), *peers], scale.Plan(arguments.objects, arguments.rate))
    sections = table.sections(found)
    text = table.page(_setting(arguments), sections)
    sys.stdout.write(text)
    out = arguments.out or (RESULTS / "rollouts.md" if arguments.objects >= FULL else None)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)
    missed = sum(row.holds is False for _, rows in sections for row in rows)
    say("every bar holds" if not missed else f"{missed} bars do not hold")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=FULL, help="how many models")
    parser.add_argument(
        "--rate", type=float, default=100.0, help="how many of them are asked for in a second"
    )
    parser.add_argument(
        "--peers",
        type=int,
        default=2,
        choices=(0, 1, 2),
        help="0: Slipway alone; 1: and Argo; 2: and Argo unlimited",
    )
    parser.add_argument(
        "--out", type=Path, help=f"write the tables there; {FULL} objects write bench/results/rollouts.md"
    )
    return parser.parse_args()


def _setting(arguments: argparse.Namespace) -> str:
    return (
        f"`python bench/rollouts.py --objects {arguments.objects} --rate {arguments.rate:g}`, "
        f"{datetime.now(UTC):%Y-%m-%d},\n"
        f"{os.cpu_count()} x {processor()}, shared by the controller, the control plane and the client.\n"
        f"{arguments.objects:,} blue-green models of one pod, {arguments.rate:g} a second."
    )


if __name__ == "__main__":
    sys.exit(main())
