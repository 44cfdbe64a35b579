"""A classifier made as sure as it is often right, before anything is said of it.

Where the head alone was trained, the temperature is fitted to what heads said of training samples
that were held out of them: there are many, and validation stays untouched. A tail, a network from
nothing and one of columns were fitted to all training samples, so there the validation samples
decide, or those of a cross-validation.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.data.labelled import Divided, spread
from headstart.evaluation import metrics
from headstart.evaluation.calibration import (
    LEAST,
    Before,
    Calibration,
    FittedOn,
    fitted_temperature,
    reliability_bins,
    tempered,
)
from headstart.evaluation.importance import Predict
from headstart.evaluation.trust import Answers, answered
from headstart.outcome import Columnar, Headed, Outcome

_PIECE = 4096  # samples
_NUMBERS = 2**21  # probabilities that a temperature is fitted to, at most: it is one number

Some = TypeVar("Some", bound=Outcome)


class KeptOut(NamedTuple):
    """What is said of samples that a classifier, or its like, was not fitted to.

    Attributes:
        fitted_on: which samples these are.
        samples: int64 (m,).
        probabilities: float64 (m, n_classes).
    """

    fitted_on: FittedOn
    samples: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def calibrated(outcome: Some, data: Divided) -> Some:
    """The same with a temperature, all its answers and probabilities being those after it.

    It is the same as it was where too few samples were kept from training to fit one.
    """
    kept = kept_out(outcome, len(data.classes))
    if kept is None or len(kept.samples) < LEAST:
        return outcome
    temperature = fitted_temperature(data.labels[kept.samples], kept.probabilities)
    last = outcome.answers[-1]
    right = last.predicted == last.labels
    before = Before(
        metrics.mean_surprise(last.p_label),
        metrics.calibration_error(right, last.p_predicted),
        reliability_bins(right, last.p_predicted),
    )
    found = Calibration(temperature, kept.fitted_on, len(kept.samples), before)

    def probabilities(samples: NDArray[np.int64]) -> NDArray[np.float64]:
        return tempered(outcome.probabilities(samples), temperature)

    def pieces(each: Answers) -> Iterator[NDArray[np.float64]]:
        if each.name == "cross-validation":  # by others than the classifier itself
            assert kept is not None
            yield tempered(kept.probabilities, temperature)
            return
        for i in range(0, len(each.samples), _PIECE):
            yield probabilities(each.samples[i : i + _PIECE])

    answers = [
        answered(each.name, each.samples, each.labels, pieces(each)) for each in outcome.answers
    ]
    made = replace(outcome, answers=answers, probabilities=probabilities, calibration=found)
    if isinstance(made, Columnar):
        warm = partial(_warm, temperature=temperature)
        judges = [replace(judge, predict=warm(judge.predict)) for judge in made.judges]
        made = replace(made, predict=warm(made.predict), judges=judges)
    return made


def kept_out(outcome: Outcome, n_classes: int) -> KeptOut | None:
    """What it says, as calibrated as it is, of samples kept from training; None: there are none.

    Of very many samples and classes only some are looked at, from all over.
    """
    known = {each.name: each for each in outcome.answers}
    crossed = known.get("cross-validation")
    temperature = outcome.calibration.temperature if outcome.calibration else 1.0
    if isinstance(outcome, Headed) and outcome.tuned is None and outcome.held_out is not None:
        held = outcome.held_out
        return KeptOut("cross-validation", held.samples, tempered(held.probabilities, temperature))
    if "validation" in known:
        samples = spread(known["validation"].samples, _NUMBERS // n_classes)
        return KeptOut("validation", samples, outcome.probabilities(samples))
    if crossed is not None and crossed.probabilities.shape[1]:
        return KeptOut("cross-validation", crossed.samples, crossed.probabilities)
    return None


def _warm(predict: Predict, *, temperature: float) -> Predict:
    def warm(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        return tempered(predict(matrix), temperature)

    return warm
