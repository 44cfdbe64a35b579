"""What a network learns from or is judged by: rows, labels and weights."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Labels


class Rows(Protocol):
    """What the network takes, by number of the sample."""

    def __len__(self) -> int: ...
    def __getitem__(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """(len(numbers), ...), one row for each number."""
        ...


@dataclass(frozen=True)
class Examples:
    """Samples to learn from or to be judged by.

    Attributes:
        rows: length n.
        labels: int64 (n,).
        weights: float64 (n,), how much each counts; None: all alike.
    """

    rows: Rows
    labels: Labels
    weights: NDArray[np.float64] | None = None
