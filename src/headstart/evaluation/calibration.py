"""Temperature scaling: one number that makes a classifier as sure as it is often right.

The logits are divided by a temperature, which changes no answer, only how sure it is (Guo et al.,
On Calibration of Modern Neural Networks, 2017). Dividing logits is raising probabilities to a
power and making them sum to one again, so that is all that is needed here.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Floats, Labels, bins_of

FittedOn = Literal["cross-validation", "validation"]

LEAST = 30
"""Samples from which on a temperature is fitted: of fewer, chance would set it."""

_RANGE = 0.05, 20.0
_FLOOR = 1e-300
_SPREAD = 0.5  # of the logarithm of a temperature, before anything is known of it
_GOLDEN = (5**0.5 - 1) / 2
_EXACT = 1e-6  # of that logarithm


class Bin(NamedTuple):
    """Samples of which a classifier was about equally sure.

    Attributes:
        samples: how many.
        sure, right: the mean probability of what it called them, and the share named rightly.
    """

    samples: int
    sure: float
    right: float


class Before(NamedTuple):
    """How the samples that are judged stood before there was a temperature."""

    loss: float
    calibration_error: float
    bins: list[Bin]


@dataclass(frozen=True)
class Calibration:
    """A temperature and what it stands on.

    Attributes:
        temperature: what logits are divided by; over 1 the classifier was surer than it should
            be.
        fitted_on: `cross-validation`: what was said of training samples by heads, or networks,
            that had not seen them; or the `validation` set.
        samples: how many those were.
        before: without it.
    """

    temperature: float
    fitted_on: FittedOn
    samples: int
    before: Before

    def record(self) -> dict[str, Any]:
        """As `metrics.json` has it."""
        before = self.before._asdict() | {"bins": [each._asdict() for each in self.before.bins]}
        return {
            "temperature": self.temperature,
            "fitted_on": self.fitted_on,
            "samples": self.samples,
            "before": before,
        }


def tempered(probabilities: NDArray[Any], temperature: float) -> Floats:
    """float64 (n, n_classes): what the softmax gives of the logits divided by `temperature`."""
    if temperature == 1:
        return probabilities.astype(np.float64)
    logits = np.log(np.maximum(probabilities.astype(np.float64), _FLOOR)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    shares: Floats = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def fitted_temperature(labels: Labels, probabilities: NDArray[Any]) -> float:
    """The temperature of least log loss on samples that the classifier was not fitted to.

    Where there are few mistakes, or none, log loss alone would follow chance, or make a classifier
    infinitely sure. So a temperature is taken to be likely near 1: its logarithm is normal, of
    standard deviation 1/2 (the networks of Guo et al. lie between 1 and 3). Hundreds of samples
    outweigh that where there is something to mend. At 1 it costs nothing, so the log loss of these
    samples never rises. Searched for by golden section, between 0.05 and 20.

    Args:
        labels: int64 (n,).
        probabilities: float (n, n_classes), n ≥ 1.
    """
    n, rows = len(labels), np.arange(len(labels))
    logits = np.log(np.maximum(probabilities.astype(np.float64), _FLOOR))
    logits -= logits.max(axis=1, keepdims=True)
    own = float(logits[rows, labels].mean())

    def cost(log_temperature: float) -> float:
        inverse = math.exp(-log_temperature)
        loss = float(np.log(np.exp(inverse * logits).sum(axis=1)).mean() - inverse * own)
        return loss + (log_temperature / _SPREAD) ** 2 / (2 * n)

    low, high = map(math.log, _RANGE)
    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    found = [cost(each) for each in inner]
    while high - low > _EXACT:
        if found[0] < found[1]:
            high, inner[1], found[1] = inner[1], inner[0], found[0]
            inner[0] = high - _GOLDEN * (high - low)
            found[0] = cost(inner[0])
        else:
            low, inner[0], found[0] = inner[0], inner[1], found[1]
            inner[1] = low + _GOLDEN * (high - low)
            found[1] = cost(inner[1])
    best = (low + high) / 2
    return math.exp(best) if cost(best) < cost(0) else 1.0


def reliability_bins(right: NDArray[np.bool], sure: NDArray[np.float64]) -> list[Bin]:
    """Samples by how sure it was of them, in the bins of `calibration_error`; empty ones are left
    out.

    Args:
        right: bool (n,), whether the predicted class is the true one.
        sure: float64 (n,), the probability of the predicted class.
    """
    place, _ = bins_of(sure)
    found = []
    for number in np.unique(place):
        inside = place == number
        found.append(
            Bin(int(inside.sum()), float(sure[inside].mean()), float(right[inside].mean()))
        )
    return found
