"""What every engine offers to the rest of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Array


class Engine(Protocol):
    """A loaded model. `run` may be called from several threads at once and releases the interpreter lock."""

    @property
    def signature(self) -> Signature:
        """What the model takes and gives."""

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run the model once.

        Args:
            inputs: validated against the signature.
            outputs: names; one or more.

        Returns:
            One array for each name, in that order.

        Raises:
            InvalidRequest: the model refuses these inputs.
            EngineFailed: the engine broke.
        """

    def close(self) -> None:
        """Give back memory and threads."""
