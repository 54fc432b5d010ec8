"""Settings: one field, one flag, one variable; and a clear word for every impossible value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import Reason, SettingsFault
from slipway_runtime.settings import (
    CommonSettings,
    PullSettings,
    ServeSettings,
    env_name,
    flag_name,
    load,
    termination_log,
)

BOTH = [PullSettings, ServeSettings]


def _refusal(flags: Mapping[str, str], environ: Mapping[str, str]) -> str:
    with pytest.raises(SettingsFault) as caught:
        load(ServeSettings, flags, environ)
    assert caught.value.reason is Reason.INVALID_SETTINGS
    return caught.value.message


@pytest.mark.parametrize("kind", BOTH)
def test_without_anything_the_defaults_hold(kind: type[CommonSettings]) -> None:
    """The documented ones."""
    assert load(kind, {}, {}) == kind()


def test_the_flag_wins_over_the_variable_and_the_variable_over_the_default() -> None:
    """As every tool has it."""
    environ = {"SLIPWAY_HTTP_PORT": "9000", "SLIPWAY_PROBE_PORT": "9001"}
    settings = load(ServeSettings, {"http_port": "9002"}, environ)
    assert (settings.http_port, settings.probe_port, settings.max_queue) == (9002, 9001, 1024)


@pytest.mark.parametrize("flags", [{"http_port": None}, {}])
def test_an_empty_variable_is_no_value(flags: dict[str, str | None]) -> None:
    """Templates leave them empty."""
    assert load(ServeSettings, flags, {"SLIPWAY_HTTP_PORT": ""}).http_port == 8080


def test_variables_of_others_are_ignored() -> None:
    """A pod's environment is full of them; a name that looks like ours is no mistake of the server."""
    assert (
        load(PullSettings, {}, {"SLIPWAY_FUTURE": "x", "PORT": "1", "slipway_digest": "y"}) == PullSettings()
    )


@pytest.mark.parametrize("kind", BOTH)
def test_every_setting_has_a_flag_a_variable_and_a_help_of_its_own(kind: type[CommonSettings]) -> None:
    """Documented once, from code."""
    settings = fields(kind)
    assert all(setting.metadata["help"] for setting in settings)
    assert len({flag_name(setting) for setting in settings}) == len(settings)
    assert len({env_name(setting) for setting in settings}) == len(settings)
    assert all(env_name(setting).startswith("SLIPWAY_") for setting in settings)
    assert all(flag_name(setting).startswith("--") for setting in settings)


def test_one_variable_means_one_thing_in_both_commands() -> None:
    """The pod sets them once for both of its containers."""
    of_pull = {env_name(setting): setting.metadata["form"] for setting in fields(PullSettings)}
    of_serve = {env_name(setting): setting.metadata["form"] for setting in fields(ServeSettings)}
    shared = set(of_pull) & set(of_serve)
    assert "SLIPWAY_MODEL_DIGEST" in shared
    assert {name: of_pull[name].wanted for name in shared} == {name: of_serve[name].wanted for name in shared}


def test_settings_do_not_change_after_the_start() -> None:
    """Nobody has to ask when they were read."""
    with pytest.raises(FrozenInstanceError):
        load(PullSettings, {}, {}).digest = "x"  # type: ignore[misc] # that is the test


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("http_port", "0", 0),
        ("http_port", "65535", 65535),
        ("drain_seconds", "0", 0.0),
        ("drain_seconds", "2.5", 2.5),
        ("request_timeout_seconds", "0.001", 0.001),
        ("max_queue", "0", 0),
        ("threads", "0", 0),
        ("access_log", "true", True),
        ("access_log", "TRUE", True),
        ("access_log", "1", True),
        ("access_log", "false", False),
        ("access_log", "0", False),
        ("model_name", "a", "a"),
        ("model_name", "Iris-2.0_x", "Iris-2.0_x"),
        ("model_name", "a" * 63, "a" * 63),
        ("revision", "6f8d9c7b5", "6f8d9c7b5"),
        ("implementation", "ONNX_SERVER", "ONNX_SERVER"),
        ("max_body_bytes", "1", 1),
    ],
)
def test_a_possible_value_is_read(name: str, text: str, value: object) -> None:
    """The ends of each range included."""
    assert getattr(load(ServeSettings, {name: text}, {}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("http_port", "65536", "a whole number from 0 to 65535"),
        ("http_port", "-1", "a whole number from 0 to 65535"),
        ("http_port", "80.5", "a whole number"),
        ("http_port", "http", "a whole number"),
        ("http_port", "1e3", "a whole number"),
        ("max_queue", "-1", "a whole number from 0"),
        ("max_queue", "9" * 5000, "a whole number from 0"),
        ("max_model_bytes", "64Gi", "a whole number from 1"),
        ("drain_seconds", "-1", "seconds, from 0 to 3600"),
        ("drain_seconds", "10s", "seconds, from 0 to 3600"),
        ("drain_seconds", "nan", "seconds, from 0 to 3600"),
        ("drain_seconds", "inf", "seconds, from 0 to 3600"),
        ("drain_seconds", "1e400", "seconds, from 0 to 3600"),
        ("request_timeout_seconds", "0", "seconds, from 0.001"),
        ("access_log", "yes", "true or false"),
        ("model_name", "-a", "1 to 63 letters"),
        ("model_name", "a/b", "1 to 63 letters"),
        ("model_name", "a" * 64, "1 to 63 letters"),
        ("model_name", "iris\n", "1 to 63 letters"),
        ("model_name", "\u00efris", "1 to 63 letters"),
        ("revision", "a b", "1 to 63 printable ASCII"),
        ("revision", "a\r\nx: y", "1 to 63 printable ASCII"),
        (
            "implementation",
            "PICKLE",
            "AUTO, ONNX_SERVER, SKLEARN_SERVER, XGBOOST_SERVER, LIGHTGBM_SERVER or MLFLOW_SERVER",
        ),
    ],
)
def test_an_impossible_value_is_named_with_what_is_possible(name: str, text: str, wanted: str) -> None:
    """By the flag or the variable that it came from, and in one printable line."""
    for flags, environ, source in (
        ({name: text}, {}, "--" + name.replace("_", "-")),
        ({}, {"SLIPWAY_" + name.upper(): text}, "SLIPWAY_" + name.upper()),
    ):
        message = _refusal(flags, environ)
        assert message.startswith(f"{source} must be {wanted}")
        assert message.isprintable()
        assert len(message) < 300


@given(st.sampled_from([setting.name for setting in fields(ServeSettings)]), st.text(max_size=20))
def test_any_text_is_a_value_or_a_typed_fault(name: str, text: str) -> None:
    """An environment variable can hold anything; the process must not end in a traceback."""
    try:
        load(ServeSettings, {name: text}, {})
    except SettingsFault as fault:
        assert fault.message.isascii()  # noqa: PT017 # both ends are right


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({"model_dir": "/m"}, "--model-name (SLIPWAY_MODEL_NAME) is needed"),
        ({"model_name": "iris"}, "give either --model-dir (SLIPWAY_MODEL_DIR) or --model-uri"),
        ({"model_name": "iris", "model_dir": "/m", "model_uri": "file:/m"}, "give either --model-dir"),
    ],
)
def test_a_server_says_what_it_needs(given: dict[str, str], needed: str) -> None:
    """The first thing that anybody types is too little."""
    with pytest.raises(SettingsFault) as caught:
        load(ServeSettings, given, {}).check()
    assert caught.value.message.startswith(needed)


@pytest.mark.parametrize("where", [{"model_dir": "/m"}, {"model_uri": "file:/m"}])
def test_a_name_and_a_place_are_enough(where: dict[str, str]) -> None:
    """Everything else has a default."""
    load(ServeSettings, {"model_name": "iris", **where}, {}).check()


def test_the_termination_log_is_the_kubelets_unless_said_otherwise(tmp_path: Path) -> None:
    """In a pod nothing has to be set; outside nothing is written."""
    asked = load(PullSettings, {"termination_log": str(tmp_path / "log")}, {})
    assert termination_log(asked) == tmp_path / "log"
    default = Path("/dev/termination-log")
    assert termination_log(PullSettings()) == (default if default.exists() else None)
