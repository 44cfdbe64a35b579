"""What a confusion matrix shows: shares by row, colours, the pairs most often confused.

`matrix` is int (k, k) throughout: entry (i, j) counts samples of true class i that were
called class j.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# With more classes than this, numbers in cells can no longer be read.
FEW_CLASSES = 20
MOST_NAMED = 40  # names on an axis

_RIGHT = (46, 112, 194)
_WRONG = (232, 115, 46)


class Confusion(NamedTuple):
    """How often one class was called another."""

    true: str
    predicted: str
    times: int
    share: float  # of the samples of the true class, 0 to 1


def row_shares(matrix: ArrayLike) -> NDArray[np.float64]:
    """float64 (k, k): each row divided by its sum; NaN where a class has no sample."""
    counts = np.asarray(matrix, dtype=np.float64)
    total = counts.sum(axis=1, keepdims=True)
    return counts / np.where(total, total, np.nan)


def shades(values: ArrayLike) -> NDArray[np.float64]:
    """float64, shape of `values`: how strongly each is coloured, 0 to 1.

    The square root keeps one mistake among hundreds visible; zero and NaN have no colour.
    """
    known = np.nan_to_num(np.asarray(values, dtype=np.float64))
    top = known.max(initial=0.0) or 1.0
    return np.where(known > 0, 0.1 + 0.9 * np.sqrt(known / top), 0.0)


def cell_colours(values: ArrayLike, strength: float) -> NDArray[np.uint8]:
    """uint8 (k, k, 3): blue where the answer is right, orange where it is wrong.

    Args:
        values: counts or shares, (k, k).
        strength: of the largest value's colour, 0 (white) to 1.
    """
    shade = shades(values).astype(np.float32)[..., None]
    full = np.where(np.eye(len(shade), dtype=bool)[..., None], _RIGHT, _WRONG)
    colours: NDArray[np.float32] = 255 - strength * shade * (255 - full).astype(np.float32)
    return colours.astype(np.uint8)


def number_correct(counts: NDArray[np.integer]) -> str:
    """What stands over a picture of the matrix."""
    return f"{int(np.trace(counts)):,} of {int(counts.sum()):,} correct"


def short_name(name: str) -> str:
    """A name on one line and not too long for an axis."""
    name = " ".join(name.split())
    return name if len(name) <= 24 else f"{name[:23]}…"


def confusions(matrix: ArrayLike, classes: Sequence[str], most: int) -> list[Confusion]:
    """At most `most` pairs of classes, the most often confused first, then by share."""
    counts = np.array(matrix)
    shares = row_shares(counts)
    np.fill_diagonal(counts, 0)
    true, predicted = np.nonzero(counts)
    times, share = counts[true, predicted], shares[true, predicted]
    order = np.lexsort((-share, -times))[:most]
    return [
        Confusion(classes[true[n]], classes[predicted[n]], int(times[n]), float(share[n]))
        for n in order
    ]
