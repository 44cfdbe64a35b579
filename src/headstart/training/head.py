"""The head: multinomial logistic regression on standardised features."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from headstart.evaluation.metrics import Labels, log_loss, softmax
from headstart.training.lbfgs import minimise

Rows = NDArray[np.float32]
Weights = NDArray[np.float64]

STRENGTHS = tuple(10.0**-e for e in (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5))
"""L2 penalties that are tried, from the strongest on."""

_ROUGH, _FINE = 1e-6, 1e-10  # relative change of the loss at which the search ends


@dataclass(frozen=True)
class Head:
    """A linear layer on raw features.

    Attributes:
        weights: float32 (n_features, n_classes), the standardisation folded in.
        bias: float32 (n_classes,).
        strength: the L2 penalty that it was fitted with.
    """

    weights: Rows
    bias: Rows
    strength: float

    def logits(self, features: Rows) -> Rows:
        """float32 (n, n_classes) from float32 (n, n_features)."""
        return features @ self.weights + self.bias

    def probabilities(self, features: Rows) -> NDArray[np.float64]:
        """float64 (n, n_classes), rows sum to one."""
        return softmax(self.logits(features).astype(np.float64))


def balanced_weights(labels: Labels, n_classes: int) -> Weights:
    """float64 (n,): a weight for each sample, so that every class counts the same; mean 1."""
    counts = np.bincount(labels, minlength=n_classes)
    return len(labels) / (np.count_nonzero(counts) * counts[labels])


class Problem:
    """The objective for one set of training samples, to be solved for several penalties.

    Minimised is the weighted mean of −log p(label) plus strength / 2 · ‖W‖², over the weights
    W of the standardised features and an unpenalised bias, by L-BFGS.

    Args:
        features: float32 (n, d).
        labels: int64 (n,), each below `n_classes`.
        sample_weight: float64 (n,) of mean 1, or None for all alike.
    """

    def __init__(
        self, features: Rows, labels: Labels, n_classes: int, sample_weight: Weights | None = None
    ) -> None:
        self._mean = features.mean(axis=0, dtype=np.float64)
        scale = features.std(axis=0, dtype=np.float64)
        scale[scale < 1e-6 * max(1.0, float(scale.max(initial=0)))] = 1.0  # constants tell nothing
        self._scale = scale
        x = (features - self._mean.astype(np.float32)) / scale.astype(np.float32)
        self._basis = None
        if 2 * len(x) < x.shape[1]:  # the solution is a mix of the samples: search among those
            with _one_thread():
                self._basis = np.linalg.qr(x.T)[0]
                x = x @ self._basis
        self._x = x
        self._labels = labels
        self._weight = np.ones(len(labels)) if sample_weight is None else sample_weight
        self._shape = (x.shape[1], n_classes)
        self._at = np.zeros((x.shape[1] + 1) * n_classes)
        self._solved: dict[float, Weights] = {}

    def solve(self, strength: float, tolerance: float = _FINE) -> Head:
        """The head for one penalty, searched for from where the last search ended."""
        small = self._x.size * self._shape[1] < 10**9
        with _one_thread() if small else nullcontext():
            self._at = self._solved[strength] = minimise(
                partial(self._loss_and_gradient, strength=strength),
                self._solved.get(strength, self._at),
                tolerance,
            )
        inner, bias = self._parts(self._at)
        if self._basis is not None:
            inner = self._basis @ inner
        weights = inner / self._scale[:, None]
        bias = bias - self._mean @ weights
        return Head(weights.astype(np.float32), bias.astype(np.float32), strength)

    def path(self) -> Iterator[Head]:
        """A roughly fitted head for each of `STRENGTHS`."""
        for strength in STRENGTHS:
            yield self.solve(strength, _ROUGH)

    def _parts(self, flat: Weights) -> tuple[Weights, Weights]:
        d, k = self._shape
        return flat[: d * k].reshape(d, k), flat[d * k :]

    def _loss_and_gradient(self, flat: Weights, strength: float) -> tuple[float, Weights]:
        weights, bias = self._parts(flat)
        rows = np.arange(len(self._labels))
        logits = self._x @ weights.astype(np.float32) + bias
        logits -= logits.max(axis=1, keepdims=True)
        error = np.exp(logits)
        total = error.sum(axis=1)
        loss = float(self._weight @ (np.log(total) - logits[rows, self._labels])) / len(rows)
        error /= total[:, None]
        error[rows, self._labels] -= 1
        error *= self._weight[:, None] / len(rows)
        gradient = (self._x.T @ error.astype(np.float32)).astype(np.float64) + strength * weights
        loss += strength / 2 * float(np.sum(weights * weights))
        return loss, np.concatenate([gradient.ravel(), error.sum(axis=0)])


def select(
    problem: Problem, validation_features: Rows, validation_labels: Labels, patience: int = 2
) -> Head:
    """The head whose penalty gives the least log loss on the validation samples.

    Penalties weaker than the best so far are tried until `patience` of them brought nothing.
    """
    best, least, waited = STRENGTHS[0], np.inf, 0
    for head in problem.path():
        loss = log_loss(validation_labels, head.probabilities(validation_features))
        if loss < least:
            best, least, waited = head.strength, loss, 0
        elif (waited := waited + 1) == patience:
            break
    return problem.solve(best)


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


def _problem(features: Rows, labels: Labels, n_classes: int, balanced: bool) -> Problem:
    weight = balanced_weights(labels, n_classes) if balanced else None
    return Problem(features, labels, n_classes, weight)


def _one_thread() -> AbstractContextManager[Any]:
    """Linear algebra in one thread: on a small problem more of them cost more than they bring,
    above all on a busy machine, and the result does not depend on the number of cores."""
    limits: AbstractContextManager[Any] = _controller().limit(limits=1)
    return limits


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
