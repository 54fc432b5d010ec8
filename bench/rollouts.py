"""Slipway's operator beside Argo Rollouts: the same rollouts on the same cluster, in one run.

    python bench/rollouts.py [--part scale|update] [--objects 1000] [--rate 100] [--updates 20] [--out FILE]

scale: as many blue-green models are created, then given another model, once as ModelDeployments under
Slipway and once as Rollouts with two Services under Argo Rollouts: the same pods, the same client, the same
rate, each on a fresh control plane of the project's own local cluster, with fake nodes.

update: one model of two real pods is given another version again and again under open-loop load, once driven
by Slipway and once by Argo Rollouts.

Argo's controller and the fake nodes are compiled from pinned Go modules on first use. Needs root, as the
local cluster does. Exit status 0: every bar holds; 1: one does not.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

# Programs of the tree, not installed packages.
sys.path.append(str(Path(__file__).resolve().parents[1] / "hack" / "cluster"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "hack" / "demo"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "hack" / "load"))

from slipway_bench.environment import RESULTS, processor, say
from slipway_bench.table import Row
from slipway_rollouts import scale, table, update
from slipway_rollouts.contestants import Contestant, argo, slipway
from slipway_rollouts.template import Wish

FULL = 1_000
PARTS = ("scale", "update")
EVERYBODY = 2
"""As many peers as there are."""


def main() -> int:
    """Measure, print the tables, fail where a bar does not hold."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with this program
    sections: list[tuple[str, list[Row]]] = []
    if arguments.part != "update":
        sections += _scale(arguments)
    if arguments.part != "scale":
        peers = (argo,) if arguments.peers else ()
        sections.append(table.update_section(update.run([slipway, *peers], arguments.updates)))
    text = table.page(_setting(arguments), sections)
    sys.stdout.write(text)
    full = arguments.part is None and arguments.objects >= FULL
    if out := arguments.out or (RESULTS / "rollouts.md" if full else None):
        out.write_text(text)
    missed = sum(row.holds is False for _, rows in sections for row in rows)
    say("every bar holds" if not missed else f"{missed} bars do not hold")
    return 1 if missed else 0


def _scale(arguments: argparse.Namespace) -> list[tuple[str, list[Row]]]:
    everybody: list[Callable[[Wish], Contestant]] = [slipway, argo, partial(argo, unlimited=True)]
    contestants = [make(Wish()) for make in everybody[: arguments.peers + 1]]
    return table.sections(scale.run(contestants, scale.Plan(arguments.objects, arguments.rate)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, help="one of the two; without it both")
    parser.add_argument("--objects", type=int, default=FULL, help="how many models")
    parser.add_argument(
        "--rate", type=float, default=100.0, help="how many of them are asked for in a second"
    )
    parser.add_argument("--updates", type=int, default=20, help="how many updates under load")
    parser.add_argument(
        "--peers",
        type=int,
        default=EVERYBODY,
        choices=range(EVERYBODY + 1),
        help="0: Slipway alone; 1: and Argo; 2: and Argo unlimited",
    )
    parser.add_argument(
        "--out", type=Path, help="write the tables there; a full run writes bench/results/rollouts.md"
    )
    return parser.parse_args()


def _setting(arguments: argparse.Namespace) -> str:
    words, told = [f"--part {arguments.part}"] if arguments.part else [], []
    if arguments.part != "update":
        words += [f"--objects {arguments.objects}", f"--rate {arguments.rate:g}"]
        told += [
            f"At scale: {arguments.objects:,} blue-green models of one pod, {arguments.rate:g} a second."
        ]
    if arguments.peers != EVERYBODY:
        words += [f"--peers {arguments.peers}"]
    if arguments.part != "scale":
        words += [f"--updates {arguments.updates}"]
        told += ["Updates: medians, in brackets the worst."]
    lines = (
        f"`python bench/rollouts.py {' '.join(words)}`, {datetime.now(UTC):%Y-%m-%d},",
        f"{os.cpu_count()} x {processor()}, shared by controller, cluster, client and load.",
        "CPU, peak memory and writes are the controller's, up to the end of all work.",
        *told,
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
