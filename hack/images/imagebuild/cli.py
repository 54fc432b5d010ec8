"""hack/images/build: from the tree to two image archives.

For each image asked for: find the base, work out the content tag, and stop there if an archive of that tag is
in the cache. Else choose an engine, make the base if no registry gives it, build, and write the archive.
Standard output is one line per image: name, reference and archive, separated by tabs.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from imagebuild import base, debian, engines, machine
from imagebuild.inputs import IMAGES, Image, image
from imagebuild.progress import Progress, StepFailedError

_KEPT_ARCHIVES: Final = 2
_EPILOG: Final = """\
Archives and storage lie in ${SLIPWAY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/slipway}/images. Each line of
output names an image, its reference and its archive (tab separated); `hack/cluster/cluster load` takes
archives. An image whose inputs have not changed is not built again.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Builds what the command line asks for; ends the program with status 1 and a reason if it cannot."""
    options = _parser().parse_args(argv)
    cache = _cache()
    progress = Progress(cache / "build.log")
    try:
        with _alone(cache, progress):
            for built, archive in _build_all(options, cache, progress):
                print(built.name, built.reference, archive, sep="\t", flush=True)
    except (debian.MissingProgramError, StepFailedError, OSError) as error:
        sys.exit(f"images: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hack/images/build",
        description="Builds Slipway's images with docker or buildah.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "images",
        nargs="*",
        choices=[*IMAGES, []],
        metavar="operator|runtime",
        help="which images (default: both)",
    )
    parser.add_argument(
        "--engine", choices=("auto", "docker", "buildah"), default="auto", help="default: auto"
    )
    parser.add_argument(
        "--base",
        default=os.environ.get("SLIPWAY_BASE_IMAGE", ""),
        help=f"base image (default: $SLIPWAY_BASE_IMAGE, else {base.OFFICIAL}, else one made here)",
    )
    parser.add_argument(
        "--ca-certificates",
        metavar="auto|none|FILE",
        default="auto",
        help="certificates pip trusts while building (default auto: those of PIP_CERT, SSL_CERT_FILE …)",
    )
    return parser


def _build_all(options: argparse.Namespace, cache: Path, progress: Progress) -> Iterator[tuple[Image, Path]]:
    engine = engines.choose(options.engine, cache, progress)
    foundation = base.resolve(options.base, engine, cache, progress)
    for name in dict.fromkeys(options.images or IMAGES):
        wanted = image(name, foundation.reference)
        archive = cache / f"{name}-{wanted.tag}.tar"
        if archive.exists():
            progress.say(f"{name}: nothing changed, {wanted.reference}")
        else:
            progress.say(f"{name}: building {wanted.reference} with {engine.name} on {foundation.reference}")
            _build(wanted, foundation, engine, options.ca_certificates, archive=archive, progress=progress)
            progress.say(f"{name}: {archive.stat().st_size / 1e6:.0f} MB in {archive}")
            _forget_old(name, cache)
        yield wanted, archive


def _build(
    wanted: Image,
    foundation: base.Base,
    engine: engines.Engine,
    trusted: str,
    *,
    archive: Path,
    progress: Progress,
) -> None:
    engine.ready()
    if foundation.archive and not engine.holds(foundation.reference):
        progress.say(f"loading {foundation.reference}")
        engine.load(foundation.archive)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="build-") as scratch:
        written = Path(scratch) / "image.tar"
        engine.build(wanted, foundation.reference, machine.secrets(trusted, Path(scratch)), written)
        written.rename(archive)


def _forget_old(name: str, cache: Path) -> None:
    archives = sorted(cache.glob(f"{name}-*.tar"), key=lambda path: path.stat().st_mtime)
    for path in archives[:-_KEPT_ARCHIVES]:
        path.unlink()


@contextmanager
def _alone(cache: Path, progress: Progress) -> Iterator[None]:
    """Waits until no other build uses the cache."""
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("waiting for another build to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"
    cache = Path(os.environ.get("SLIPWAY_CACHE") or home) / "images"
    cache.mkdir(parents=True, exist_ok=True)
    return cache
