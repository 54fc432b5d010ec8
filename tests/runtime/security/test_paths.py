"""Object keys as paths: unchanged, or refused."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.paths import MAX_LENGTH, safe_path

ESCAPING = [
    "",
    ".",
    "..",
    "../a",
    "a/..",
    "a/../b",
    "a/../../b",
    "./a",
    "a/./b",
    "/a",
    "//a",
    "a//b",
    "a/",
    "/",
    "a\\b",
    "..\\a",
    "C:\\a",
    "a\x00b",
    "a\nb",
    "a\x7fb",
    "\x1b[2J",
    "a\u202eb",
    "a\udcffb",
    "a\ud800",
    ".slipway-partial",
    ".slipway-partial/a",
    "a/.slipway-artifact.json",
    ".slipway-",
    "x" * 256,
    "é" * 128,
    "a/" * 520 + "a",
]


@pytest.mark.parametrize("key", ESCAPING)
def test_a_key_that_is_no_plain_relative_path_is_refused(key: str) -> None:
    """Whoever writes to the bucket would write anywhere in the pod."""
    with pytest.raises(PullFailure) as caught:
        safe_path(key)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert not caught.value.transient
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "key",
    [
        "model.onnx",
        "a/b/c.bin",
        "...",
        "..a",
        "a..",
        "a b",
        "é",
        "日本/モデル.onnx",
        "%2e%2e/a",
        "~",
        "-rf",
        "a:b",
        "x" * 255,
        ".hidden",
        ".slipway",
        "x/" * 511 + "x",
    ],
)
def test_an_ordinary_key_stays_as_it_is(key: str) -> None:
    """Renamed files would break a model that names them, and its digest."""
    assert safe_path(key) == key


@given(st.text(alphabet="./\\ab\x00~%é\ud800", max_size=12) | st.text(max_size=40))
def test_what_passes_stays_inside_its_folder(key: str) -> None:
    """The property itself, whatever the rules."""
    try:
        path = PurePosixPath("/folder", safe_path(key))
    except PullFailure:
        return
    assert str(path) == f"/folder/{key}"
    assert ".." not in path.parts
    assert len(key) <= MAX_LENGTH
