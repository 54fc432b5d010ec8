"""A server without a protocol: it reads the bytes, runs the model on the last of them, writes the outputs.

python model.py PORT MODEL INPUTS; INPUTS is an .npz file with one input, as every request has it.

What it takes beyond the model is the price of any Python process behind a socket: the kernel's copies, the
event loop, and caches that the model has emptied. No request is checked, counted, limited or batched.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import cast

import numpy as np
import onnxruntime
import uvloop

READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HEAD_BYTES = 65536
DATATYPES = {"float32": "FP32", "int64": "INT64"}


class Model:
    """From a tensor's bytes to an answer of the Open Inference Protocol with binary outputs."""

    def __init__(self, model: str, inputs: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        [(self._input, self._like)] = np.load(inputs).items()
        self._head = self._described()

    def _described(self) -> bytes:
        arrays = self._session.run(self._outputs, {self._input: self._like})
        outputs = [
            {
                "name": name,
                "datatype": DATATYPES[array.dtype.name],
                "shape": array.shape,
                "parameters": {"binary_data_size": array.nbytes},
            }
            for name, array in zip(self._outputs, arrays, strict=True)
        ]
        body = json.dumps({"outputs": outputs}).encode()
        length = len(body) + sum(array.nbytes for array in arrays)
        lines = f"inference-header-content-length: {len(body)}\r\ncontent-length: {length}"
        return f"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n".encode() + body

    @property
    def nbytes(self) -> int:
        """Of the tensor."""
        size: int = self._like.nbytes
        return size

    def answer(self, buffer: bytearray, end: int) -> bytes:
        """Of the tensor whose bytes end there."""
        flat = np.frombuffer(buffer, self._like.dtype, self._like.size, end - self._like.nbytes)
        arrays = self._session.run(self._outputs, {self._input: flat.reshape(self._like.shape)})
        return b"".join((self._head, *(array.tobytes() for array in arrays)))


class Answering(asyncio.BufferedProtocol):
    """One connection, whose requests are all of one length, one at a time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._buffer = bytearray(HEAD_BYTES + model.nbytes)
        self._view = memoryview(self._buffer)
        self._at = self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """What is free of the buffer."""
        del sizehint
        return self._view[self._at :]

    def buffer_updated(self, nbytes: int) -> None:
        """Answers once a request is whole."""
        self._at += nbytes
        if not self._length:
            self._length = self._measured()
        if self._at == self._length:
            self._at = 0
            is_get = self._buffer.startswith(b"GET")
            self._transport.write(READY if is_get else self._model.answer(self._buffer, self._length))

    def _measured(self) -> int:
        """The length of a request, 0 while its head is not whole."""
        head, blank, _ = bytes(self._view[: self._at]).partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        return len(head) + len(blank) + (int(found[1]) if found else 0) if blank else 0


async def main(port: int, model: Model) -> None:
    """Serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(lambda: Answering(model), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Model(*sys.argv[2:])))
