"""How sure it was against how often it was right."""

import numpy as np
import pytest

from headstart.report.predictions import Prediction
from headstart.report.reliability import FRAME, reliability


def predictions(sure: float, right: float, n: int) -> list[Prediction]:
    hits = round(right * n)
    return [
        Prediction(f"{i}", "a", "a" if i < hits else "b", sure if i < hits else 1 - sure, sure)
        for i in range(n)
    ]


def test_samples_are_binned_by_how_sure_it_was() -> None:
    found = reliability([*predictions(0.95, 0.9, 100), *predictions(0.55, 0.5, 20)])
    assert found is not None
    low, high = found.bins
    assert (low.n, low.sure, low.right) == (20, pytest.approx(0.55), 0.5)
    assert (high.n, high.sure, high.right) == (100, pytest.approx(0.95), 0.9)
    assert high.radius > low.radius
    assert FRAME.top <= high.high <= high.y <= high.low <= FRAME.bottom


def test_one_that_is_wholly_sure_is_in_the_last_bin() -> None:
    found = reliability(predictions(1.0, 1.0, 5))
    assert found is not None
    assert [(b.n, b.x, b.y) for b in found.bins] == [(5, FRAME.right, FRAME.top)]


@pytest.mark.parametrize(
    ("sure", "right", "said"),
    [
        (0.99, 0.8, "surer than it should be"),
        (0.6, 0.9, "less sure than it could be"),
        (0.9, 0.9, "no further apart than chance explains"),
    ],
)
def test_it_says_whether_the_probabilities_can_be_believed(
    sure: float, right: float, said: str
) -> None:
    found = reliability(predictions(sure, right, 200))
    assert found is not None
    assert said in found.story


def test_of_nothing_there_is_nothing_to_draw() -> None:
    assert reliability([]) is None


def test_a_calibrated_network_lies_on_the_line() -> None:
    random = np.random.default_rng(0)
    sure = 0.5 + random.random(4000) / 2
    hits = random.random(4000) < sure
    rows = [
        Prediction("x", "a", "a" if hit else "b", p if hit else 1 - p, p)
        for p, hit in zip(sure.tolist(), hits.tolist(), strict=True)
    ]
    found = reliability(rows)
    assert found is not None
    assert all(abs(b.sure - b.right) < 0.05 for b in found.bins)
