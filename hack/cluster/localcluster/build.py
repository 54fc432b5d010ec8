"""Compiling the programs once and keeping them.

A build goes into a draft folder and becomes visible by one rename, so that half a build never
counts. Its folder's name carries a hash of all it depends on; a lock lets the second of two callers
wait for the first one's result instead of building it again. Two modules build at a time: the
second one downloads while the first one compiles.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from localcluster import gobuild, images
from localcluster.errors import ClusterError
from localcluster.locks import locked
from localcluster.modules import Module
from localcluster.waiting import Progress

_HEARTBEAT = 10.0  # seconds between two lines while a build runs
_SHOWN = 20  # lines of the compiler's output that an error shows


class Builder:
    """Builds modules into `folder` (one sub-folder per module and key)."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder
        self._progress = progress

    def build(self, modules: Iterable[Module]) -> dict[str, Path]:
        """Module name → folder with its programs and, under images/, its images; built where missing."""
        modules = list(modules)
        with ThreadPoolExecutor(max_workers=2) as pool:
            folders = list(pool.map(self._one, modules))
        return {module.name: folder for module, folder in zip(modules, folders, strict=True)}

    def _one(self, module: Module) -> Path:
        folder = self._folder / f"{module.name}-{gobuild.key(module, go_release(module))}"
        if not folder.is_dir():
            with locked(self._folder / f".{folder.name}.lock"):
                if not folder.is_dir():
                    self._make(module, folder)
        return folder

    def _make(self, module: Module, folder: Path) -> None:
        draft = folder.with_name(f".{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)  # of a build that was killed; the lock says nobody is at it
        draft.mkdir()
        begin = self._progress.elapsed
        self._progress.say(f"{module.name}: building {', '.join(module.programs)}")
        self._compile(module, draft)
        for program, package in module.programs.items():
            (draft / gobuild.built_name(package)).rename(draft / program)
        for image in module.images:
            images.write(draft / "images" / f"{image.program}.tar", image.tag, draft / image.program)
        draft.rename(folder)
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) >> 20
        self._progress.say(f"{module.name}: built in {self._progress.elapsed - begin:.0f} s, {size} MiB")

    def _compile(self, module: Module, out: Path) -> None:
        line = gobuild.command(module, out)
        line[0] = go_program()
        with subprocess.Popen(
            line,
            cwd=module.folder,
            env=os.environ | gobuild.ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as build:
            try:
                self._follow(module, build)
            finally:
                build.kill()

    def _follow(self, module: Module, build: "subprocess.Popen[str]") -> None:
        assert build.stderr is not None  # noqa: S101 - a pipe was asked for; this tells the type checker
        output = _Output(build.stderr)
        while (status := _ended(build, _HEARTBEAT)) is None:
            self._progress.say(f"{module.name}: {output.summary()}")
        lines = output.rest()
        if status != 0:
            tail = "\n".join(lines[-_SHOWN:])
            raise ClusterError(
                f"building {module.name} failed (`go build` ended with status {status}):\n{tail}"
            )


def _ended(build: "subprocess.Popen[str]", seconds: float) -> int | None:
    """The exit status, or None when the build still runs after some seconds."""
    try:
        return build.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


class _Output:
    """What `go build -v` says, read as it comes so that the pipe never fills."""

    def __init__(self, pipe: IO[str]) -> None:
        self._lines: list[str] = []
        self._pipe = pipe
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._lines.extend(line.rstrip() for line in self._pipe)

    def summary(self) -> str:
        downloads = sum(line.startswith("go: downloading") for line in self._lines)
        return f"{len(self._lines) - downloads} packages compiled, {downloads} modules downloaded"

    def rest(self) -> list[str]:
        self._reader.join()
        return self._lines


def go_program() -> str:
    """Where the go command is."""
    program = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if program is None:
        raise ClusterError(
            "no `go` on the PATH nor in /usr/local/go/bin: install Go 1.26.4 or newer from https://go.dev/dl/"
        )
    return program


def go_release(module: Module) -> str:
    """The Go release that builds a module, such as go1.26.8.

    Go itself compares its version with the one in go.mod, and fetches a newer one where
    GOTOOLCHAIN allows it.
    """
    line = [go_program(), "env", "GOVERSION"]
    environment = os.environ | gobuild.ENVIRONMENT
    done = subprocess.run(
        line, cwd=module.folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ClusterError(
            f"this Go cannot build {module.name}: {done.stderr.strip()}\n"
            "install a newer Go from https://go.dev/dl/ or let Go fetch it: go env -w GOTOOLCHAIN=auto"
        )
    return done.stdout.strip()
