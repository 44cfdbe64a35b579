"""Intervals for figures that have no formula, by weighing the judged samples anew.

All are 95% percentile intervals of the bootstrap (Efron, Annals of Statistics 7, 1979), widened to
hold the figure itself, and repeatable: the draws come from a seed of their own. A draw gives each
sample a random weight (the Bayesian bootstrap; Rubin, Annals of Statistics 9, 1981) where Efron's
takes it a whole number of times, which is coarse where all hangs on a few mistakes. There are
`DRAWS` of them, fewer where the samples are so many that chance hardly moves the figures.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Matrix, bins_of
from headstart.training.blas import one_thread

DRAWS = 1000

Floats = NDArray[np.float64]
Interval = tuple[float, float]

_SEED = 0
_FEWEST = 200  # draws
_WORK = 2**24  # weights drawn for one interval
_PIECE = 2**17  # of them at once: what fits into a processor's cache takes half the time
_UNSEEN = 0.5  # mistakes in all that a matrix is taken to have beside those in it


def macro_f1_interval(matrix: Matrix) -> Interval:
    """Of macro F1, from a confusion matrix int64 (k, k); classes without samples take no part.

    The samples of each class are weighed among themselves (a stratified bootstrap), because a
    test set holds each class in the share that the split gave it, and so that no draw is without
    a class. Half a mistake that was not seen is spread over the matrix, as in Jeffreys' prior: else
    a network that made none would get an interval without width.
    """
    random = np.random.default_rng(_SEED)
    support = matrix.sum(axis=1)
    there = np.flatnonzero(support)
    support = support[there]
    true, called = np.nonzero(matrix[there])  # of a thousand classes' cells most are empty
    counts = matrix[there][true, called]
    first = np.searchsorted(true, np.arange(len(there)))  # the cells of a class lie together
    by_called = np.argsort(called, kind="stable")
    columns, starts = np.unique(called[by_called], return_index=True)
    right = np.flatnonzero(there[true] == called)
    others = max(1, len(matrix) - 1)
    found = []
    for rows in _rows(len(true)):
        weight = random.standard_gamma(counts, (rows, len(true)))
        unseen = random.standard_gamma(_UNSEEN / len(there), (rows, len(there)))
        scale = support / (np.add.reduceat(weight, first, axis=1) + unseen)
        weight *= scale[:, true]
        unseen *= scale / others
        predicted = np.zeros((rows, len(matrix)))
        predicted[:, columns] = np.add.reduceat(weight[:, by_called], starts, axis=1)
        predicted += unseen.sum(axis=1, keepdims=True)
        hits = np.zeros((rows, len(there)))
        hits[:, true[right]] = weight[:, right]
        f1 = 2 * hits / (predicted[:, there] - unseen + support)
        found.append(f1.mean(axis=1))
    seen = 2 * np.diag(matrix)[there] / (matrix.sum(axis=0)[there] + support)
    return _percentiles(np.concatenate(found), float(seen.mean()))


def mean_interval(values: Floats) -> Interval:
    """Of the mean of some numbers, float64 (n,), n ≥ 1."""
    return _percentiles(weighted_means(values[:, None])[:, 0], float(values.mean()))


def calibration_error_interval(
    right: NDArray[np.bool_], confidence: NDArray[np.floating]
) -> Interval:
    """Of `metrics.calibration_error`, of the same arguments.

    Chance moves the gaps of a network that has none away from zero, so the figure is too large,
    and that of a draw is so twice over: plain percentiles never hold the truth of a perfectly
    calibrated network. So what the draws have too much, their mean less the figure, is taken off
    (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 10), and the interval
    begins at 0 where in 1 of 40 cases or more a perfectly calibrated network shows as large an
    error (Bröcker and Smith, Weather and Forecasting 22, 2007). So it holds the truth in about 19
    of 20 cases; in fewer where under 100 samples judge a network that is nearly always sure and
    right.
    """
    n, sure = len(right), confidence.astype(np.float64)
    place, n_bins = bins_of(sure)
    of_bin = np.zeros((n, n_bins))
    of_bin[np.arange(n), place] = 1
    gap = (right - sure)[:, None] * of_bin
    figure = float(np.abs(gap.mean(axis=0)).sum())
    errors = np.abs(weighted_means(gap)).sum(axis=1)
    excess = float(errors.mean()) - figure
    low, high = (float(edge) for edge in np.percentile(errors, (2.5, 97.5)))
    low = min(low - 2 * excess, 2 * figure - high)
    if figure <= np.percentile(_errors_if_calibrated(sure, of_bin), 97.5):
        low = 0.0
    return min(max(0.0, low), figure), min(1.0, max(high - excess, figure))


def _errors_if_calibrated(sure: Floats, of_bin: Floats) -> Floats:
    """Calibration errors that chance gives a network which is right as often as it is sure."""
    random = np.random.default_rng(_SEED)
    bins, expected = of_bin.astype(np.float32), sure @ of_bin
    found = []
    for rows in _rows(len(sure)):
        hits = random.random((rows, len(sure)), np.float32) < sure
        with one_thread:
            sums = hits.astype(np.float32) @ bins
        found.append(np.abs(sums - expected).sum(axis=1))
    return np.concatenate(found) / len(sure)


def weighted_means(values: Floats) -> Floats:
    """Weighted means (draws, m) of numbers (n, m), the weights drawn anew for each row."""
    random = np.random.default_rng(_SEED)
    beside = np.column_stack([values, np.ones(len(values))]).astype(np.float32)
    found = []
    for rows in _rows(len(values)):
        weight = random.standard_exponential((rows, len(values)), np.float32)
        with one_thread:
            sums = (weight @ beside).astype(np.float64)
        found.append(sums[:, :-1] / sums[:, -1:])
    return np.concatenate(found)


def _rows(n: int) -> Iterator[int]:
    """How many draws of n weights to make at once, again and again, until all are made."""
    left, most = int(np.clip(_WORK // n, _FEWEST, DRAWS)), max(1, _PIECE // n)
    while left > 0:
        yield min(left, most)
        left -= most


def _percentiles(draws: Floats, figure: float) -> Interval:
    low, high = np.percentile(draws, (2.5, 97.5))
    return min(float(low), figure), max(float(high), figure)
