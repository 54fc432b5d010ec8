"""The base image: an official one where a registry answers, else one made here from Debian packages.

Making one: debootstrap fetches a minimal Debian of this machine's own release, through this machine's own
apt mirror; what no container needs goes, and with it all that says where it was made; Python's bytecode is
compiled so that it is valid whatever the files' times are (all are zero in the archive, and a read-only root
file system could not keep what Python would compile at every start). The archive is cached by a key of all
that went into it, and is used again without asking a registry: remove it to have one asked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagebuild import archive, debian
from imagebuild.engines import Engine
from imagebuild.progress import Progress

OFFICIAL: Final = "python:3.11-slim-bookworm"
_PACKAGES: Final = ("ca-certificates", "python3", "python3-venv")
_NOT_NEEDED: Final = (
    "dev/*",
    "etc/apt/sources.list*",
    "etc/hostname",
    "etc/machine-id",
    "etc/resolv.conf",
    "run/*",
    "tmp/*",
    "usr/share/doc/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "var/cache/apt/*",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/*",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
    "var/log/*",
)
_ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base image: its name, and where its archive is if it was made here."""

    reference: str
    archive: Path | None = None


def resolve(wanted: str, engine: Engine, cache: Path, progress: Progress) -> Base:
    """The base called `wanted`, else one made here earlier, else the official one, else one made now."""
    if wanted:
        return Base(reference=wanted)
    suite = debian.release() or "none"
    recipe = [suite, os.uname().machine, Path(__file__).read_text()]
    key = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    target = cache / f"base-{suite}-{key}.tar"
    made = Base(reference=f"localhost/slipway/base:{suite}-{key}", archive=target)
    if target.exists():
        return made
    engine.ready()
    if engine.holds(OFFICIAL):
        return Base(reference=OFFICIAL)
    progress.say(f"asking for {OFFICIAL}")
    if engine.pull(OFFICIAL):
        return Base(reference=OFFICIAL)
    progress.say("no registry answers")
    _make(target, made.reference, progress)
    return made


def _make(target: Path, reference: str, progress: Progress) -> None:
    """Writes a minimal Debian with Python to the docker-archive `target`. Needs root.

    Raises:
        debian.MissingProgramError: no root, no debootstrap, or apt knows no package list.
        StepFailedError: a package could not be fetched or set up.
    """
    if os.geteuid() != 0:
        raise debian.MissingProgramError(
            f"no registry answers for {OFFICIAL}, and making a base image needs root: "
            "run sudo hack/images/build, or name an image you have with --base"
        )
    debian.ensure("debootstrap", "debootstrap", progress)
    suite = debian.release()
    progress.say(f"making a base image from Debian {suite} packages (once; about a minute)")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="base-") as scratch:
        root = Path(scratch) / "root"
        include = f"--include={','.join(_PACKAGES)}"
        progress.run(
            ["debootstrap", "--variant=minbase", include, suite, root, debian.mirror(suite, progress)]
        )
        _tidy(root)
        compileall = ["python3", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
        libraries = [f"/{path.relative_to(root)}" for path in sorted(root.glob("usr/lib/python3*"))]
        progress.run(["chroot", root, *compileall, *libraries])
        written = Path(scratch) / "image.tar"
        archive.from_folder(root, written, reference, _ENVIRONMENT)
        written.rename(target)


def _tidy(root: Path) -> None:
    for pattern in _NOT_NEEDED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
