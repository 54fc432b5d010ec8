"""A model and one request for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """What every server of a case gets.

    Attributes:
        name: the served model's.
        path: its file, alone in its folder.
        inputs: by name, in the model's order.
        expected: outputs by name, in the model's order, as the model's own library gives them.
    """

    name: str
    path: Path
    inputs: Mapping[str, Array]
    expected: Mapping[str, Array]

    def save_inputs(self, file: Path) -> None:
        """As .npz, for a program without the benchmark's code."""
        np.savez(file, **dict(self.inputs))  # type: ignore[arg-type] # its keyword-only flag has another type
