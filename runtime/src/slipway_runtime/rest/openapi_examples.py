"""Bodies that the served model takes, one for each protocol: made from its signature, for the documents.

Every open dimension is 1 and every number too; a client's developer needs the shape, not the values. A model
whose smallest input is large gets no examples: nobody reads a picture in JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.protocol.rows import TABLE
from slipway_runtime.protocol.tensors import BYTES, FLOATS, WITHOUT_JSON_FORM, element_count

if TYPE_CHECKING:
    from slipway_runtime.protocol.signature import Signature, TensorSpec

LONGEST = 256  # elements


def examples(signature: Signature) -> dict[str, Any]:
    """Bodies by protocol; a protocol that cannot say what this model takes is left out."""
    inputs = signature.inputs
    if not inputs or any(spec.datatype in WITHOUT_JSON_FORM for spec in inputs):
        return {}
    if sum(element_count(_shape(spec)) for spec in inputs) > LONGEST:
        return {}
    named = {spec.name: _nested(spec, _shape(spec)) for spec in inputs}
    found: dict[str, Any] = {
        "v2": {"inputs": [_tensor(spec) for spec in inputs]},
        "columns": {"inputs": named},
    }
    if len(inputs) == 1:
        rows = next(iter(named.values()))
        found["v1"] = {"instances": rows}
        found["seldon"] = {"data": {"ndarray": rows}}
        found["mlflow"] = _frame(signature, rows) if len(inputs[0].shape) == TABLE else {"inputs": rows}
    else:
        found["mlflow"] = {"inputs": named}
        if not all(inputs[0].shape[:1] == spec.shape[:1] == (-1,) for spec in inputs):
            return found
        found["v1"] = {"instances": [{name: value[0] for name, value in named.items()}]}
        if not all(spec.shape in ((-1,), (-1, 1)) for spec in inputs):
            return found
        rows = [[_one(spec) for spec in inputs]]
        found["seldon"] = {"data": {"names": list(named), "ndarray": rows}}
    found["plain"] = {"features": rows}
    found["torchserve"] = rows
    return found


def _frame(signature: Signature, rows: Any) -> dict[str, Any]:
    names = {"columns": list(signature.features)} if signature.features else {}
    return {"dataframe_split": {**names, "data": rows}}


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    shape = _shape(spec)
    data = [_one(spec)] * element_count(shape)
    return {"name": spec.name, "datatype": spec.datatype, "shape": shape, "data": data}


def _shape(spec: TensorSpec) -> list[int]:
    return [1 if size == -1 else size for size in spec.shape]


def _nested(spec: TensorSpec, shape: list[int]) -> Any:
    return [_nested(spec, shape[1:]) for _ in range(shape[0])] if shape else _one(spec)


def _one(spec: TensorSpec) -> Any:
    if spec.datatype == BYTES:
        return "a"
    if spec.datatype == "BOOL":
        return True
    return 1.0 if spec.datatype in FLOATS else 1
