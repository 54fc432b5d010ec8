"""Every setting of `slipway-operator run`, said once.

A field here is a flag, an environment variable and a line of `--help` at the same time; the flag
wins over the variable, the variable over the default. The documentation is this file's output.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PREFIX: Final = "SLIPWAY_"
DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class SettingsError(ValueError):
    """A value that cannot be used; says which, why, and what would do."""


def _setting(default: object, text: str, read: Callable[[str], object], *, many: bool = False) -> Any:
    return dataclasses.field(default=default, metadata={"text": text, "read": read, "many": many})


def _text(said: str) -> str:
    return said


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(said: str) -> str:
        if said not in choices:
            raise SettingsError(f"{said!r} is none of {', '.join(choices)}")
        return said

    return read


def _between(lowest: float, highest: float, kind: type[int | float] = int) -> Callable[[str], float]:
    def read(said: str) -> float:
        try:
            number = kind(said)
        except ValueError:
            raise SettingsError(f"{said!r} is no number; use one from {lowest:g} to {highest:g}") from None
        if not lowest <= number <= highest:
            raise SettingsError(f"{said} is outside {lowest:g} to {highest:g}")
        return number

    return read


def _namespaces(said: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in said.split(",") if name.strip())
    for name in found:
        if not DNS_LABEL.fullmatch(name):
            raise SettingsError(
                f"{name!r} is no namespace; use lower-case letters, digits and '-', at most 63 characters"
            )
    return found


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run of the operator may differ in."""

    namespace: tuple[str, ...] = _setting(
        (), "watch only this namespace; repeat it for several; none means the whole cluster", _namespaces,
        many=True,
    )  # fmt: skip
    runtime_image: str = _setting(
        "slipway-runtime:0.1.0", "image of new revisions that pin none; existing revisions keep theirs", _text
    )
    lease: str = _setting(
        "slipway-operator", "name of the Lease that makes one of several operators active; empty: none", _text
    )
    lease_namespace: str = _setting(
        "", "namespace of the Lease; empty: the pod's own, else the first --namespace, else default", _text
    )
    lease_identity: str = _setting(
        "",
        "our name in the Lease; the same name again takes it at once; empty: one that nobody else has",
        _text,
    )
    lease_seconds: float = _setting(
        30.0, "how long a silent holder keeps the Lease", _between(3, 600, float)
    )  # fmt: skip
    workers: int = _setting(8, "how many ModelDeployments are worked on at once", _between(1, 256))
    port: int = _setting(8080, "port of /livez, /readyz and /metrics; 0: a free one", _between(0, 65_535))
    log_format: str = _setting("text", "text, or json: one object per line", _one_of("text", "json"))
    log_level: str = _setting(
        "info", "debug, info, warning or error", _one_of("debug", "info", "warning", "error")
    )
    kubeconfig: str = _setting(
        "", "kubeconfig file; empty: KUBECONFIG, else the pod's service account, else ~/.kube/config", _text
    )


def add_flags(parser: argparse.ArgumentParser, only: Sequence[str] = ()) -> None:
    """Adds a flag per setting (or for `only` those) with its variable and default in the help."""
    for field in dataclasses.fields(Settings):
        if only and field.name not in only:
            continue
        default = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
        parser.add_argument(
            _flag(field),
            dest=field.name,
            metavar=field.name.rpartition("_")[2].upper(),
            action="append" if field.metadata["many"] else "store",
            help=f"{field.metadata['text']} [{_variable(field)}; default: {default or 'empty'}]".replace(
                "%", "%%"
            ),
        )


def settings_from(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Settings from parsed flags (absent: None) over the environment over the defaults."""
    values = {}
    for field in dataclasses.fields(Settings):
        flag, variable = flags.get(field.name), environ.get(_variable(field))
        said = ",".join(flag) if isinstance(flag, list) else flag
        said, source = (said, _flag(field)) if said is not None else (variable, _variable(field))
        if said is None:
            continue
        try:
            values[field.name] = field.metadata["read"](said)
        except SettingsError as error:
            raise SettingsError(f"{source}: {error}") from None
    return Settings(**values)


def _flag(field: dataclasses.Field[Any]) -> str:
    return "--" + field.name.replace("_", "-")


def _variable(field: dataclasses.Field[Any]) -> str:
    return PREFIX + field.name.upper()
