"""Figures of a classifier: pure functions on labels and probabilities.

Throughout, `labels` is int64 (n,), the true class of each sample; `probabilities` is
float (n, k), column j the probability of class j.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Matrix = NDArray[np.int64]
Floats = NDArray[np.float64]


def softmax(logits: NDArray[Any]) -> Floats:
    """Probabilities, float64 (n, k), from logits of any float dtype; rows sum to one.

    Ours, because SciPy's costs half a second to import, longer than a prediction takes.
    """
    exact = logits.astype(np.float64)
    shares: Floats = np.exp(exact - exact.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def ranked(probabilities: NDArray[Any], most: int) -> tuple[NDArray[np.int64], Floats]:
    """The most probable classes of each sample, the first of them first: their numbers, int64
    (n, most), and probabilities, float64 (n, most), to six decimals.

    Of classes that are equally probable that of the lower number comes first, as for `argmax`.

    Args:
        probabilities: (n, k). Sorted all at once: one by one takes longer than a network.
    """
    best = probabilities.argmax(axis=1)[:, None]
    if most > 1:
        best = (-probabilities).argsort(axis=1, kind="stable")[:, :most]
    shares = np.take_along_axis(probabilities, best, axis=1)
    return best, shares.astype(np.float64).round(6)


def confusion_matrix(labels: Labels, predicted: Labels, n_classes: int) -> Matrix:
    """int64 (k, k): entry (i, j) counts samples of true class i that were called class j."""
    flat = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return flat.reshape(n_classes, n_classes).astype(np.int64)


def accuracy(labels: Labels, predicted: Labels) -> float:
    """Share of samples whose class was named rightly, 0 to 1."""
    return float(np.mean(labels == predicted))


def log_loss(labels: Labels, probabilities: NDArray[Any]) -> float:
    """Mean of −log p(true class), in nats; probabilities are floored at 1e-15."""
    return mean_surprise(probabilities[np.arange(len(labels)), labels])


def mean_surprise(p_label: NDArray[Any]) -> float:
    """`log_loss`, from the probabilities of the true classes alone, float (n,)."""
    return float(np.mean(surprise(p_label)))


def surprise(p_label: NDArray[Any]) -> Floats:
    """−log of the probability of the true class of each sample, float64 (n,), in nats."""
    return -np.log(np.maximum(p_label.astype(np.float64), 1e-15))


def precision_recall_f1(matrix: Matrix) -> tuple[Floats, Floats, Floats]:
    """Per class, each float64 (k,), 0 to 1.

    A class that was never predicted has precision 0, as in scikit-learn with
    `zero_division=0`. A class without samples has no recall and no F1: NaN.
    """
    right = np.diag(matrix).astype(np.float64)
    predicted = matrix.sum(axis=0)
    support = matrix.sum(axis=1)
    precision = right / np.maximum(predicted, 1)
    recall = right / np.where(support, support, np.nan)
    f1 = 2 * right / np.where(support, predicted + support, np.nan)
    return precision, recall, f1


def calibration_error(right: NDArray[np.bool], confidence: NDArray[Any], bins: int = 15) -> float:
    """Expected calibration error of the predicted class, 0 to 1.

    The gap between confidence and accuracy, averaged over equal-width bins of confidence
    by their share of samples (Guo et al., On Calibration of Modern Neural Networks, 2017).

    Args:
        right: bool (n,), whether the predicted class is the true one.
        confidence: float (n,), the probability of the predicted class.
    """
    sure = confidence.astype(np.float64)
    place, _ = bins_of(sure, bins)
    gap = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gap).sum() / len(right))


def bins_of(sure: Floats, bins: int = 15) -> tuple[NDArray[np.int64], int]:
    """The bin of `calibration_error` that each confidence is in, int64 (n,), and how many."""
    return np.minimum((sure * bins).astype(np.int64), bins - 1), bins
