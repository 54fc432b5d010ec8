"""numpy's own file format (application/x-npy), which SageMaker's serializer for arrays sends.

The header says type and shape; both are compared with what follows before anything is made of it. Arrays of
Python objects are pickles and are refused by their type.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.lib import format as npy_format

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.tensors import MAX_RANK, element_count

_WIDE = {"f": np.float64, "i": np.int64, "u": np.uint64}
_READERS = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}


def decode(body: bytes) -> Numbers:
    """Read an array of numbers.

    Raises:
        InvalidRequest: no such file, not an array of numbers, or not as long as its header says.
    """
    file = io.BytesIO(body)
    try:
        shape, by_column, dtype = _READERS[npy_format.read_magic(file)](file)
    except Exception:  # noqa: BLE001 # whatever its parser meets in a stranger's header
        raise InvalidRequest("the body is not an npy file of version 1 or 2") from None
    if dtype.kind not in _WIDE or dtype.itemsize > 8:  # noqa: PLR2004 # bytes
        raise InvalidRequest("the npy file must hold integers or floats of at most 64 bits")
    if len(shape) > MAX_RANK or any(type(size) is not int or size < 0 for size in shape):
        raise InvalidRequest("the npy file has a shape that no array has")
    content = memoryview(body)[file.tell() :]
    if element_count(shape) * dtype.itemsize != len(content):
        raise InvalidRequest(
            f"the npy file has {len(content)} bytes of data, not as many as its shape asks for"
        )
    values = np.frombuffer(content, dtype).astype(_WIDE[dtype.kind])
    if by_column:
        values = np.ascontiguousarray(values.reshape(shape[::-1]).T).reshape(-1)
    return Numbers(values, shape)
