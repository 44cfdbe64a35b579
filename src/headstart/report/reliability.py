"""How sure a network was against how often it was right, laid out for drawing.

A reliability diagram (DeGroot and Fienberg, The Statistician 32, 1983; Guo et al., On Calibration
of Modern Neural Networks, 2017).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from headstart.evaluation.metrics import bins_of
from headstart.evaluation.trust import wilson_interval
from headstart.report.curves import Frame
from headstart.report.predictions import Prediction
from headstart.report.words import Metrics, chosen_on_judged, judged, noun, number, percent

FRAME = Frame(360, 300, left=46, right=346, top=12, bottom=262)

_WORSE = 5e-4  # of the log loss: what is rounded away is no loss
_LARGEST = 9.0  # radius of the point with the most samples


class Bin(NamedTuple):
    """Samples of which it was about equally sure.

    Attributes:
        n: how many.
        sure, right: the mean probability of what it called them, and the share named rightly.
        x, y, low, high: where that is drawn, with the 95% interval of `right`.
        radius: by the number of samples.
    """

    n: int
    sure: float
    right: float
    x: float
    y: float
    low: float
    high: float
    radius: float


class Reliability(NamedTuple):
    """A reliability diagram of the size of `FRAME`.

    Attributes:
        bins: from the least sure on; those without samples are left out.
        across, up: places of the marks on the axes, and what stands there.
        story: what it tells, one sentence.
    """

    bins: list[Bin]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    story: str


def reliability(predictions: Iterable[Prediction]) -> Reliability | None:
    """The diagram of some predictions; None if there are none."""
    found = [(row.p_predicted, row.predicted == row.label) for row in predictions]
    if not found:
        return None
    sure = np.array([share for share, _ in found])
    right = np.array([hit for _, hit in found])
    place, count = bins_of(sure)
    counts = np.bincount(place, minlength=count)
    bins = []
    for i in np.flatnonzero(counts):
        inside = place == i
        n, hits = int(counts[i]), int(right[inside].sum())
        low, high = wilson_interval(hits, n)
        mean = float(sure[inside].mean())
        radius = _LARGEST * float(np.sqrt(n / counts.max()))
        drawn = _across(mean), _up(hits / n), _up(low), _up(high), max(radius, 2.5)
        bins.append(Bin(n, mean, hits / n, *drawn))
    marks = [i / 5 for i in range(6)]
    return Reliability(
        bins,
        [(_across(mark), f"{mark:.0%}") for mark in marks],
        [(_up(mark), f"{mark:.0%}") for mark in marks],
        _story(float(sure.mean()), int(right.sum()), len(right)),
    )


class Before(NamedTuple):
    """How the same samples stood before there was a temperature, on the same diagram.

    Attributes:
        bins: place, radius and figures of each.
        story: what was done, and what it brought.
    """

    bins: list[Bin]
    story: str


def before(metrics: Metrics) -> Before | None:
    """What calibration changed, by the document of `metrics.json`; None: there was none."""
    found = metrics.get("calibration")
    if not found:
        return None
    most = max(each["samples"] for each in found["before"]["bins"])
    bins = []
    for each in found["before"]["bins"]:
        x, y = _across(each["sure"]), _up(each["right"])
        radius = max(_LARGEST * (each["samples"] / most) ** 0.5, 2.5)
        bins.append(Bin(each["samples"], each["sure"], each["right"], x, y, y, y, radius))
    return Before(bins, _calibrated(metrics, found))


def flattered(metrics: Metrics) -> str:
    """That the temperature was fitted on what judges it, a sentence; empty where it was not."""
    found = metrics.get("calibration")
    if not found or not chosen_on_judged(metrics, found):
        return ""
    return (
        f"The temperature was fitted on these same {noun(metrics)}s, which flatters log loss and "
        "calibration error a little."
    )


def _calibrated(metrics: Metrics, found: dict[str, Any]) -> str:
    scores = judged(metrics)[1]
    one, value = noun(metrics), found["temperature"]
    if found["fitted_on"] == "validation":
        on = number(found["samples"], f"validation {one}")
    else:
        held = number(found["samples"], f"training {one}")
        on = f"{held} as networks trained without them judged them"
    done = "as sure as it was" if round(value, 2) == 1 else "less sure" if value > 1 else "surer"
    told = (
        f"A temperature of {value:.2f}, fitted on {on}, makes it {done}; no answer changes. Here "
        f"the calibration error was {found['before']['calibration_error']:.3f} and is "
        f"{scores['calibration_error']:.3f}, the log loss was {found['before']['loss']:.3f} and is "
        f"{scores['loss']:.3f}."
    )
    if scores["loss"] > found["before"]["loss"] + _WORSE:
        told += " So it did not help here."
    if same := flattered(metrics):
        told += f" {same}"
    elif metrics.get(found["fitted_on"]):
        told += " That of validation is flattered: the temperature was fitted there."
    return told


def _story(sure: float, hits: int, n: int) -> str:
    low, high = wilson_interval(hits, n)
    told = f"On average it was {percent(sure)} sure, and {percent(hits / n)} were right"
    if sure > high:
        return f"{told}: surer than it should be. Do not take its probabilities at face value."
    if sure < low:
        return f"{told}: it is less sure than it could be."
    return f"{told}: no further apart than chance explains."


def _across(share: float) -> float:
    return FRAME.left + (FRAME.right - FRAME.left) * share


def _up(share: float) -> float:
    return FRAME.bottom - (FRAME.bottom - FRAME.top) * share
