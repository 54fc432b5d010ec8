"""Bad requests of every kind, from the bytes to the answer: 4xx with an error that echoes nothing."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary_bodies import read_answer
from fake_dataplane import FakeDataPlane
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, Array
from slipway_runtime.rest.app import App
from slipway_runtime.rest.reply import Reply
from slipway_runtime.rest.request import Request
from slipway_runtime.rest.router import Router
from slipway_runtime.rest.v2 import V2Endpoints
from slipway_runtime.telemetry.metrics import Metrics
from tensor_bodies import ALMOST_REQUESTS

CANARY = "c4nary-0f-a-pers0n"
MAX_BODY = 1_000_000
X = '"name":"x","shape":[1,2],"datatype":"FP32"'


@cache
def app(datatype: str = "FP32") -> App:
    """A server of a model that answers what it is asked: x, [-1, 2], comes back as y."""
    spec = (-1, 2)
    signature = Signature("t", (TensorSpec("x", datatype, spec),), (TensorSpec("y", datatype, spec),))

    def same(inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {"y": inputs["x"]}

    dataplane, metrics = FakeDataPlane(signature, same), Metrics()
    router = Router(dataplane.serves, metrics)
    V2Endpoints(dataplane, metrics).add_to(router)  # type: ignore[arg-type] # answers like a data plane
    return App(router, access_log=False, max_body=MAX_BODY)


def at_once(answer: Coroutine[Any, Any, Reply]) -> Reply:
    """An answer that waits for nothing."""
    try:
        answer.send(None)
    except StopIteration as end:
        found: Reply = end.value
        return found
    raise AssertionError("the answer waits")


def ask(
    served: App,
    body: bytes,
    path: str = "/v2/models/m/infer",
    finish: Callable[[Coroutine[Any, Any, Reply]], Reply] = at_once,
    **headers: str,
) -> Reply:
    """One POST; underscores in header names are dashes."""
    told = {name.replace("_", "-").encode(): text.encode("latin-1") for name, text in headers.items()}
    request = Request(b"POST", path.encode(), told, body, "192.0.2.7", 0.0, 1.0, keep_alive=True)
    return finish(served.answer(request))


def refused(reply: Reply) -> str:
    """The text of a refusal that is one."""
    assert 400 <= reply.status < 500, (reply.status, reply.body[:200])
    (text,) = json.loads(reply.body).values()
    assert text.isprintable()
    assert CANARY not in text
    return str(text)


def _json(text: str) -> bytes:
    for word, stands_for in (("CANARY", CANARY), ("XSPEC", X), ("NINES", "9" * 5000)):
        text = text.replace(word, stands_for)
    return text.encode()


BAD: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing": (b"", {}),
    "no JSON": (_json("CANARY"), {}),
    "half of it": (_json('{"inputs":[{"name":"x","data":["CANARY'), {}),
    "text where numbers belong": (_json('{"inputs":[{XSPEC,"data":["CANARY",1]}]}'), {}),
    "null": (_json('{"inputs":[{XSPEC,"data":[null,1]}]}'), {}),
    "objects": (_json('{"inputs":[{XSPEC,"data":[{"CANARY":1},1]}]}'), {}),
    "a number too many": (_json('{"inputs":[{XSPEC,"data":[1,2,3]}]}'), {}),
    "an integer without end": (_json('{"inputs":[{XSPEC,"data":[NINES,1]}]}'), {}),
    "a shape without end": (
        _json('{"inputs":[{"name":"x","shape":[9223372036854775807,4],"datatype":"FP32","data":[1]}]}'),
        {},
    ),
    "another name": (_json('{"inputs":[{"name":"z","shape":[1],"datatype":"FP32","data":[1]}]}'), {}),
    "nested without end": (b'{"inputs":' + b"[" * 100_000, {}),
    "a byte order mark": (b"\xef\xbb\xbf{}", {}),
    "UTF-16": ("{}".encode("utf-16"), {}),
    "half a surrogate": (_json('{"id":"\\ud800","inputs":[{XSPEC,"data":[1,NaN]}]}'), {}),
    "a header that is no number": (b"{}", {"inference_header_content_length": CANARY}),
    "a header beyond the body": (b"{}", {"inference_header_content_length": "3"}),
    "a header within the JSON": (b'{"inputs":[]}', {"inference_header_content_length": "5"}),
    "raw of the wrong length": (CANARY.encode() + b"!", {"inference_header_content_length": "0"}),
    "no gzip": (CANARY.encode(), {"content_encoding": "gzip"}),
    "half a gzip": (gzip.compress(b"{}" * 1000)[:-6], {"content_encoding": "gzip"}),
    "a gzip in a gzip": (gzip.compress(gzip.compress(b"{}")), {"content_encoding": "gzip"}),
    "a bomb": (gzip.compress(bytes(MAX_BODY + 1)), {"content_encoding": "gzip"}),
    "a bomb in zlib": (zlib.compress(bytes(MAX_BODY * 50)), {"content_encoding": "deflate"}),
    "a coding of another world": (b"{}", {"content_encoding": CANARY}),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_refused_without_an_echo(case: str) -> None:
    """A 5xx pages the wrong people, and an echo puts a person's data into everybody's logs."""
    body, headers = BAD[case]
    refused(ask(app(), body, finish=asyncio.run, **headers))


@pytest.mark.parametrize("datatype", sorted(DTYPES))
@pytest.mark.parametrize("asked", [{}, {"binary_data": True}, {"classification": 1}])
def test_what_a_model_cannot_answer_in_the_form_asked_for_is_the_clients_fault(
    datatype: str, asked: dict[str, Any]
) -> None:
    """Half floats have no JSON, words have no order: another form is the remedy."""
    array = np.zeros((1, 2), DTYPES[datatype]) if datatype != "BYTES" else None
    raw = bytes(8) if array is None else array.tobytes()
    entry = {
        "name": "x",
        "shape": [1, 2],
        "datatype": datatype,
        "parameters": {"binary_data_size": len(raw)},
    }
    head = json.dumps({"inputs": [entry], "outputs": [{"name": "y", "parameters": asked}]}).encode()

    reply = ask(app(datatype), head + raw, inference_header_content_length=str(len(head)))

    if reply.status != 200:
        assert "output 'y'" in refused(reply)
    elif b"octet-stream" in reply.head:
        length = int(reply.head.split(b"length: ")[1].split()[0])
        assert read_answer(reply.body, length)["y"] == (datatype, [1, 2], raw)


@given(
    ALMOST_REQUESTS,
    st.binary(max_size=24),
    st.integers(-2, 2),
    st.sampled_from(["gzip", "deflate", "identity", "br", ""]),
    st.sampled_from(["gzip", "deflate, gzip;q=0", "*", "q=1;;", ""]),
)
def test_nothing_that_is_nearly_a_request_breaks_the_server(
    document: Any, tail: bytes, shift: int, coding: str, accepted: str
) -> None:
    """Whatever is combined: documents, tails, lengths that are off by one, codings that are not there."""
    head = json.dumps(document).encode()
    body = head + tail
    if coding == "gzip":
        body = gzip.compress(body)
    headers = {"content_encoding": coding, "accept_encoding": accepted}
    if tail:
        headers["inference_header_content_length"] = str(len(head) + shift)

    reply = ask(app(), body, finish=at_once, **headers)

    if reply.status != 200:
        plain = zlib.decompress(reply.body, wbits=47) if b"content-encoding" in reply.head else reply.body
        refused(reply._replace(body=plain))


@given(st.binary(max_size=60), st.sampled_from(["/v2/repository/index", "/v2/repository/models/m/load"]))
def test_nothing_breaks_the_repository_either(body: bytes, path: str) -> None:
    """Its bodies are JSON from strangers as well."""
    reply = ask(app(), body, path)

    if reply.status != 200:
        refused(reply)
