"""A request and its result, the same for every protocol: codecs make and take these, nothing else crosses.

NamedTuples, because one of each is made per request and a frozen dataclass costs three times as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.protocol.signature import TensorSpec
    from slipway_runtime.protocol.tensors import Array


class Form(NamedTuple):
    """How a client wants its outputs written, where it says so.

    Attributes:
        binary: every output as binary data, unless `each` says otherwise.
        each: binary data or not, by the name of an output.
        classes: ask for so many of the highest values of an output, as text, by its name.
    """

    binary: bool = False
    each: Mapping[str, bool] = {}
    classes: Mapping[str, int] = {}


class InferenceRequest(NamedTuple):
    """What a client asks.

    Attributes:
        model: the served model's name.
        version: as asked for; empty means any.
        id: echoed in the answer; empty when the client gave none.
        inputs: by name, already of the datatype and shape that the client declared.
        outputs: names of the wanted outputs in order; empty means all.
        form: how to write them; None is the protocol's ordinary form.
        seconds: that the client gives it; 0 leaves it to the server.
    """

    model: str
    version: str
    id: str
    inputs: dict[str, Array]
    outputs: tuple[str, ...]
    form: Form | None = None
    seconds: float = 0.0


class InferenceResult(NamedTuple):
    """What the model answered.

    Attributes:
        model: the served model's name.
        version: the one that answered.
        id: the request's.
        specs: of the outputs, in the order asked for.
        arrays: the outputs, in the same order.
    """

    model: str
    version: str
    id: str
    specs: Sequence[TensorSpec]
    arrays: Sequence[Array]
