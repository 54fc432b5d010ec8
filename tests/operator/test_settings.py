from __future__ import annotations

import argparse
import dataclasses

import pytest

from slipway_operator.settings import Settings, SettingsError, add_flags, settings_from


def flags(*words: str) -> dict[str, object]:
    """A command line, parsed."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return vars(parser.parse_args(words))


def test_nothing_said_gives_the_defaults() -> None:
    """`slipway-operator run` in a pod must just work."""
    assert settings_from(flags(), {}) == Settings()


def test_a_flag_wins_over_its_variable_and_that_over_the_default() -> None:
    """One order, everywhere the same."""
    environ = {"SLIPWAY_WORKERS": "4", "SLIPWAY_LEASE": "mine"}
    chosen = settings_from(flags("--workers", "2"), environ)
    assert (chosen.workers, chosen.lease) == (2, "mine")


def test_an_empty_value_is_a_value() -> None:
    """`--lease ""` turns the election off; it must not fall through to the variable or default."""
    assert settings_from(flags("--lease", ""), {"SLIPWAY_LEASE": "x"}).lease == ""


def test_namespaces_may_be_repeated_or_listed() -> None:
    """A flag is repeated, a variable has commas."""
    assert settings_from(flags("--namespace", "a", "--namespace", "b"), {}).namespace == ("a", "b")
    assert settings_from(flags(), {"SLIPWAY_NAMESPACE": "a, b,"}).namespace == ("a", "b")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--workers", "0"], "--workers: 0 is outside 1 to 256"),
        (["--workers", "many"], "--workers: 'many' is no number; use one from 1 to 256"),
        (["--workers", "2.5"], "--workers: '2.5' is no number"),
        (["--lease-seconds", "nan"], "--lease-seconds: nan is outside 3 to 600"),
        (["--port", "70000"], "--port: 70000 is outside 0 to 65535"),
        (["--log-format", "xml"], "--log-format: 'xml' is none of text, json"),
        (["--namespace", "Models"], "--namespace: 'Models' is no namespace"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_limit(words: list[str], told: str) -> None:
    """Whoever reads it must not need the source."""
    with pytest.raises(SettingsError) as caught:
        settings_from(flags(*words), {})
    assert told in str(caught.value)


def test_a_variable_that_cannot_be_used_is_named_as_the_variable() -> None:
    """In a pod nobody typed a flag."""
    with pytest.raises(SettingsError, match="SLIPWAY_PORT: 'x' is no number"):
        settings_from(flags(), {"SLIPWAY_PORT": "x"})


def test_every_setting_is_in_the_help_with_variable_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    """The help is the documentation: a setting that is not in it does not exist."""
    with pytest.raises(SystemExit):
        flags("--help")
    text = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    for field in dataclasses.fields(Settings):
        assert f"--{field.name.replace('_', '-')}" in text
        assert f"SLIPWAY_{field.name.upper()}" in text
        assert field.metadata["text"].replace("- ", "-") in text
