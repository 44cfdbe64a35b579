"""Bootstrap intervals: against formulas, and by how often they hold the truth."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import sklearn.metrics

from headstart.evaluation import metrics
from headstart.evaluation.bootstrap import (
    calibration_error_interval,
    macro_f1_interval,
    mean_interval,
)

TRIALS = 300
ENOUGH = 0.92 * TRIALS  # of 95%, less three standard errors of 300 trials


def covered(trial: Callable[[np.random.Generator], tuple[float, float]], truth: float) -> int:
    """How many intervals of so many trials hold the truth."""
    random = np.random.default_rng(0)
    return sum(low <= truth <= high for low, high in (trial(random) for _ in range(TRIALS)))


def test_of_many_samples_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(1).exponential(size=5000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    expected = values.mean() - half, values.mean() + half
    assert mean_interval(values) == pytest.approx(expected, abs=0.1 * half)


def test_the_same_samples_have_the_same_interval() -> None:
    values = np.random.default_rng(1).exponential(size=50)
    assert mean_interval(values) == mean_interval(values.copy())
    assert mean_interval(np.full(9, 0.25)) == pytest.approx((0.25, 0.25), abs=1e-6)


@pytest.mark.parametrize(
    ("n", "k", "right"), [(75, 2, 0.99), (75, 2, 0.97), (100, 2, 0.9), (30, 10, 0.96), (5, 10, 0.9)]
)
def test_the_interval_of_macro_f1_holds_the_truth_as_often_as_it_says(
    n: int, k: int, right: float
) -> None:
    shares = np.full((k, k), (1 - right) / (k - 1))
    np.fill_diagonal(shares, right)

    def trial(random: np.random.Generator) -> tuple[float, float]:
        return macro_f1_interval(np.stack([random.multinomial(n, row) for row in shares]))

    assert covered(trial, right) >= ENOUGH - 6  # with such shares F1 is `right` of each class


def test_the_interval_of_macro_f1_is_that_of_scikit_learns_on_samples_drawn_again() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 60)
    predicted = np.where(random.random(240) < 0.75, labels, random.integers(0, 4, 240))
    draws = []
    for _ in range(1000):
        chosen = np.concatenate([random.choice(np.flatnonzero(labels == j), 60) for j in range(4)])
        f1 = sklearn.metrics.f1_score(labels[chosen], predicted[chosen], average="macro")
        draws.append(f1)
    expected = np.percentile(draws, [2.5, 97.5])
    found = macro_f1_interval(metrics.confusion_matrix(labels, predicted, 4))
    assert found == pytest.approx(expected, abs=0.008)


def test_a_network_without_mistakes_has_an_interval_that_ends_at_one() -> None:
    low, high = macro_f1_interval(np.array([[20, 0, 0], [0, 30, 0], [0, 0, 0]]))
    assert high == 1
    assert 0.9 < low < 0.98


def test_classes_without_samples_take_no_part() -> None:
    matrix = np.array([[18, 2, 1], [0, 0, 0], [3, 0, 20]])
    low, high = macro_f1_interval(matrix)
    assert low < float(np.nanmean(metrics.precision_recall_f1(matrix)[2])) < high


@pytest.mark.parametrize(("n", "over"), [(200, 0.0), (1000, 0.0), (200, 0.1), (1000, 0.03)])
def test_the_interval_of_the_calibration_error_holds_the_truth(n: int, over: float) -> None:
    def trial(random: np.random.Generator) -> tuple[float, float]:
        sure = 0.5 + 0.5 * random.beta(9, 1, n)
        return calibration_error_interval(random.random(n) < np.maximum(sure - over, 0), sure)

    assert covered(trial, over) >= ENOUGH - 6


def test_the_interval_of_the_calibration_error_holds_the_figure_and_begins_at_0_by_chance() -> None:
    random = np.random.default_rng(3)
    sure = 0.5 + 0.5 * random.random(300)
    right = random.random(300) < sure
    low, high = calibration_error_interval(right, sure)
    assert low == 0 < metrics.calibration_error(right, sure) <= high
    low, high = calibration_error_interval(right & (np.arange(300) % 3 > 0), sure)
    assert 0.1 < low < high


def test_a_hundred_thousand_samples_of_a_thousand_classes_need_little_memory() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 1000, 100_000)
    predicted = np.where(random.random(100_000) < 0.8, labels, random.integers(0, 1000, 100_000))
    matrix = metrics.confusion_matrix(labels, predicted, 1000)
    sure = random.random(100_000)
    tracemalloc.start()
    low, high = macro_f1_interval(matrix)
    calibration_error_interval(labels == predicted, sure)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert high - low < 0.01
    assert peak < 100 * 2**20
