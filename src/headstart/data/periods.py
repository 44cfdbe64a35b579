"""A split by time: the past trains, what follows it validates, the newest tests."""

import numpy as np
from numpy.typing import NDArray

from headstart.errors import SourceError
from headstart.sets import SIDES


def divided(times: NDArray[np.int64], *, validation: float, test: float) -> list[str]:
    """Share out samples from the oldest to the newest.

    Args:
        times: int64 (n,); samples of one time stay on one side.
        validation, test: shares of all samples. Where many are of one time, the cut is made
            where the share comes nearest.

    Returns:
        For each sample `train`, `validation` or `test`.

    Raises:
        SourceError: there are fewer different times than sides.
    """
    moments, counts = np.unique(times, return_counts=True)
    shares = dict(zip(SIDES, (1 - validation - test, validation, test), strict=True))
    sides = [side for side in SIDES if shares[side] > 0]
    if len(moments) < len(sides):
        raise SourceError(
            f"There {'is one time' if len(moments) == 1 else f'are {len(moments)} different times'}"
            f" in all: too few to part {', '.join(sides[:-1])} and {sides[-1]}.",
            mend="Name a column of finer times with --time, or leave it out.",
        )
    ends = np.cumsum(counts) / len(times)
    cuts: list[int] = []
    for i in range(len(sides) - 1):
        upto = sum(shares[each] for each in sides[: i + 1])
        least = cuts[-1] + 1 if cuts else 0
        most = len(moments) - (len(sides) - 1 - i)  # each later side needs a time too
        cuts.append(least + int(np.abs(ends[least:most] - upto).argmin()))
    place = np.searchsorted(moments[cuts], times)  # a cut is the last time of its side
    return [sides[p] for p in place.tolist()]
