"""The head: multinomial logistic regression on standardised features."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Labels, log_loss, softmax
from headstart.training.blas import one_thread
from headstart.training.lbfgs import minimise

Rows = NDArray[np.float32]
Weights = NDArray[np.float64]

STRENGTHS = tuple(10.0**-e for e in (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5))
"""L2 penalties that are tried, from the strongest on."""

ROUGH, _FINE = 1e-6, 1e-10  # relative change of the loss at which the search ends
_MUCH = 2 * 10**9  # samples x features x classes, from which on a search takes minutes
_COARSE = 1e-4  # so it ends sooner: what more would bring no longer shows in the accuracy
_TRIED = 8  # training samples a class, at least, that penalties are compared with
_LEAST = -60.0  # logit, the largest being 0: e**-80 makes products a hundred times slower
_PIECE = 2**21  # numbers that are worked on at once, 8 MB
_LEAST_SCALE = 0.3  # of the median standard deviation; docs/decisions/014 has why
_FEW = 15  # samples a class, up to which a search among mixes of them is worth its preparation
_KEPT = 2**25  # standardised numbers that are kept, 128 MB; more are made anew for each use


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
        return softmax(self.logits(features))

    def pieces(self, features: Rows, samples: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
        """`probabilities` of the numbered rows of `features`, some rows at a time."""
        for piece in _pieces(len(samples), *self.weights.shape):
            yield self.probabilities(features[samples[piece]])


def balanced_weights(labels: Labels, n_classes: int) -> Weights:
    """float64 (n,): a weight for each sample, so that every class counts the same; mean 1."""
    counts = np.bincount(labels, minlength=n_classes)
    return len(labels) / (np.count_nonzero(counts) * counts[labels])


def takes_long(n: int, n_features: int, n_classes: int) -> bool:
    """Whether to fit a head to n samples takes minutes rather than seconds."""
    return n * n_features * n_classes > _MUCH


class Problem:
    """The objective for one set of training samples, to be solved for several penalties.

    Minimised is the weighted mean of −log p(label) plus strength / 2 · ‖W‖², over the weights
    W of the standardised features and an unpenalised bias, by L-BFGS.

    Of two classes the weights are each other's opposites at the minimum, and all along the way
    there. So one column is searched for, and the products with one take a quarter of the time.

    Features of many samples are not copied but standardised piece by piece, whenever they are
    used: a copy of 100,000 samples would not fit beside them into the memory that we may take.

    Args:
        features: float32 (n, d).
        labels: int64 (n,), each below `n_classes`.
        sample_weight: float64 (m,) of mean 1, or None for all alike.
        samples: int64 (m,), the rows of `features` and `labels` to train on; None for all.
        once: it is solved for one penalty only, and roughly: then what makes each step shorter,
            where there are fewer samples than features, takes longer than it saves.
        start: the `solution` of a problem much like this one, to begin at.
    """

    def __init__(
        self,
        features: Rows,
        labels: Labels,
        n_classes: int,
        sample_weight: Weights | None = None,
        samples: NDArray[np.int64] | None = None,
        *,
        once: bool = False,
        start: Weights | None = None,
    ) -> None:
        self._features, self._once, self._n_classes = features, once, n_classes
        self._samples = np.arange(len(features)) if samples is None else samples
        n, d = len(self._samples), features.shape[1]
        self._all_labels, self._labels = labels, labels[self._samples]
        self._weight = np.ones(n) if sample_weight is None else sample_weight
        self._pieces = _pieces(n, d, n_classes)
        self._mean, self._scale = self._moments()
        self._x = self._standardised(slice(None)) if n * d <= _KEPT else None
        # From the columns that are searched for to those of the classes; lengths stay.
        self._spread = np.array([[-1.0, 1.0]]) / np.sqrt(2) if n_classes == 2 else None
        columns = 1 if n_classes == 2 else n_classes
        self._basis = None
        if 2 * n < d and n < _FEW * columns and self._x is not None and not once:
            # The solution is a mix of the samples: search among those.
            with one_thread:
                self._basis = np.linalg.qr(self._x.T)[0]
                self._x = self._x @ self._basis
                d = self._x.shape[1]
        self._shape = (d, columns)
        self._work = n * d * n_classes
        begin = np.zeros((d + 1) * columns)
        self._at = begin if start is None or self._basis is not None else start
        self._solved: dict[float, Weights] = {}

    def __len__(self) -> int:
        """How many samples it is fitted to."""
        return len(self._samples)

    @property
    def solution(self) -> Weights | None:
        """Where the last search ended, for a problem with nearly the same samples to begin at; None
        where it was among mixes of these."""
        return self._at if self._basis is None else None

    def solve(self, strength: float, tolerance: float = _FINE) -> Head:
        """The head for one penalty, searched for from where the last search ended.

        Args:
            tolerance: the search ends when a step lowers the loss by less than this share of it.
        """
        if self._work > _MUCH or self._once:
            tolerance = max(tolerance, _COARSE)
        with one_thread if self._work < 10**9 else nullcontext():
            self._at = self._solved[strength] = minimise(
                partial(self._loss_and_gradient, strength=strength),
                self._solved.get(strength, self._at),
                tolerance,
            )
        inner, bias = self._parts(self._at)
        if self._spread is not None:
            inner, bias = inner @ self._spread, bias @ self._spread
        if self._basis is not None:
            inner = self._basis @ inner
        weights = inner / self._scale[:, None]
        bias = bias - self._mean @ weights
        return Head(weights.astype(np.float32), bias.astype(np.float32), strength)

    def path(self) -> Iterator[Head]:
        """A roughly fitted head for each of `STRENGTHS`."""
        for strength in STRENGTHS:
            yield self.solve(strength, ROUGH)

    def thinned(self) -> "Problem":
        """The same with every nth sample of each class where all of them are too much work."""
        n, (d, _), k = len(self), self._shape, self._n_classes
        step = n // max(_TRIED * k, _MUCH // (d * k)) if self._work > _MUCH else 1
        if step <= 1:
            return self
        order = np.argsort(self._labels, kind="stable")
        first = np.searchsorted(self._labels[order], self._labels[order])  # of the same class
        kept = np.sort(order[(np.arange(n) - first) % step == 0])
        weight = self._weight[kept] / self._weight[kept].mean()
        return Problem(self._features, self._all_labels, k, weight, self._samples[kept])

    def _parts(self, flat: Weights) -> tuple[Weights, Weights]:
        d, k = self._shape
        return flat[: d * k].reshape(d, k), flat[d * k :]

    def _loss_and_gradient(self, flat: Weights, strength: float) -> tuple[float, Weights]:
        weights, bias = self._parts(flat)
        kernel, offset = weights.astype(np.float32), bias.astype(np.float32)
        loss, gradient = strength / 2 * float(np.sum(weights * weights)), np.empty_like(flat)
        slope, bias_slope = self._parts(gradient)
        np.multiply(weights, strength, out=slope)
        bias_slope[:] = 0
        share = self._weight / len(self._samples)
        spread = None if self._spread is None else self._spread.astype(np.float32)
        for piece in self._pieces:
            x = self._standardised(piece) if self._x is None else self._x[piece]
            labels, rows = self._labels[piece], np.arange(len(x))
            error = x @ kernel
            error += offset
            if spread is not None:
                error = error @ spread
            error -= error.max(axis=1, keepdims=True)
            np.maximum(error, _LEAST, out=error)
            logit = error[rows, labels].astype(np.float64)
            np.exp(error, out=error)
            total = error.sum(axis=1, dtype=np.float64)
            loss += float(share[piece] @ (np.log(total) - logit))
            error *= (share[piece] / total).astype(np.float32)[:, None]
            error[rows, labels] -= share[piece].astype(np.float32)
            if spread is not None:
                error = error @ spread.T
            slope += x.T @ error
            bias_slope += error.sum(axis=0, dtype=np.float64)
        return loss, gradient

    def _moments(self) -> tuple[Weights, Weights]:
        """Mean of each feature, and what it is divided by, float64 (d,): its standard deviation,
        but no less than a share of the usual one. What hardly varies in training would become
        thousands in a photo that it is alive in, and settle the class of that photo alone."""
        n, d = len(self._samples), self._features.shape[1]
        mean, variance = np.zeros(d), np.zeros(d)
        for piece in self._pieces:
            mean += self._features[self._samples[piece]].sum(axis=0, dtype=np.float64) / n
        for piece in self._pieces:
            x = self._features[self._samples[piece]]
            x -= mean.astype(np.float32)
            variance += np.square(x, out=x).sum(axis=0, dtype=np.float64) / n
        scale = np.sqrt(variance)
        varies = scale >= 1e-6 * max(1.0, float(scale.max(initial=0)))
        if not varies.any():
            return mean, np.ones(d)
        ordered = np.sort(scale[varies])  # the median, for which NumPy imports numpy.ma, 0.02 s
        usual = ordered[[(len(ordered) - 1) // 2, len(ordered) // 2]].mean()
        least = _LEAST_SCALE * usual
        return mean, np.where(varies, np.maximum(scale, least), 1.0)  # constants tell nothing

    def _standardised(self, piece: slice) -> Rows:
        x = self._features[self._samples[piece]]
        x -= self._mean.astype(np.float32)
        x /= self._scale.astype(np.float32)
        return x


def select(
    problem: Problem,
    features: Rows,
    labels: Labels,
    samples: NDArray[np.int64] | None = None,
    patience: int = 2,
) -> Head:
    """The head whose penalty gives the least log loss on samples kept from training.

    Penalties weaker than the best so far are tried until `patience` of them brought nothing.
    Many samples of many classes are thinned for that. The best penalty on their sum of losses
    hardly depends on their number (it is a prior of the weights), so that on their mean, which
    `strength` is, goes with its inverse.

    Args:
        samples: int64 (m,), the rows of `features` and `labels` to judge by; None for all.
    """
    samples = np.arange(len(labels)) if samples is None else samples
    trial = problem.thinned()
    best, least, waited = STRENGTHS[0], np.inf, 0
    for head in trial.path():
        loss = _loss(head, features, labels, samples)
        if loss < least:
            best, least, waited = head.strength, loss, 0
        elif (waited := waited + 1) == patience:
            break
    share = len(trial) / len(problem)
    del trial  # its memory is wanted
    return problem.solve(best * share)


def _loss(head: Head, features: Rows, labels: Labels, samples: NDArray[np.int64]) -> float:
    """`log_loss` of the numbered samples."""
    total, done = 0.0, 0
    for piece in head.pieces(features, samples):
        part = samples[done : done + len(piece)]
        total += len(part) * log_loss(labels[part], piece)
        done += len(part)
    return total / done


def _pieces(n: int, n_features: int, n_classes: int) -> list[slice]:
    """n samples in pieces of which neither features nor logits are many."""
    rows = max(1, _PIECE // max(n_features, n_classes))
    return [slice(i, min(i + rows, n)) for i in range(0, n, rows)]
