"""Whatever arrives becomes a request or a typed refusal: nothing a client sends is the server's fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import RequestFault
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.validate import validate
from tensor_bodies import ALMOST_REQUESTS, JSON_VALUES, body, padded, tensor

SIGNATURE = Signature(
    "test",
    inputs=(TensorSpec("x", "FP32", (-1, 2)), TensorSpec("y", "INT64", (1,))),
    outputs=(TensorSpec("z", "FP32", (-1,)),),
)
GOOD = body(tensor([1, 2], [1, 2]), tensor([3], [1], "INT64", "y"), id="é", outputs=[{"name": "z"}])


def _refusals(document: bytes) -> list[str]:
    """What is said of a document, small and large; anything but a typed refusal comes out as it is."""
    said = []
    for sized in (document, padded(document)):
        try:
            validate(decode(sized, "m"), SIGNATURE)
        except RequestFault as fault:
            said.append(str(fault))
    return said


def _try(document: bytes) -> None:
    for text in _refusals(document):
        assert text.isprintable()
        assert len(text) < 1000


@given(st.binary(max_size=200))
def test_random_bytes_are_a_client_error(document: bytes) -> None:
    """Port scanners, TLS on the wrong port, a picture instead of its features."""
    _try(document)


@given(JSON_VALUES)
def test_random_json_is_a_client_error_or_a_request(document: Any) -> None:
    """A body for another service."""
    _try(json.dumps(document).encode())


@given(ALMOST_REQUESTS)
def test_a_request_that_is_nearly_right_is_a_client_error_or_a_request(document: Any) -> None:
    """A client under development sends all of these."""
    _try(json.dumps(document).encode())


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_a_client_error_or_another_request(place: int, byte: int) -> None:
    """A cable, a proxy, a truncating copy."""
    _try(GOOD[:place] + bytes([byte]) + GOOD[place + 1 :])


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_truncated_body_is_a_client_error(length: int) -> None:
    """A client that dies in the middle of sending."""
    with pytest.raises(RequestFault):
        decode(GOOD[:length], "m")


@pytest.mark.parametrize(
    "token",
    [
        b"-",
        b"+1",
        b"01",
        b".5",
        b"1.",
        b"1e",
        b"0x10",
        b"1_000",
        b"nan",
        b"Inf",
        b"True",
        b"'a'",
        b"\x00",
    ],
)
@pytest.mark.parametrize("datatype", [b"FP32", b"INT32", b"BYTES"])
def test_a_token_that_json_does_not_know_is_a_client_error(token: bytes, datatype: bytes) -> None:
    """Python's, JavaScript's and C's spellings of numbers are not JSON's."""
    document = b'{"inputs":[{"name":"x","shape":[2],"datatype":"%s","data":[%s,NaN]}]}' % (datatype, token)
    for sized in (document, document.replace(b"NaN", b"1"), padded(document)):
        with pytest.raises(RequestFault):
            decode(sized, "m")


@given(ALMOST_REQUESTS)
def test_a_refusal_never_repeats_text_from_the_data(document: Any) -> None:
    """Names may be repeated, elements never: they are people's."""
    canary = "c4nary-0f-a-pers0n"
    inputs = document.get("inputs")
    for entry in inputs if isinstance(inputs, list) else []:
        if isinstance(entry, dict):
            entry["data"] = [canary, 1.5, [canary]]
    for text in _refusals(json.dumps(document).encode()):
        assert canary not in text
