"""Two classifiers on the same samples: which is better, and whether chance explains it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.trust import Z95


@dataclass(frozen=True)
class Paired:
    """How often one of two was right where the other was wrong.

    Attributes:
        n: samples that both answered.
        first, second: how many only the one and only the other named correctly.
    """

    n: int
    first: int
    second: int

    @classmethod
    def of(cls, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> "Paired":
        """From whether each named each sample correctly, bool (n,), n ≥ 1."""
        alone = int((first & ~second).sum()), int((second & ~first).sum())
        return cls(len(first), *alone)

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second, −1 to 1."""
        return (self.first - self.second) / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of `difference` (Agresti and Min, Statistics in Medicine 24, 2005: a
        half added to each cell of the table)."""
        n, first, second = self.n + 2, self.first + 0.5, self.second + 0.5
        middle = (first - second) / n
        half = Z95 * math.sqrt(first + second - (first - second) ** 2 / n) / n
        return max(-1.0, middle - half), min(1.0, middle + half)

    @property
    def p(self) -> float:
        """Two-sided p-value of McNemar's exact test (Psychometrika 12, 1947).

        How often a fair coin would part `first + second` samples at least as unevenly.
        """
        m, fewer = self.first + self.second, min(self.first, self.second)
        logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, m + 1)))])  # of factorials
        k = np.arange(fewer + 1)
        tail = np.exp(logs[m] - logs[k] - logs[m - k] - m * math.log(2)).sum()
        return float(min(1.0, 2 * tail))
