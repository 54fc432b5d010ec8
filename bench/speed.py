"""Slipway's model server beside its peers: every claim about speed, in one run.

    python bench/speed.py [--case NAME …] [--seconds 2] [--rounds 7] [--out FILE]

Every server gets the same model file and the same request, is asked for the same outputs, and has its answers
checked. Servers run on one core, the load on another; rounds are interleaved, so that whatever else the
machine does falls on all of them, and a ratio is the median of the rounds' ratios. Only ratios carry over to
another machine. Peers and load generators are installed on first use, outside the tree. Exit status 0: every
bar holds; 1: one does not, or its peer could not be had.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from slipway_bench import busy, contest, start, table, tail
from slipway_bench.cases import BUSY, CONTESTS, NAMES, STARTS, TAILS, Tail
from slipway_bench.environment import RESULTS, cores, processor, say


def main() -> int:
    """Measure, print the tables, fail where a bar does not hold."""
    arguments = _arguments()
    chosen = set(arguments.case or NAMES)
    server_core, load_core = cores()
    plan = contest.Plan(arguments.seconds, arguments.rounds, server_core, load_core)
    contests = [each for each in CONTESTS if each.name in chosen]
    tails = [each for each in TAILS if each.name in chosen]
    starts = [each for each in STARTS if each.name in chosen]
    crowded = [each for each in BUSY if each.name in chosen]
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = Path(name)
        found = contest.run(contests, plan, folder)
        tail_rows = [row for each in tails for row in _tail(each, plan, folder)]
        seconds = start.run(starts, plan.rounds, folder)
        answers = busy.run(crowded, plan, folder)
    contest_rows = [row for each in contests for row in table.contest_rows(each, found.runs, found.missing)]
    start_rows = [table.start_row(each, seconds[each.name]) for each in starts]
    busy_rows = [row for each in crowded for row in table.busy_rows(each, answers[each.name])]
    sections = [
        (table.CONTEST_HEAD, contest_rows),
        (table.TAIL_HEAD, tail_rows),
        (table.START_HEAD, start_rows),
        (table.BUSY_HEAD, busy_rows),
    ]
    text = table.page(_setting(arguments), sections)
    sys.stdout.write(text)
    out = arguments.out or (None if arguments.case else RESULTS / "speed.md")
    if out:
        out.write_text(text)
    missed = sum(row.holds is False for _, rows in sections for row in rows)
    say("every bar holds" if not missed else f"{missed} bars do not hold")
    return 1 if missed else 0


def _tail(each: Tail, plan: contest.Plan, folder: Path) -> list[table.Row]:
    found = tail.run(each, plan, folder)
    return table.tail_rows(each, found.ours, found.floor)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--case",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"one of {', '.join(NAMES)}; may be repeated",
    )
    parser.add_argument("--seconds", type=int, default=2, help="length of a run, whole seconds")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each server and case")
    parser.add_argument(
        "--out", type=Path, help="write the tables there; a full run writes bench/results/speed.md"
    )
    return parser.parse_args()


def _setting(arguments: argparse.Namespace) -> str:
    cases = "".join(f" --case {name}" for name in arguments.case or ())
    return (
        f"`python bench/speed.py{cases} --seconds {arguments.seconds} --rounds {arguments.rounds}`, "
        f"{datetime.now(UTC):%Y-%m-%d},\n"
        f"{os.cpu_count()} x {processor()}: server on one core, load on the other.\n"
        "Medians of interleaved rounds; 'Slipway is' is the median of the rounds' ratios of requests/s."
    )


if __name__ == "__main__":
    sys.exit(main())
