"""Two classifiers on the same samples, against stated numbers."""

import math

import numpy as np
import pytest

from headstart.evaluation.paired import Paired


def test_only_samples_that_one_alone_named_rightly_count() -> None:
    first = np.array([True, True, True, False, False])
    second = np.array([True, False, False, True, False])
    assert Paired.of(first, second) == Paired(5, 2, 1)
    assert Paired(5, 2, 1).difference == pytest.approx(0.2)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (3, 1), (1, 9), (40, 60)])
def test_p_is_that_of_a_fair_coin_counted_out(first: int, second: int) -> None:
    m, fewer = first + second, min(first, second)
    exact = min(1.0, 2 * sum(math.comb(m, k) for k in range(fewer + 1)) / 2**m)
    assert Paired(1000, first, second).p == pytest.approx(exact, rel=1e-9)


def test_p_is_the_same_whichever_comes_first_and_does_not_overflow() -> None:
    assert Paired(10**6, 5_000, 4_800).p == pytest.approx(Paired(10**6, 4_800, 5_000).p)
    assert 0.04 < Paired(10**6, 5_000, 4_800).p < 0.05  # by the normal approximation 0.0434
    assert Paired(10**6, 90_000, 10_000).p == 0.0


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        first, second = random.random(120) < 0.9, random.random(120) < 0.85
        low, high = Paired.of(first, second).interval
        covered += low <= 0.05 <= high
    assert 930 <= covered <= 985


def test_two_that_never_differ_leave_an_interval_around_nothing() -> None:
    low, high = Paired(50, 0, 0).interval
    assert low == -high < 0
