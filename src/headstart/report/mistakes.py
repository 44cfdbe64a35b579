"""The samples that the network got most wrong."""

from collections.abc import Sequence
from heapq import nlargest, nsmallest
from typing import NamedTuple

from headstart.report.predictions import Prediction


class Mistakes(NamedTuple):
    """How many samples are wrong, and those to look at first.

    `shown` holds the wrong ones of which the network was most sure; where none is wrong, the
    right ones of which it was least sure.
    """

    wrong: int
    shown: list[Prediction]


def worst(predictions: Sequence[Prediction], most: int) -> Mistakes:
    """At most `most` predictions to look at, the worst first."""
    wrong = [row for row in predictions if row.predicted != row.label]
    if wrong:
        return Mistakes(len(wrong), nlargest(most, wrong, key=lambda row: row.p_predicted))
    return Mistakes(0, nsmallest(most, predictions, key=lambda row: row.p_predicted))
