"""What more training samples would bring, told from the errors of training on fewer.

Errors fall as a power of the number of training samples (Mukherjee et al., Estimating Dataset Size
Requirements for Classifying DNA Microarray Data, Journal of Computational Biology 10, 2003;
Hestness et al., Deep Learning Scaling Is Predictable, Empirically, arXiv:1712.00409), down to a
floor that a few points do not show. So it is fitted to the last points alone, and looks no further
than to twice as many samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.bootstrap import DRAWS, weighted_means

Floats = NDArray[np.float64]
Interval = tuple[float, float]

_SEED = 0
_FITTED = 3  # points: with more, errors seem to fall faster than they go on to


@dataclass(frozen=True)
class Doubled:
    """What twice the training samples would bring.

    Attributes:
        exponent: b, where the error goes with the number of training samples to the power −b.
        error: the share that would be named wrongly, 0 to 1.
        gain: by how much that is less than now, −1 to 1.
    """

    exponent: float
    exponent_interval: Interval
    error: float
    error_interval: Interval
    gain: float
    gain_interval: Interval


def doubled(sizes: Sequence[int], wrong: Sequence[Floats]) -> Doubled:
    """The error after twice as many training samples as the last of `sizes`.

    The 95% intervals hold what the judged samples leave open, by weighing them anew, the same for
    every size; and what the training samples do, for others as many make another error: by how
    much is told by the repeats, as a variance in proportion to the error.

    Args:
        sizes: ascending numbers of training samples, three or more.
        wrong: for each size whether each judged sample was named wrongly, 0 or 1, float64
            (repeats, n): after training on so many samples, chosen anew each time. Some size has
            two repeats or more.
    """
    sizes, wrong = sizes[-_FITTED:], wrong[-_FITTED:]
    n = wrong[0].shape[1]
    least = 0.5 / n  # an error of 0 has a variance too
    means = np.array([each.mean(axis=0) for each in wrong])
    now = means.mean(axis=1)
    spread = np.mean(
        [
            each.mean(axis=1).var(ddof=1) / max(error, least)
            for each, error in zip(wrong, now, strict=True)
            if len(each) > 1
        ]
    )
    repeats = np.array([len(each) for each in wrong])
    chance = np.random.default_rng(_SEED).normal(size=(DRAWS, len(wrong) + 1))
    draws = weighted_means(means.T)
    chance = chance[: len(draws)]
    draws = draws + chance[:, :-1] * np.sqrt(spread * np.maximum(now, least) / repeats)
    errors = np.vstack([now, np.maximum(draws, 0.0)])
    exponent = _exponents(sizes, errors, n)
    after = errors[:, -1] * 2.0**-exponent
    after[1:] += chance[:, -1] * np.sqrt(spread * max(float(after[0]), least))
    after = np.maximum(after, 0.0)
    figures = [exponent, after, errors[:, -1] - after]
    pairs = [(float(each[0]), _percentiles(each)) for each in figures]
    return Doubled(*pairs[0], *pairs[1], *pairs[2])


def _exponents(sizes: Sequence[int], errors: Floats, n: int) -> Floats:
    """The exponent of a power law for each row of errors, (rows, m), the measured first; none
    below 0.

    By least squares of the logarithms, each weighted by how well its error is known.
    """
    weight = errors[0] * n + 0.5
    x = np.log(sizes)
    x = x - np.average(x, weights=weight)
    y = np.log((errors * n + 0.5) / (n + 1))
    found: Floats = np.maximum(0.0, -(y @ (weight * x)) / float(weight @ x**2))
    return found


def _percentiles(values: Floats) -> Interval:
    """Of all but the first, widened to hold that."""
    low, high = np.percentile(values[1:], (2.5, 97.5))
    return min(float(low), float(values[0])), max(float(high), float(values[0]))
