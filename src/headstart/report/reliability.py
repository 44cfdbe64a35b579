"""How sure a network was against how often it was right, laid out for drawing.

A reliability diagram (DeGroot and Fienberg, The Statistician 32, 1983; Guo et al., On Calibration
of Modern Neural Networks, 2017).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from headstart.evaluation.trust import wilson_interval
from headstart.report.curves import Frame
from headstart.report.predictions import Prediction
from headstart.report.words import percent

FRAME = Frame(360, 300, left=46, right=346, top=12, bottom=262)

_BINS = 10
_LARGEST = 9.0  # radius of the point with the most samples


class Bin(NamedTuple):
    """Samples of which it was about equally sure.

    Attributes:
        n: how many.
        sure, right: the mean probability of what it called them, and the share named rightly.
        x, y, low, high: where that is drawn, with the 95% interval of `right`.
        radius: by the number of samples.
    """

    n: int
    sure: float
    right: float
    x: float
    y: float
    low: float
    high: float
    radius: float


class Reliability(NamedTuple):
    """A reliability diagram of the size of `FRAME`.

    Attributes:
        bins: from the least sure on; those without samples are left out.
        across, up: places of the marks on the axes, and what stands there.
        story: what it tells, one sentence.
    """

    bins: list[Bin]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    story: str


def reliability(predictions: Iterable[Prediction]) -> Reliability | None:
    """The diagram of some predictions; None if there are none."""
    found = [(row.p_predicted, row.predicted == row.label) for row in predictions]
    if not found:
        return None
    sure = np.array([share for share, _ in found])
    right = np.array([hit for _, hit in found])
    place = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    bins = []
    for number in np.flatnonzero(counts):
        inside = place == number
        n, hits = int(counts[number]), int(right[inside].sum())
        low, high = wilson_interval(hits, n)
        mean = float(sure[inside].mean())
        radius = _LARGEST * float(np.sqrt(n / counts.max()))
        drawn = _across(mean), _up(hits / n), _up(low), _up(high), max(radius, 2.5)
        bins.append(Bin(n, mean, hits / n, *drawn))
    marks = [i / 5 for i in range(6)]
    return Reliability(
        bins,
        [(_across(mark), f"{mark:.0%}") for mark in marks],
        [(_up(mark), f"{mark:.0%}") for mark in marks],
        _story(float(sure.mean()), int(right.sum()), len(right)),
    )


def _story(sure: float, hits: int, n: int) -> str:
    low, high = wilson_interval(hits, n)
    told = f"On average it was {percent(sure)} sure, and {percent(hits / n)} were right"
    if sure > high:
        return f"{told}: surer than it should be. Do not take its probabilities at face value."
    if sure < low:
        return f"{told}: it is less sure than it could be."
    return f"{told}: no further apart than chance explains."


def _across(share: float) -> float:
    return FRAME.left + (FRAME.right - FRAME.left) * share


def _up(share: float) -> float:
    return FRAME.bottom - (FRAME.bottom - FRAME.top) * share
