"""`slipway-operator`, also as `python -m slipway_operator`."""

from __future__ import annotations

import sys

from slipway_operator.cli.commands import run_command


def main() -> int:
    """The program: answers its exit code."""
    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
