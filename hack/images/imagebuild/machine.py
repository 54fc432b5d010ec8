"""What this machine needs to reach its package index, handed to a build as secrets that no layer keeps.

A machine behind a private certificate authority says so by the environment variables that pip and its kin
read; one with a mirror of its own by pip's configuration. Both work in a build as they do outside.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_CERTIFICATE_VARIABLES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_PIP_SETTINGS: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "retries", "timeout")


def secrets(trusted: str, folder: Path) -> dict[str, Path]:
    """Build secrets by their ids. `trusted` is `auto`, `none` or a file; `folder` takes written ones."""
    found: dict[str, Path] = {}
    if bundle := certificates(trusted):
        found["ca-certificates"] = bundle
    if configuration := pip_configuration():
        found["pip-conf"] = folder / "pip.conf"
        found["pip-conf"].touch(mode=0o600)
        found["pip-conf"].write_text(configuration)
    return found


def certificates(wanted: str) -> Path | None:
    """The bundle of trusted certificates that pip shall use in a build; `wanted` is `auto`, `none` or a file.

    Raises:
        FileNotFoundError: the file that was named is not there.
    """
    if wanted == "none":
        return None
    if wanted != "auto":
        return Path(wanted).resolve(strict=True)
    named = (Path(os.environ[name]) for name in _CERTIFICATE_VARIABLES if os.environ.get(name))
    return next((path.resolve() for path in named if path.is_file()), None)


def pip_configuration() -> str:
    """A pip.conf of the settings by which pip reaches its index on this machine; empty if it has none."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return reach_settings(answer.stdout) if answer.returncode == 0 else ""


def reach_settings(listing: str) -> str:
    """Turns the listing of `pip config list` (lines like `global.index-url='…'`) into a pip.conf."""
    settings: dict[str, str] = {}
    for line in listing.splitlines():
        key, equals, value = line.partition("=")
        name = key.rpartition(".")[2].replace("default-timeout", "timeout")
        if equals and name in _PIP_SETTINGS:
            settings[name] = value.strip("'\"")
    if not settings:
        return ""
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())
