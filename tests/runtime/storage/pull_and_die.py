"""Pulls a model and dies at the n-th change of the file system, for every n; says what was left each time.

FOLDER is for the attempts; a word more, and DEST holds an unfinished pull before each of them. One JSON
object a line: what stood in DEST after the death, and after the pull that follows.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from slipway_runtime.storage.local import LocalSource
from slipway_runtime.storage.localize import PARTIAL, localize, recorded, unfinished
from slipway_runtime.storage.source import Budget

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}
DIED = 9


def main(folder: Path, *, half_done: bool) -> None:
    """Attempt after attempt, until one lives."""
    for name, text in (("old", "old"), ("new", "new")):
        for file in ("a", "b", "sub/c"):
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text} {file}")
    step = 0
    alive = False
    while not alive:
        step += 1
        dest = folder / f"dest{step}"
        _pull(folder / "old", dest)
        if half_done:
            (dest / PARTIAL).mkdir()
            (dest / "a").unlink()
        alive = _pull_and_die(folder / "new", dest, step)
        left = _seen(dest)
        _pull(folder / "new", dest)
        print(json.dumps({"step": step, "died": not alive, "left": left, "after": _seen(dest)}))  # noqa: T201 # its output


def _pull(source: Path, dest: Path) -> None:
    localize(LocalSource(str(source)), "file:", dest, "", Budget(10**6, 1e9))


def _pull_and_die(source: Path, dest: Path, step: int) -> bool:
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            if event in CHANGES or (event == "open" and _writes(arguments[2])):
                seen += 1
                if seen == step:
                    os._exit(DIED)

        sys.addaudithook(count)
        _pull(source, dest)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _seen(dest: Path) -> dict[str, Any]:
    record = recorded(dest)
    return {
        "unfinished": unfinished(dest),
        "recorded": record is not None,
        "files": {
            str(path.relative_to(dest)): path.read_text()
            for path in sorted(dest.rglob("*"))
            if path.is_file() and not path.name.startswith(".slipway-") and PARTIAL not in path.parts
        },
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), half_done=len(sys.argv) > 2)  # see above
