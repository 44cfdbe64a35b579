"""When to say "unknown": how sure is sure enough, and what is unlike anything in training.

Of a photo of a toaster a classifier of cats and dogs may be very sure, for its probabilities are
shared out among the classes it knows. So there are two questions: whether it is sure enough of its
answer, and whether the photo lies near anything that it was trained on.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Labels
from headstart.evaluation.trust import wilson_interval

UNKNOWN = "unknown"

NEAREST = 5
"""Training samples whose mean distance is that of a sample."""

MOST = 10_000
"""Reference samples, at most."""

PASSED = 0.99
"""Share of samples like those of training whose distance lies within the limit."""

WIDEST = 8192
"""Features, at most: what is wider is maps, in which any shift of a photo is far away."""

_NUMBERS = 2**24  # in reference features, at most: 32 MB
_JUDGED = 2000  # training samples that the limit is taken from, at most
_Z80 = 0.8416212335729143  # of a one-sided bound that holds four times in five
_PIECE = 512  # samples whose distances are found at once


class Enough(NamedTuple):
    """How sure is sure enough.

    Attributes:
        probability: from which on it answers.
        shown: whether the samples at hand show that this suffices; else it rests on the
            probabilities being calibrated.
    """

    probability: float
    shown: bool


def sure_enough(right: NDArray[np.bool], sure: NDArray[np.float64], wanted: float) -> Enough:
    """The least probability from which on the answers are right as often as wanted.

    Among the samples at least so sure, the share of right answers is `wanted` or more even at the
    lower end of its one-sided 80% interval (after Wilson, 1927). The share itself, without such a
    margin, would fall short of what is wanted about every other time, and the usual 95% would
    refuse half of what could be answered: `docs/decisions/011-calibration-and-dont-know.md` has
    the figures. At 0.99 it takes 70 samples without a mistake. Where no probability is enough for
    that, the samples are too few or the network too weak, and the mean probability of those that
    are answered decides instead: of calibrated ones that is the share to expect.

    Args:
        right: bool (n,), whether the predicted class is the true one, of samples that the
            classifier was not fitted to.
        sure: float64 (n,), its calibrated probability.
        wanted: 0 to 1, the share of answers that is to be right.
    """
    order = np.argsort(-sure, kind="stable")
    ranked, n = sure[order], np.arange(1, len(sure) + 1)
    share = np.cumsum(right[order]) / n
    middle = share + _Z80**2 / (2 * n)
    half = _Z80 * np.sqrt(share * (1 - share) / n + _Z80**2 / (4 * n**2))
    lower = (middle - half) / (1 + _Z80**2 / n)
    last = np.append(ranked[1:] < ranked[:-1], True)  # of its equals
    for bound, shown in ((lower, True), (np.cumsum(ranked) / n, False)):
        enough = np.flatnonzero((bound >= wanted) & last)
        if len(enough):
            return Enough(float(ranked[enough[-1]]), shown)
    return Enough(1.0, False)


def unit(features: NDArray[Any]) -> NDArray[np.float32]:
    """float32 (n, d): the rows at length one; a row of zeros stays."""
    rows = features.astype(np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = rows / np.maximum(length, np.float32(1e-12))
    return scaled


def distances(
    features: NDArray[Any],
    reference: NDArray[Any],
    apart: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> NDArray[np.float32]:
    """How far samples lie from what was trained on: float32 (n,), 0 to 2; NaN where there is
    nothing to compare with.

    The mean cosine distance to the `NEAREST` of the reference samples. Nearest neighbours among
    features tell the unknown better than probabilities do (Sun et al., Out-of-Distribution
    Detection with Deep Nearest Neighbors, 2022).

    Args:
        features: float (n, d).
        reference: float (m, d), rows at length one.
        apart: int64 (n,) and (m,), a number for each sample; those of the same number are not
            compared.
    """
    known = reference.astype(np.float32)
    k = min(NEAREST, len(known))
    found = np.empty(len(features), np.float32)
    for i in range(0, len(features), _PIECE):
        near = unit(features[i : i + _PIECE]) @ known.T
        if apart is not None:
            near[apart[0][i : i + _PIECE, None] == apart[1][None]] = -1
        nearest = np.partition(near, -k, axis=1)[:, -k:]
        compared = nearest > -1
        count = compared.sum(axis=1)
        mean = np.where(compared, nearest, 0).sum(axis=1) / np.maximum(count, 1)
        mean[count == 0] = np.nan
        found[i : i + _PIECE] = np.maximum(1 - mean, 0)  # in float16 a length is not quite one
    return found


def limit(seen: NDArray[np.float32]) -> float:
    """The distance within which `PASSED` of all samples like these lie.

    With n of them it is that of rank ⌈(n + 1) · `PASSED`⌉, which holds for a new one too
    (split conformal prediction; Vovk et al., 2005); of fewer than 99 it is the largest.
    """
    rank = math.ceil((len(seen) + 1) * PASSED)
    return float(np.sort(seen)[min(rank, len(seen)) - 1])


def drawn(labels: Labels, width: int) -> NDArray[np.int64]:
    """int64 (m,), ascending: which samples are kept as reference, of every class its share.

    Args:
        labels: int64 (n,).
        width: of the features.
    """
    most = max(1, min(MOST, _NUMBERS // width))
    by_class = np.argsort(labels, kind="stable")
    m = min(most, len(labels))
    return np.sort(by_class[np.arange(m) * len(labels) // m])


def judged(samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Some of the samples, from all over, that a limit is taken from."""
    m = min(_JUDGED, len(samples))
    return samples[np.arange(m) * len(samples) // max(m, 1)]


@dataclass(frozen=True)
class Abstention:
    """What a classifier does not answer, and what that brings.

    Attributes:
        wanted: the share of answers that is to be right.
        enough: how sure it must be.
        fitted_on, samples: what that was chosen by, as of a `Calibration`.
        distance: the largest at which it answers; None: no distance is looked at.
        reference: float16 (m, d), unit features of training samples.
        sets: what it brings on each set of samples, by name, as `answering` gives it.
    """

    wanted: float
    enough: Enough
    fitted_on: str
    samples: int
    distance: float | None
    reference: NDArray[np.float16] | None
    sets: dict[str, dict[str, Any]]

    def record(self) -> dict[str, Any]:
        """As `metrics.json` has it."""
        return {
            **described(self.wanted, self.enough.probability, self.distance),
            "shown": self.enough.shown,
            "fitted_on": self.fitted_on,
            "samples": self.samples,
            "sets": self.sets,
        }


def described(wanted: float, probability: float, distance: float | None) -> dict[str, Any]:
    """The thresholds, as `metrics.json` has them."""
    return {
        "wanted": wanted,
        "probability": probability,
        "distance": distance,
        "nearest": None if distance is None else NEAREST,
    }


def answering(
    right: NDArray[np.bool],
    sure: NDArray[Any],
    far: NDArray[np.float32] | None,
    probability: float,
    distance: float | None,
) -> dict[str, Any]:
    """What thresholds bring on a set of samples: how much is answered, and how well.

    Args:
        right: bool (n,), whether the predicted class is the true one.
        sure: float (n,), its probability.
        far: float32 (n,), the distances, where they are looked at.
    """
    unlike = np.zeros(len(right), np.bool)
    if far is not None and distance is not None:
        unlike = far > distance
    unsure = ~unlike & (sure < probability)
    answered = ~(unlike | unsure)
    n, m, hits = len(right), int(answered.sum()), int(right[answered].sum())
    return {
        "samples": n,
        "answered": m / n,
        "answered_interval": list(wilson_interval(m, n)),
        "accuracy": hits / m if m else None,
        "accuracy_interval": list(wilson_interval(hits, m)) if m else None,
        "unsure": int(unsure.sum()),
        "unlike": int(unlike.sum()),
    }


class Point(NamedTuple):
    """A point of a coverage curve: the share answered, and how much of that is right."""

    answered: float
    accuracy: float
    probability: float


def coverage(right: NDArray[np.bool], sure: NDArray[np.float64]) -> Iterator[Point]:
    """The coverage curve, from the surest sample on to all of them (El-Yaniv and Wiener, On the
    Foundations of Noise-free Selective Classification, 2010; Geifman and El-Yaniv, Selective
    Classification for Deep Neural Networks, 2017). Samples of one probability come together."""
    order = np.argsort(-sure, kind="stable")
    ranked, hits = sure[order], np.cumsum(right[order])
    for i in np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True)).tolist():
        yield Point((i + 1) / len(sure), float(hits[i]) / (i + 1), float(ranked[i]))
