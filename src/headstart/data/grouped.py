"""Groups of samples that stay on one side, such as the photos or visits of one person.

A group holds samples of several classes, so it cannot be drawn class by class. Groups are dealt
one after another, the largest first, each to where the numbers by class come nearest to those
wanted (as scikit-learn's `StratifiedGroupKFold` does for folds).
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.errors import SourceError
from headstart.sets import SIDES


def stratified(
    labels: Sequence[str],
    groups: NDArray[np.int64],
    keys: Sequence[str],
    *,
    validation: float,
    test: float,
    seed: int,
) -> list[str]:
    """Share out samples, groups kept whole, each class as near to its shares as that allows.

    Args:
        labels: the class of each sample, length n.
        groups: int64 (n,); samples of one number stay on one side.
        keys: SHA-256 of each sample's content, length n.
        validation, test: shares of all samples.
        seed: chooses among groups of one size.

    Returns:
        For each sample `train`, `validation` or `test`. Every class has a sample in `train`.

    Raises:
        SourceError: there are too few groups to give each side one.
    """
    numbers, counts = _counted(labels, groups)
    shares = np.array([1 - validation - test, validation, test])
    side = _dealt(counts, shares, _order(counts, numbers, keys, seed))
    for j in np.flatnonzero(counts[side == 0].sum(axis=0) == 0):
        holding = np.flatnonzero(counts[:, j])
        side[holding[np.argmin(counts[holding].sum(axis=1))]] = 0  # the smallest that has the class
    if empty := [SIDES[s] for s in np.flatnonzero(shares) if s not in side]:
        raise SourceError(
            f"{len(counts):,} groups are too few to part: none is left for {' and '.join(empty)}.",
            mend="Take a column of smaller groups, or ask with --validation 0 or --test 0 for "
            "fewer sides.",
        )
    return [SIDES[s] for s in side[numbers]]


def folds(
    labels: Sequence[str], groups: NDArray[np.int64], keys: Sequence[str], k: int, seed: int
) -> NDArray[np.int64]:
    """Deal samples to at most k folds for cross-validation, groups kept whole.

    Returns:
        int64 (n,): the fold in which a sample is judged; -1 for a group that alone has some class,
        which can only be trained on.
    """
    numbers, counts = _counted(labels, groups)
    alone = np.isin(np.arange(len(counts)), _only(counts))
    fold = np.full(len(counts), -1, np.int64)
    rest = np.flatnonzero(~alone)
    if len(rest) > 1:
        order = _order(counts, numbers, keys, seed)
        place = {int(group): i for i, group in enumerate(rest)}
        among = np.array([place[g] for g in order.tolist() if g in place])
        fold[rest] = _dealt(counts[rest], np.full(k, 1 / k), among)
    return fold[numbers]


def _only(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The groups that alone have some class."""
    single = (counts > 0).sum(axis=0) == 1
    return np.unique(counts[:, single].argmax(axis=0)) if single.any() else np.zeros(0, np.int64)


def _counted(
    labels: Sequence[str], groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each sample's group, from 0, and (groups, classes) how many it has of each."""
    _, numbers = np.unique(groups, return_inverse=True)
    classes = {label: j for j, label in enumerate(sorted(set(labels)))}
    counts = np.zeros((int(numbers.max()) + 1, len(classes)), np.int64)
    np.add.at(counts, (numbers, np.array([classes[label] for label in labels])), 1)
    return numbers, counts


def _order(
    counts: NDArray[np.int64], numbers: NDArray[np.int64], keys: Sequence[str], seed: int
) -> NDArray[np.int64]:
    """The groups from the largest; those of one size by a hash of seed and content."""
    first: dict[int, str] = {}
    for number, key in zip(numbers.tolist(), keys, strict=True):
        first[number] = min(key, first.get(number, key))
    ranks = [hashlib.sha256(f"{seed}:{first[g]}".encode()).digest() for g in range(len(counts))]
    sizes = counts.sum(axis=1).tolist()
    return np.array(sorted(range(len(counts)), key=lambda g: (-sizes[g], ranks[g])), np.int64)


def _dealt(
    counts: NDArray[np.int64], shares: NDArray[np.float64], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which of the heaps each group goes to.

    Args:
        counts: (groups, classes).
        shares: (heaps,), of all samples; a heap of none stays empty.

    Returns:
        int64 (groups,).
    """
    heaps = np.flatnonzero(shares > 0)
    total = np.maximum(counts.sum(axis=0), 1)
    wanted = shares[heaps, np.newaxis] * total
    open_ = wanted.astype(np.float64)
    empty = np.ones(len(heaps), np.bool_)
    dealt = np.zeros(len(counts), np.int64)
    for left, g in zip(range(len(order), 0, -1), order.tolist(), strict=True):
        # By how much the squared distances from what is wanted fall, relative to what is wanted.
        gain = ((2 * open_ - counts[g]) * counts[g] / (wanted * total)).sum(axis=1)
        if left <= np.count_nonzero(empty):
            gain[~empty] = -np.inf  # each gets one
        best = int(gain.argmax())
        open_[best] -= counts[g]
        empty[best] = False
        dealt[g] = heaps[best]
    return dealt
