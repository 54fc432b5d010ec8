"""How NVIDIA's tritonserver is started, from the wheel that carries it.

The wheel has the server and its Python backend; the stub that runs Python models is made for one version of
Python and has to lie beside the backend. It embeds an interpreter that reads no PYTHONPATH: it finds its
environment by the first python3 on PATH, and the interpreter's library where the loader looks.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from slipway_bench.environment import PEERS
from slipway_bench.installs import UnavailableError
from slipway_bench.launch import Launch, Ports
from slipway_bench.sample import Array, Sample
from slipway_bench.wire import DATATYPES


def launch(python: str, sample: Sample, ports: Ports, folder: Path) -> Launch:
    """NVIDIA's tritonserver, the model in its Python backend; the backend's stub is made for one Python."""
    packages = Path(python).parents[1] / "lib" / f"python{_version()}" / "site-packages"
    shipped = packages / "pytriton" / "tritonserver"
    stub = shipped / "python_backend_stubs" / _version() / "triton_python_backend_stub"
    if not stub.exists():
        raise UnavailableError(f"the wheel has no stub for Python {_version()}")
    beside = shipped / "backends" / "python" / stub.name
    if not beside.exists():
        beside.hardlink_to(stub)
    model = folder / "models" / sample.name
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text((PEERS / "triton" / "model.py").read_text())
    (model / "config.pbtxt").write_text(config(sample))
    where = ["--model-repository", str(folder / "models"), "--backend-directory", str(shipped / "backends")]
    listen = ["--http-port", str(ports.http), "--grpc-port", str(ports.grpc)]
    quiet = ["--metrics-port", str(ports.metrics), "--log-info", "false", "--log-warning", "false"]
    libraries = f"{packages / 'nvidia_pytriton.libs'}:{sysconfig.get_config_var('LIBDIR')}"
    environ = {"LD_LIBRARY_PATH": libraries, "PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
    return Launch([str(shipped / "bin" / "tritonserver"), *where, *listen, *quiet], environ)


def config(sample: Sample) -> str:
    """The model's configuration, in Triton's text format; batching is off, as it is everywhere by default."""

    def tensors(kind: str, arrays: Mapping[str, Array]) -> str:
        entries = []
        for name, array in arrays.items():
            dims = ", ".join(map(str, (-1, *array.shape[1:])))
            entries.append(
                f'{{ name: "{name}" data_type: TYPE_{DATATYPES[array.dtype.name]} dims: [{dims}] }}'
            )
        return f"{kind} [ {', '.join(entries)} ]"

    return "\n".join(
        (
            f'name: "{sample.name}"\nbackend: "python"\nmax_batch_size: 0',
            tensors("input", sample.inputs),
            tensors("output", sample.expected),
            "instance_group [ { kind: KIND_CPU count: 1 } ]",
            f'parameters [ {{ key: "path" value: {{ string_value: "{sample.path}" }} }} ]\n',
        )
    )


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
