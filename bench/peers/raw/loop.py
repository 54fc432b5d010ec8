"""No server at all: the model in a loop, in one thread. What a server cannot exceed on one core.

python loop.py MODEL INPUTS SECONDS; INPUTS is an .npz file. Prints requests and seconds as JSON.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import onnxruntime


def main(model: str, inputs: str, seconds: str) -> None:
    """Run it for so long."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    feed = dict(np.load(inputs))
    session.run(outputs, feed)
    times = []
    begun = now = time.perf_counter()
    while now < begun + float(seconds):
        session.run(outputs, feed)
        before, now = now, time.perf_counter()
        times.append(now - before)
    times.sort()
    figures = {
        "requests": len(times),
        "seconds": now - begun,
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
