"""Heads by cross-validation: the penalty that does best, and what heads say of samples that they
were not fitted to."""

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Labels, log_loss
from headstart.training.head import (
    ROUGH,
    STRENGTHS,
    Head,
    Problem,
    Rows,
    Weights,
    balanced_weights,
    takes_long,
)


def select_by_folds(
    features: Rows,
    labels: Labels,
    fold: NDArray[np.int64],
    n_classes: int,
    *,
    balanced: bool = False,
) -> Head:
    """A head fitted to all samples, its penalty the one of least log loss over the folds.

    Args:
        fold: int64 (n,); the fold of each sample, -1 for samples that only train.
    """
    losses = np.zeros(len(STRENGTHS))
    for number in np.unique(fold[fold >= 0]):
        held = fold == number
        problem = _problem(features[~held], labels[~held], n_classes, balanced)
        for i, head in enumerate(problem.path()):
            loss = log_loss(labels[held], head.probabilities(features[held]))
            losses[i] += held.sum() * loss
    strength = STRENGTHS[int(losses.argmin())]
    return _problem(features, labels, n_classes, balanced).solve(strength)


def cross_validate(
    features: Rows,
    labels: Labels,
    fold: NDArray[np.int64],
    n_classes: int,
    *,
    balanced: bool = False,
) -> NDArray[np.float64]:
    """What heads made by `select_by_folds` say of samples that were kept from them.

    For each fold a head is made from the other folds alone, its penalty included.

    Returns:
        float64 (n, n_classes); rows where fold is -1 are zero.
    """
    probabilities = np.zeros((len(labels), n_classes))
    for number in np.unique(fold[fold >= 0]):
        held = fold == number
        head = select_by_folds(
            features[~held], labels[~held], fold[~held], n_classes, balanced=balanced
        )
        probabilities[held] = head.probabilities(features[held])
    return probabilities


class OtherFolds:
    """Heads of one penalty, each fitted to all folds but one.

    Unlike in `cross_validate` the penalty is given, so a fold costs one search, a rough one. It
    does not begin at the head that was fitted to all samples, though that would be quicker: under
    a weak penalty such a search ends before what that head knew of the held samples is forgotten.
    Where some samples are left out afterwards, it begins where that of the same fold ended, which
    knew nothing of those either.

    Args:
        features: float32 (n, d).
        labels: int64 (n,).
        samples: int64 (m,), the rows of `features` that train.
        fold: int64 (m,); the fold of each of them, -1 for those that only train.
    """

    def __init__(
        self,
        features: Rows,
        labels: Labels,
        samples: NDArray[np.int64],
        fold: NDArray[np.int64],
        n_classes: int,
        strength: float,
        *,
        balanced: bool = False,
    ) -> None:
        self._features, self._labels, self._samples, self._fold = features, labels, samples, fold
        self._n_classes, self._strength, self._balanced = n_classes, strength, balanced
        self._solutions: dict[int, Weights | None] = {}

    def held_out(
        self, trains: NDArray[np.bool_] | None = None, tolerance: float = ROUGH
    ) -> NDArray[np.float64] | None:
        """What the heads say of the fold that each was not fitted to.

        Args:
            trains: bool (m,), which of the samples may train; None: all.
            tolerance: of each search, as `Problem.solve` takes it.

        Returns:
            float64 (m, n_classes), NaN where fold is -1; None if it is too much work: from 2·10⁹
            numbers on, samples times features times classes, it would take minutes.
        """
        samples, fold = self._samples, self._fold
        if takes_long(len(samples), self._features.shape[1], self._n_classes):
            return None
        probabilities = np.full((len(samples), self._n_classes), np.nan)
        for number in np.unique(fold[fold >= 0]).tolist():
            held = fold == number
            train = samples[~held if trains is None else ~held & trains]
            problem = _problem(
                self._features,
                self._labels,
                self._n_classes,
                self._balanced,
                train,
                self._solutions.get(number),
            )
            head = problem.solve(self._strength, tolerance)
            self._solutions[number] = problem.solution
            probabilities[held] = np.concatenate([*head.pieces(self._features, samples[held])])
        return probabilities


def _problem(
    features: Rows,
    labels: Labels,
    n_classes: int,
    balanced: bool,
    samples: NDArray[np.int64] | None = None,
    start: Weights | None = None,
) -> Problem:
    used = labels if samples is None else labels[samples]
    weight = balanced_weights(used, n_classes) if balanced else None
    return Problem(features, labels, n_classes, weight, samples, start=start)
