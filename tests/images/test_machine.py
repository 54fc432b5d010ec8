from __future__ import annotations

from pathlib import Path

import pytest

from imagebuild import machine

LISTING = """\
global.cert='/etc/ssl/certs/ca-certificates.crt'
global.index-url='https://user:word@mirror.example.com/simple'
:env:.default-timeout='180'
:env:.find-links='/opt/wheels'
install.no-warn-script-location='true'
"""


def test_a_mirror_of_the_machine_is_used_in_the_build() -> None:
    """Where pip works on the machine only by its mirror, it works in a build only by its mirror."""
    assert machine.reach_settings(LISTING) == (
        "[global]\nindex-url = https://user:word@mirror.example.com/simple\ntimeout = 180\n"
    )


def test_folders_of_the_machine_are_not() -> None:
    """They are not there inside a build, where pip would stumble over them."""
    assert "find-links" not in machine.reach_settings(LISTING)
    assert machine.reach_settings("") == ""


def test_certificates_that_are_named_must_be_there(tmp_path: Path) -> None:
    """A bundle that is silently left out shows as a TLS error deep inside a build."""
    with pytest.raises(FileNotFoundError):
        machine.certificates(str(tmp_path / "missing.pem"))


def test_settings_with_a_password_are_for_us_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index's address often holds a password."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:word@mirror.example.com/simple")
    written = machine.secrets("none", tmp_path)["pip-conf"]
    assert "user:word" in written.read_text()
    assert written.stat().st_mode & 0o077 == 0
