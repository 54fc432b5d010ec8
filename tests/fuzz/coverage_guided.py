"""Runs a fuzz target under libFuzzer, by atheris: inputs that reach new code are kept and changed further.

A target is a file in this folder, its seeds are the files of seeds/<target>/, and words/<target> may list
words of its language. It imports what it tests inside `with instrumented(…)`, so that branches are seen, and
ends with `fuzz(function, __file__)`:

    python tests/fuzz/v2_json.py                    until something breaks
    python tests/fuzz/v2_json.py -runs=100000       so many inputs
    python tests/fuzz/v2_json.py crash-0a1b2c…      one input again

Flags are libFuzzer's. New inputs are kept in ~/.cache/slipway/fuzz/<target>; an input that breaks the target
is written to the current folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import atheris

HERE = Path(__file__).parent
KEPT = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "slipway" / "fuzz"
LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=4096")
LONGEST_REFUSAL = 1000


def instrumented(*packages: str) -> AbstractContextManager[None]:
    """Imports in this block are watched.

    Args:
        packages: only those; their modules too.
    """
    found: AbstractContextManager[None] = atheris.instrument_imports(include=list(packages))
    return found


def check_refusal(text: str) -> None:
    """What a client is told is short, and cannot forge a line of a log."""
    assert len(text) < LONGEST_REFUSAL, "a refusal that goes on and on"
    assert text.isprintable(), "a refusal with control characters"


def fuzz(target: Callable[[bytes], None], file: str) -> None:
    """Run a target until the flags on the command line say stop; does not return.

    Args:
        target: takes an input; whatever it raises is a finding.
        file: the target's own, for the name of its seeds.
    """
    name = Path(file).stem
    given = sys.argv[1:]
    folders: list[str] = []
    if all(argument.startswith("-") for argument in given):
        kept = KEPT / name
        if any(argument.startswith("-runs=") for argument in given):  # a short run stays the same run
            kept = Path(tempfile.mkdtemp(prefix=f"slipway-fuzz-{name}-"))
        kept.mkdir(parents=True, exist_ok=True)
        folders.append(str(kept))  # the first folder is where new inputs go
        folders.append(str(HERE / "seeds" / name))
    words = HERE / "words" / name
    if words.exists():
        given = [*given, f"-dict={words}"]
    atheris.Setup([sys.argv[0], *LIMITS, *given, *folders], target)
    atheris.Fuzz()
