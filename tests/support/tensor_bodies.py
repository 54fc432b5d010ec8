"""Bodies of inference requests, small and large, right and wrong; and strategies that make them up.

The runtime reads small bodies with one parser and large ones with another. Whitespace at the end of a body
makes it large without changing what it says: whatever a test says of a body has to hold in both sizes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import strategies as st

from slipway_runtime.protocol.json_document import LARGE
from slipway_runtime.protocol.tensors import DTYPES, WITHOUT_JSON_FORM, Array
from slipway_runtime.protocol.v2_decode import decode

Sized: TypeAlias = Callable[[bytes], bytes]

MAX_ELEMENTS = 24
JSON_DATATYPES = sorted(set(DTYPES) - WITHOUT_JSON_FORM)


def tight(body: bytes) -> bytes:
    """As it is."""
    return body


def padded(body: bytes) -> bytes:
    """Long enough for the parser of large bodies."""
    return body + b" " * LARGE


in_both_sizes = pytest.mark.parametrize("sized", [tight, padded], ids=["small", "large"])
"""A test with this mark takes `sized` and applies it to every body."""


def tensor(data: Any, shape: Any, datatype: Any = "FP32", name: Any = "x", **fields: Any) -> dict[str, Any]:
    """One input's JSON."""
    return {"name": name, "shape": shape, "datatype": datatype, "data": data, **fields}


def body(*inputs: Any, **fields: Any) -> bytes:
    """A request's body; NaN and the infinities become the tokens of those names."""
    return json.dumps({**fields, "inputs": list(inputs)}).encode()


def one(sized: Sized, data: Any, shape: Any, datatype: Any = "FP32") -> Array:
    """The array that a request with a single input decodes to."""
    return decode(sized(body(tensor(data, shape, datatype))), "m").inputs["x"]


def _elements(datatype: str) -> st.SearchStrategy[Any]:
    if datatype == "BOOL":
        return st.booleans()
    if datatype == "BYTES":
        return st.text(max_size=8)
    dtype = DTYPES[datatype]
    if dtype.kind == "f":
        return st.floats(width=32 if datatype == "FP32" else 64)
    limits = np.iinfo(dtype)
    return st.integers(int(limits.min), int(limits.max))


@st.composite
def tensors(draw: st.DrawFn, datatypes: list[str] | None = None) -> tuple[str, Array]:
    """A datatype and an array of it, of up to three dimensions of which some may be empty."""
    datatype = draw(st.sampled_from(datatypes or JSON_DATATYPES))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=3)))
    count = int(np.prod(shape, dtype=int))
    flat = draw(st.lists(_elements(datatype), min_size=count, max_size=count))
    array = np.empty(count, dtype=DTYPES[datatype])
    array[:] = flat
    return datatype, array.reshape(shape)


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
"""Any JSON at all."""

_DIMENSIONS = st.integers(-2, 4) | st.sampled_from([2**31, 2**63 - 1, 2**63, True, 1.0, "1", None])
_NUMBERS = st.integers(-300, 300) | st.floats() | st.sampled_from([10**30, -(2**63), 2**64, True, None, "1"])
_NESTED: st.SearchStrategy[Any] = st.recursive(
    st.lists(_NUMBERS, max_size=4), lambda inner: st.lists(inner, max_size=3), max_leaves=8
)
_ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["x", "y", ""]) | JSON_VALUES,
        "shape": st.lists(_DIMENSIONS, max_size=3) | JSON_VALUES,
        "datatype": st.sampled_from([*DTYPES, "FP8"]) | JSON_VALUES,
        "data": _NESTED | JSON_VALUES,
        "parameters": st.just({}) | JSON_VALUES,
    },
)
ALMOST_REQUESTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=4) | JSON_VALUES,
        "inputs": st.lists(_ENTRIES, max_size=3) | JSON_VALUES,
        "outputs": st.lists(_ENTRIES, max_size=3) | JSON_VALUES,
        "parameters": JSON_VALUES,
    },
)
"""Documents that look like requests and are wrong in one place or another, or right."""
