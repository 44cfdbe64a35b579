"""Where a network was least sure, and which classes it can hardly tell apart.

`shares` is float32 (n, n_classes) throughout: row i has the probabilities of prediction i,
column j those of `classes[j]`; None where they were not kept, for there are too many classes.
"""

from collections.abc import Sequence
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.report.predictions import Prediction

Shares = NDArray[np.float32] | None


class Unsure(NamedTuple):
    """A sample of which the network was not sure.

    Attributes:
        second: the class that it would have been called next, and `p_second` its probability,
            0 to 1; empty and 0 where that was not kept.
    """

    row: Prediction
    second: str
    p_second: float


class Half(NamedTuple):
    """One direction of a pair: samples of class `true`, and the other class.

    Attributes:
        n: how many there are, and `times` how many of them were called the other.
        mean: the mean probability of the other class; None where that was not kept.
        nearest: the sample that was given most for the other class, and `p_other` how much;
            None where there is none.
    """

    true: str
    n: int
    times: int
    mean: float | None
    nearest: Prediction | None
    p_other: float


class Pair(NamedTuple):
    """Two classes; `alike` is how alike they look to the network, 0 to 1."""

    alike: float
    halves: tuple[Half, Half]


def least_sure(
    predictions: Sequence[Prediction], shares: Shares, classes: Sequence[str], most: int
) -> list[Unsure]:
    """At most `most` samples, right or wrong, the least sure first.

    That is the smallest margin between the two most probable classes (Scheffer et al., Active
    Hidden Markov Models for Information Extraction, 2001); where only one is known, the least
    probability of what it was called.
    """
    if shares is None or len(classes) < 2:
        rows = nsmallest(most, predictions, key=lambda row: row.p_predicted)
        return [Unsure(row, "", 0.0) for row in rows]
    two = np.partition(shares, -2, axis=1)[:, -2:]
    order = np.argsort(two[:, 1] - two[:, 0], kind="stable")[:most]
    found = []
    for i in order.tolist():
        others = shares[i].copy()
        others[classes.index(predictions[i].predicted)] = -1.0
        j = int(others.argmax())
        found.append(Unsure(predictions[i], classes[j], float(others[j])))
    return found


def most_alike(
    predictions: Sequence[Prediction], shares: Shares, classes: Sequence[str], most: int
) -> list[Pair]:
    """At most `most` pairs of classes, the most alike first; none of fewer than three classes.

    How alike two classes are is the mean of both directions, whatever the classes' sizes, of
    the share of samples called the other class and of the mean probability given to it.
    """
    k = len(classes)
    if k < 3 or not predictions:
        return []
    number = {name: j for j, name in enumerate(classes)}
    true = np.array([number[row.label] for row in predictions])
    called = np.array([number[row.predicted] for row in predictions])
    times = np.zeros((k, k))
    np.add.at(times, (true, called), 1)
    n = times.sum(axis=1)
    each = np.where(n, n, np.nan)[:, None]
    measures = [times / each]
    means = None
    if shares is not None:
        sums = np.zeros((k, k))
        np.add.at(sums, true, shares)
        measures.append(means := sums / each)
    one_way = np.mean(measures, axis=0)
    known = ~np.isnan(one_way)
    both = known.astype(int) + known.T
    alike = (np.nan_to_num(one_way) + np.nan_to_num(one_way).T) / np.maximum(both, 1)
    above = np.triu_indices(k, 1)
    order = np.argsort(-alike[above], kind="stable")[:most]
    found = []
    for a, b in ((int(above[0][i]), int(above[1][i])) for i in order):
        if alike[a, b] <= 0:
            break
        halves = []
        for i, j in ((a, b), (b, a)):
            mean = None if means is None or not n[i] else float(means[i, j])
            nearest, p_other = _nearest(predictions, shares, true, called, i, j)
            counts = int(n[i]), int(times[i, j])
            halves.append(Half(classes[i], *counts, mean, nearest, p_other))
        found.append(Pair(float(alike[a, b]), (halves[0], halves[1])))
    return found


def _nearest(
    predictions: Sequence[Prediction],
    shares: Shares,
    true: NDArray[np.int64],
    called: NDArray[np.int64],
    i: int,
    j: int,
) -> tuple[Prediction | None, float]:
    """The sample of class i that was given most for class j, and how much."""
    if shares is not None:
        rows = np.flatnonzero(true == i)
        if not len(rows):
            return None, 0.0
        best = int(rows[shares[rows, j].argmax()])
        return predictions[best], float(shares[best, j])
    wrong = [predictions[m] for m in np.flatnonzero((true == i) & (called == j)).tolist()]
    if not wrong:
        return None, 0.0
    row = max(wrong, key=lambda row: row.p_predicted)
    return row, row.p_predicted
