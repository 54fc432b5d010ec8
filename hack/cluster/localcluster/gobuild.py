"""A build's command line and cache key: all about it that can be decided without running it."""

import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path

from localcluster.modules import Module

# Nothing of the machine goes into a program: no C, no paths, no state of a git tree.
ENVIRONMENT: Mapping[str, str] = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-mod=readonly",  # go.mod and go.sum decide; a build never changes them
    "GOWORK": "off",
    "GOGC": "off",  # compilers are short-lived: nothing is collected,
    "GOMEMLIMIT": "2GiB",  # up to this much in each
}
_RECIPE = 1  # raise it when the images' format changes


def key(module: Module, go: str) -> str:
    """What a build depends on: the module's files, the Go release (`go1.26.8`), the command line."""
    digest = hashlib.sha256()
    for path in sorted(p for p in module.folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(module.folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for part in (go, platform.machine(), str(_RECIPE), *command(module, Path("/")), *map(str, module.images)):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:12]


def command(module: Module, out: Path) -> list[str]:
    """The `go build` that puts a module's programs into a folder; -v names each package when compiled."""
    line = ["go", "build", "-v", "-trimpath", "-buildvcs=false"]
    # What the linker strips need not be compiled either, and only the standard library is worth inlining.
    inlining = "" if module.measured else " -l"
    line += [f"-gcflags=all=-dwarf=false{inlining}", "-gcflags=std=-dwarf=false"]
    line.append(f"-ldflags={linker_flags(module)}")
    if module.tags:
        line.append(f"-tags={','.join(module.tags)}")
    return [*line, "-o", f"{out}/", *module.programs.values()]


def linker_flags(module: Module) -> str:
    """No symbol tables, and the versions that `--version` and the API answer with."""
    stamps = {variable: module.version(of) for variable, of in module.stamps.items()}
    for variable, version in list(stamps.items()):
        if variable.endswith(".gitVersion"):
            major, minor = version.removeprefix("v").split(".")[:2]
            base = variable.removesuffix("gitVersion")
            stamps |= {f"{base}gitMajor": major, f"{base}gitMinor": minor, f"{base}gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X={variable}={value}" for variable, value in stamps.items())])


def built_name(package: str) -> str:
    """The name `go build` gives a package's program: the last part of its path that is no major version."""
    last, *before = reversed(package.split("/"))
    return before[0] if before and last[0] == "v" and last[1:].isdigit() else last
