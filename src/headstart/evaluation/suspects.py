"""Samples whose label is probably wrong, from probabilities of heads that were not fitted to them.

Confident learning (Northcutt, Jiang and Chuang, Journal of AI Research 70, 2021): a class claims a
sample where its probability is at least the mean that the class has among its own. A sample that
another class claims more is a suspect. That is done here in rounds: suspects do not train the heads
of the next one, for while they do these learn the wrong labels too. With 5% of the labels of cats
and dogs flipped at random the first round finds 87% of them, and a fifth of its suspects bear the
right label; the third finds 94%, and a twentieth do.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Labels
from headstart.training.folds import OtherFolds
from headstart.training.head import Rows

_TOLERANCES = 1e-4, 1e-5, 1e-5
"""Of the searches for the heads, in each round; more exact ones find the same suspects."""

_FEW = 0.005  # share of the samples: so few wrong labels teach the heads hardly anything
_STRENGTH = 0.01
"""L2 penalty of the heads. The one that predicts wrong labels best is stronger, and what it says of
most samples too vague."""


Skipped = Literal["too-large", "no-features"]
"""Why no suspects were looked for."""


@dataclass(frozen=True)
class Suspects:
    """Samples whose label is doubted, the most doubtful first.

    Attributes:
        samples: int64 (m,), their numbers.
        likely: int64 (m,), the class that each looks like.
        p_label, p_likely: float64 (m,), the probabilities of its label and of that class.
        disputed: how many samples in all were held for another class than their label, be it
            hardly. Where suspects are few of them, it is the heads that are often wrong.
        skipped: why none were looked for; None: they were.
    """

    samples: NDArray[np.int64]
    likely: Labels
    p_label: NDArray[np.float64]
    p_likely: NDArray[np.float64]
    disputed: int
    skipped: Skipped | None = None

    def where(self, which: NDArray[np.bool_]) -> "Suspects":
        """Some of them, bool (m,)."""
        kept = self.samples[which], self.likely[which], self.p_label[which], self.p_likely[which]
        return Suspects(*kept, self.disputed, self.skipped)


def not_sought(why: Skipped) -> Suspects:
    """None, for they were not looked for."""
    nobody = np.zeros(0, np.int64)
    return Suspects(nobody, nobody, np.zeros(0), np.zeros(0), 0, why)


def suspects(
    features: Rows,
    labels: Labels,
    samples: NDArray[np.int64],
    fold: NDArray[np.int64],
    n_classes: int,
) -> Suspects:
    """The suspects among samples; they are not looked for where that would take minutes.

    Args:
        features: float32 (n, d).
        labels: int64 (n,).
        samples: int64 (m,), the rows of `features` to look at.
        fold: int64 (m,); the fold of each of them, -1 for those that cannot be held out.
    """
    given = labels[samples]
    doubted = np.zeros(len(samples), np.bool_)
    probabilities, claimed = np.zeros((0, n_classes)), given
    heads = OtherFolds(features, labels, samples, fold, n_classes, _STRENGTH)
    for tolerance in _TOLERANCES:
        found = heads.held_out(~doubted, tolerance)
        if found is None:
            return not_sought("too-large")
        probabilities, claimed = found, _claimed(given, found)
        before, doubted = doubted, claimed != given
        if doubted.mean() < _FEW or (before == doubted).all():
            break
    numbers = np.flatnonzero(doubted)
    p_label = probabilities[numbers, given[numbers]]
    p_likely = probabilities[numbers, claimed[numbers]]
    order = np.argsort(p_label - p_likely, kind="stable")
    numbers = numbers[order]
    judged = np.isfinite(probabilities[:, 0])
    disputed = int((probabilities[judged].argmax(axis=1) != given[judged]).sum())
    return Suspects(samples[numbers], claimed[numbers], p_label[order], p_likely[order], disputed)


def _claimed(given: Labels, probabilities: NDArray[np.float64]) -> Labels:
    """int64 (m,): the class that claims each sample most; its own where none does.

    Args:
        probabilities: float64 (m, n_classes), NaN for samples that could not be held out.
    """
    judged = np.isfinite(probabilities[:, 0])
    own = probabilities[judged, given[judged]]
    count = np.bincount(given[judged], minlength=probabilities.shape[1])
    total = np.bincount(given[judged], weights=own, minlength=probabilities.shape[1])
    needed = np.where(count > 0, total / np.maximum(count, 1), np.inf)
    claims = np.where(probabilities >= needed, probabilities, -1.0)  # NaN claims nothing
    best = claims.argmax(axis=1)
    claimed: Labels = np.where(claims.max(axis=1) > 0, best, given)
    return claimed
