"""Settings: each is one field here, and from that field come its flag, its environment variable and its help.

Order of precedence: flag, environment variable (prefix SLIPWAY_), default. Values are frozen after start.
This module and the vendors' own credential look-ups are the only readers of the environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from slipway_runtime.errors import SettingsFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

PREFIX = "SLIPWAY_"
MEBIBYTE = 1024 * 1024

T = TypeVar("T")
N = TypeVar("N", int, float)


class Form(NamedTuple):
    """What a setting's text must look like.

    Attributes:
        wanted: ends the sentence "it must be".
        parse: text to value; raises ValueError or KeyError.
    """

    wanted: str
    parse: Callable[[str], Any]


def _integer(least: int, most: int = 2**31) -> Form:
    return Form(f"a whole number from {least} to {most}", lambda text: _within(int(text), least, most))


def _seconds(least: float, most: float = 86_400) -> Form:
    return Form(f"seconds, from {least:g} to {most:g}", lambda text: _within(float(text), least, most))


def _within(value: N, least: float, most: float) -> N:
    if not least <= value <= most:
        raise ValueError
    return value


def _matching(pattern: str, wanted: str) -> Form:
    return Form(wanted, lambda text: _matched(re.fullmatch(pattern, text)))


def _matched(match: re.Match[str] | None) -> str:
    if match is None:
        raise ValueError
    return match.group()


_TEXT = Form("text", str)
_FLAG = Form(
    "true or false", lambda text: {"true": True, "1": True, "false": False, "0": False}[text.lower()]
)
_MODEL_NAME = _matching(
    "[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "1 to 63 letters, digits, '.', '_' or '-', a letter or digit first"
)
_HEADER = _matching("[!-~]{1,63}", "1 to 63 printable ASCII characters")
_IMPLEMENTATION = _matching(
    "AUTO|(ONNX|SKLEARN|XGBOOST|LIGHTGBM|MLFLOW)_SERVER",
    "AUTO, ONNX_SERVER, SKLEARN_SERVER, XGBOOST_SERVER, LIGHTGBM_SERVER or MLFLOW_SERVER",
)


def _setting(default: object, what: str, form: Form = _TEXT, *, env: str = "") -> Any:
    return field(default=default, metadata={"help": what, "form": form, "env": env})


_PARAMETERS = (
    'JSON: {"method": "predict", "predict_proba" or "decision_function", "allow_native": true to have '
    "a model that does not convert exactly served by its own library, a pickle included}"
)


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """What both commands take."""

    termination_log: str = _setting(
        "", "where the reason of an end is written as JSON; default /dev/termination-log where that exists"
    )
    max_model_bytes: int = _setting(
        64 * 1024 * MEBIBYTE, "a larger model is refused (TooLarge)", _integer(1, 2**50)
    )
    pull_seconds: float = _setting(600.0, "time for a whole pull, retries included (Timeout)", _seconds(1))
    retry_seconds: float = _setting(
        60.0, "how long a fault that may pass is retried while nothing arrives", _seconds(0)
    )
    allow_local_addresses: bool = _setting(
        False,
        "let http(s), oci and hf URIs lead to loopback, link-local and metadata addresses; for trusted URIs "
        "only",
        _FLAG,
    )


@dataclass(frozen=True, slots=True)
class PullSettings(CommonSettings):
    """What `slipway-runtime pull` takes besides URI and DEST."""

    digest: str = _setting(
        "",
        "refuse any model but this one: sha256:<64 hex digits> (DigestMismatch)",
        env="SLIPWAY_MODEL_DIGEST",
    )


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """What `slipway-runtime convert` takes besides SOURCE and DEST."""

    termination_log: str = _setting(
        "", "where the reason of an end is written as JSON; default /dev/termination-log where that exists"
    )
    implementation: str = _setting(
        "AUTO", "the model's format; a pickle is taken by name only", _IMPLEMENTATION
    )
    parameters: str = _setting("", _PARAMETERS)


@dataclass(frozen=True, slots=True)
class ServeSettings(CommonSettings):
    """What `slipway-runtime serve` takes."""

    model_dir: str = _setting("", "folder (or file) with the model, already on disk")
    model_uri: str = _setting("", "fetch the model from here first, instead of --model-dir")
    model_digest: str = _setting(
        "", "with --model-uri: refuse any model but this one, sha256:<64 hex digits>"
    )
    model_name: str = _setting("", "the served model's name, part of its URLs", _MODEL_NAME)
    implementation: str = _setting(
        "AUTO", "the model's format; a pickle is taken by name only", _IMPLEMENTATION
    )
    parameters: str = _setting("", _PARAMETERS)
    converted_dir: str = _setting("", "folder with what slipway-runtime convert made of the model")
    revision: str = _setting("local", "sent with every answer as x-slipway-revision", _HEADER)

    host: str = _setting("", "address to listen on; default every IPv4 and IPv6 address")
    http_port: int = _setting(8080, "port for requests; 0 picks a free one", _integer(0, 65_535))
    grpc_port: int = _setting(
        8081, "port for gRPC requests; 0 picks a free one, -1 is off", _integer(-1, 65_535)
    )
    probe_port: int = _setting(
        8082, "port for /livez, /readyz and /metrics; 0 picks a free one", _integer(0, 65_535)
    )
    tf_serving_rest_port: int = _setting(
        0, "one more port for requests, for clients that know only 8501; 0 is none", _integer(0, 65_535)
    )
    tf_serving_grpc_port: int = _setting(
        0, "one more port for gRPC, for clients that know only 8500; 0 is none", _integer(0, 65_535)
    )
    version_labels: str = _setting(
        "stable",
        "TensorFlow Serving's labels for the served version",
        _matching("[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*", "names separated by commas"),
    )
    drain_seconds: float = _setting(
        10.0,
        "after SIGTERM: go on serving for so long at least, asking clients to reconnect elsewhere",
        _seconds(0, 3600),
    )
    request_timeout_seconds: float = _setting(
        60.0, "time for one request, from its first byte to its answer", _seconds(0.001, 3600)
    )
    keep_alive_seconds: float = _setting(
        75.0, "an idle connection is closed after this; keep it above your proxies' limit", _seconds(1, 3600)
    )
    max_body_bytes: int = _setting(64 * MEBIBYTE, "a longer request body is refused", _integer(1, 2**40))
    grpc_max_message_bytes: int = _setting(
        64 * MEBIBYTE, "a longer gRPC message is refused", _integer(1, 2**31 - 1)
    )
    max_queue: int = _setting(
        1024, "requests that may wait for the engine; more are refused with 503", _integer(0)
    )
    max_batch_size: int = _setting(
        32,
        "rows of a run that waiting requests may share, where the model allows; 0 turns sharing off",
        _integer(0, 65_536),
    )
    threads: int = _setting(
        0,
        "engine threads, each runs the model once; 0 takes the CPU quota of the container",
        _integer(0, 1024),
    )
    intra_op_threads: int = _setting(
        1,
        "threads inside one run: more make a large model's single answer faster, and fewer run side by side",
        _integer(1, 256),
    )
    access_log: bool = _setting(False, "one JSON line per request", _FLAG)

    def check(self) -> None:
        """Do the settings fit together?

        Raises:
            SettingsFault: they do not; says which to give.
        """
        if not self.model_name:
            raise SettingsFault("--model-name (SLIPWAY_MODEL_NAME) is needed: it becomes part of the URLs")
        if bool(self.model_dir) == bool(self.model_uri):
            raise SettingsFault(
                "give either --model-dir (SLIPWAY_MODEL_DIR) or --model-uri (SLIPWAY_MODEL_URI)"
            )


def env_name(setting: Field[Any]) -> str:
    """The environment variable of a setting."""
    return setting.metadata["env"] or PREFIX + setting.name.upper()


def flag_name(setting: Field[Any]) -> str:
    """The flag of a setting."""
    return "--" + setting.name.replace("_", "-")


def load(kind: type[T], flags: Mapping[str, str | None], environ: Mapping[str, str]) -> T:
    """Settings of one command.

    Args:
        kind: ServeSettings or PullSettings.
        flags: texts by field name; None where a flag was not given.
        environ: the environment; empty values count as absent.

    Raises:
        SettingsFault: a value is impossible; names its flag or variable and what is possible.
    """
    values = {}
    for setting in fields(kind):  # type: ignore[arg-type] # both kinds are dataclasses
        text, source = flags.get(setting.name), flag_name(setting)
        if text is None:
            text, source = environ.get(env_name(setting)) or None, env_name(setting)
        if text is not None:
            values[setting.name] = _parse(setting, text, source)
    return kind(**values)


def _parse(setting: Field[Any], text: str, source: str) -> object:
    form: Form = setting.metadata["form"]
    try:
        return form.parse(text)
    except (ValueError, KeyError, OverflowError):
        raise SettingsFault(f"{source} must be {form.wanted}; it is {text[:80]!a}") from None


def termination_log(settings: CommonSettings | ConvertSettings) -> Path | None:
    """Where to write the termination message, if anywhere."""
    if settings.termination_log:
        return Path(settings.termination_log)
    default = Path("/dev/termination-log")
    return default if default.exists() else None
