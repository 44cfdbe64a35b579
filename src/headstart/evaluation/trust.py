"""How far to believe a figure: intervals and baselines around the metrics."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation import bootstrap, metrics
from headstart.evaluation.metrics import Labels, Matrix

Z95 = 1.959963984540054
MANY_CLASSES = 100
"""With more classes than this only the probabilities that tell something of a sample are kept."""


class ClassIntervals(NamedTuple):
    """95% intervals of the figures of one class."""

    precision: tuple[float, float]
    recall: tuple[float, float]
    f1: tuple[float, float]


@dataclass(frozen=True)
class Answers:
    """What a head says of one set of samples.

    Attributes:
        name: `train`, `validation`, `test`, or `cross-validation`: there every sample was
            answered by a head that was not fitted to it.
        samples: int64 (m,), numbers of the samples.
        labels, predicted: int64 (m,), the true and the most probable class.
        p_label, p_predicted: float64 (m,), the probabilities of these two.
        probabilities: float64 (m, n_classes), or (m, 0) for training samples and for more than
            `MANY_CLASSES`: those of 100,000 samples and 1,000 classes take 800 MB.
    """

    name: str
    samples: NDArray[np.int64]
    labels: Labels
    predicted: Labels
    p_label: NDArray[np.float64]
    p_predicted: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def where(self, which: NDArray[np.bool_]) -> "Answers":
        """Those of some of the samples, bool (m,)."""
        parts = [getattr(self, each.name)[which] for each in fields(self) if each.name != "name"]
        return Answers(self.name, *parts)

    def scores(self, classes: Sequence[str]) -> dict[str, Any]:
        """The figures of this set, as `scores` gives them."""
        right = self.predicted == self.labels
        matrix = metrics.confusion_matrix(self.labels, self.predicted, len(classes))
        precision, recall, f1 = metrics.precision_recall_f1(matrix)
        intervals = class_intervals(matrix)
        surprise = metrics.surprise(self.p_label)
        return {
            "accuracy": metrics.accuracy(self.labels, self.predicted),
            "accuracy_interval": list(wilson_interval(int(right.sum()), len(right))),
            "loss": metrics.mean_surprise(self.p_label),
            "loss_interval": list(bootstrap.mean_interval(surprise)),
            "macro_f1": float(np.nanmean(f1)),
            "macro_f1_interval": list(bootstrap.macro_f1_interval(matrix)),
            "calibration_error": metrics.calibration_error(right, self.p_predicted),
            "calibration_error_interval": list(
                bootstrap.calibration_error_interval(right, self.p_predicted)
            ),
            "confusion_matrix": matrix.tolist(),
            "per_class": {
                name: {
                    "precision": float(precision[j]) if support else None,
                    "recall": float(recall[j]) if support else None,
                    "f1": float(f1[j]) if support else None,
                    **{
                        f"{figure}_interval": list(interval) if support else None
                        for figure, interval in intervals[j]._asdict().items()
                    },
                    "support": support,
                }
                for j, (name, support) in enumerate(
                    zip(classes, matrix.sum(axis=1).tolist(), strict=True)
                )
            },
        }


def answered(
    name: str, samples: NDArray[np.int64], labels: Labels, pieces: Iterable[NDArray[Any]]
) -> Answers:
    """`Answers` from probabilities that come some samples at a time.

    Args:
        labels: int64 (m,), the classes of `samples`.
        pieces: float (…, n_classes), m rows in all, in the order of `samples`.
    """
    m, done = len(samples), 0
    predicted, p_label, p_predicted = np.empty(m, np.int64), np.empty(m), np.empty(m)
    kept = []
    for piece in pieces:
        part, rows = slice(done, done := done + len(piece)), np.arange(len(piece))
        predicted[part] = best = piece.argmax(axis=1)
        p_label[part] = piece[rows, labels[part]]
        p_predicted[part] = piece[rows, best]
        few = name != "train" and piece.shape[1] <= MANY_CLASSES
        kept.append(piece if few else np.empty((len(piece), 0)))
    return Answers(name, samples, labels, predicted, p_label, p_predicted, np.concatenate(kept))


def wilson_interval(right: float, n: int) -> tuple[float, float]:
    """95% interval for a share of `right` among `n` (Wilson 1927, without continuity correction).

    Sound at the ends, where the usual normal interval has no width: 50 of 50 gives
    (0.929, 1.0).

    Args:
        right: no whole number where it is a mean of several counts.
    """
    if n == 0:
        return 0.0, 1.0
    share = right / n
    middle = share + Z95**2 / (2 * n)
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    scale = 1 + Z95**2 / n
    low = 0.0 if right == 0 else (middle - half) / scale
    high = 1.0 if right == n else (middle + half) / scale
    return low, high


def class_intervals(matrix: Matrix) -> list[ClassIntervals]:
    """For each class of a confusion matrix, int64 (k, k).

    Precision and recall are shares. F1 is one in disguise: it is 2s / (1 + s), where s is the
    share of the samples right among those that are, or were called, of the class; so Wilson's
    interval of s gives one of F1 (Lam, Gopal and Qian, arXiv:2309.14621, "Wilson indirect").
    """
    found = []
    sums = zip(matrix.sum(axis=0).tolist(), matrix.sum(axis=1).tolist(), strict=True)
    for right, (called, support) in zip(np.diag(matrix).tolist(), sums, strict=True):
        low, high = wilson_interval(right, called + support - right)
        f1 = 2 * low / (1 + low), 2 * high / (1 + high)
        both = wilson_interval(right, called), wilson_interval(right, support)
        found.append(ClassIntervals(*both, f1))
    return found


def scores(labels: Labels, probabilities: NDArray[Any], classes: Sequence[str]) -> dict[str, Any]:
    """The figures of one set of samples, as they stand in `metrics.json`.

    Args:
        labels: int64 (n,), n ≥ 1.
        probabilities: float (n, k), column j is `classes[j]`.

    Returns:
        A JSON-ready document. Figures of a class without samples are null, and it takes no
        part in `macro_f1`.
    """
    return answered("", np.arange(len(labels)), labels, [probabilities]).scores(classes)


def majority_accuracy(train_labels: Labels, labels: Labels) -> float:
    """Accuracy on `labels` of always answering the most frequent class of `train_labels`."""
    return float(np.mean(labels == np.bincount(train_labels).argmax()))
