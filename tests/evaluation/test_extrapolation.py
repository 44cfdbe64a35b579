"""What twice the samples would bring, where the truth is known."""

import numpy as np
import pytest

from headstart.evaluation.extrapolation import doubled

SIZES = [100, 200, 400, 800]


def judged(errors: list[float], n: int, random: np.random.Generator) -> list[np.ndarray]:
    """Samples named wrongly with such chances, each as hard after every training."""
    hard = random.random(n)
    found = [np.array([hard < error * (1 + 0.02 * k) for k in range(3)]) for error in errors]
    found[-1] = found[-1][:1]
    return [each.astype(np.float64) for each in found]


def test_a_power_law_is_carried_on() -> None:
    errors = [2.0 * size**-0.5 for size in SIZES]
    told = doubled(SIZES, judged(errors, 40_000, np.random.default_rng(0)))
    assert told.exponent == pytest.approx(0.5, abs=0.05)
    assert told.error == pytest.approx(2.0 * 1600**-0.5, abs=0.004)
    assert told.gain == pytest.approx(errors[-1] - told.error, abs=0.004)
    for figure in ("exponent", "error", "gain"):
        low, high = getattr(told, f"{figure}_interval")
        assert low <= getattr(told, figure) <= high


def test_errors_that_have_stopped_falling_promise_nothing() -> None:
    told = doubled(SIZES, judged([0.2, 0.1, 0.1, 0.1], 5000, np.random.default_rng(0)))
    assert told.gain < 0.005
    assert told.gain_interval[0] <= 0


def test_few_judged_samples_and_choices_that_matter_leave_more_open() -> None:
    random = np.random.default_rng(0)
    errors = [2.0 * size**-0.5 for size in SIZES]

    def width(n: int, apart: float) -> float:
        wrong = judged(errors, n, random)
        wrong[2] = np.stack([random.random(n) < errors[2] + d for d in (-apart, 0, apart)]) * 1.0
        low, high = doubled(SIZES, wrong).gain_interval
        return high - low

    assert width(100, 0.0) > 2 * width(5000, 0.0)
    assert width(5000, 0.03) > 2 * width(5000, 0.0)


def test_no_error_at_all_leaves_figures_that_can_be_written() -> None:
    told = doubled(SIZES, [np.zeros((2, 50))] * 3 + [np.zeros((1, 50))])
    assert told.error == told.gain == 0
    assert np.isfinite([*told.error_interval, *told.exponent_interval]).all()


def test_the_same_samples_tell_the_same() -> None:
    errors = [2.0 * size**-0.5 for size in SIZES]
    first, second = (doubled(SIZES, judged(errors, 200, np.random.default_rng(1))) for _ in "ab")
    assert first == second
