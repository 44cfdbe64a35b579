"""The temperature against SciPy's search, and on networks whose sureness is known to be off."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from headstart.evaluation.calibration import fitted_temperature, reliability_bins, tempered
from headstart.evaluation.metrics import calibration_error, log_loss, softmax


def honest(n: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn by the very probabilities that they give."""
    chance = np.random.default_rng(seed)
    logits = 3 * chance.standard_normal((n, k))
    shares = softmax(logits).cumsum(axis=1)
    return logits, (chance.random((n, 1)) > shares).sum(axis=1).clip(max=k - 1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 8.0])
def test_tempering_divides_the_logits(temperature):
    logits, _ = honest(50, 4)
    expected = softmax(logits / temperature)
    np.testing.assert_allclose(tempered(softmax(logits), temperature), expected, atol=1e-12)


def test_a_probability_of_zero_stays_a_number():
    assert np.isfinite(tempered(np.array([[1.0, 0.0], [0.0, 1.0]]), 3.0)).all()


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("k", [2, 7])
def test_a_network_that_is_off_by_a_factor_gets_that_factor(factor, k):
    logits, labels = honest(4000, k)
    off = softmax(logits * factor)
    found = fitted_temperature(labels, off)
    assert found == pytest.approx(factor, rel=0.1)
    assert log_loss(labels, tempered(off, found)) <= log_loss(labels, off)

    def loss(inverse: float) -> float:
        return log_loss(labels, softmax(logits * factor * inverse))

    best = 1 / minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x
    assert found == pytest.approx(best, rel=0.01)


def test_it_mends_the_calibration_of_samples_that_it_has_not_seen():
    logits, labels = honest(4000, 5)
    off = softmax(logits * 3)
    found = fitted_temperature(labels[:2000], off[:2000])
    rest = off[2000:]
    errors = [
        calibration_error(each.argmax(axis=1) == labels[2000:], each.max(axis=1))
        for each in (rest, tempered(rest, found))
    ]
    assert errors[0] > 0.1
    assert errors[1] < 0.03


@pytest.mark.parametrize("n", [5, 40, 1000])
def test_without_a_mistake_nothing_becomes_infinitely_sure(n):
    sure = np.full(n, 0.99)
    found = fitted_temperature(np.zeros(n, np.int64), np.column_stack([sure, 1 - sure]))
    assert 0.2 < found < 1


@pytest.mark.parametrize("seed", range(20))
def test_the_log_loss_of_what_it_is_fitted_to_never_rises(seed):
    chance = np.random.default_rng(seed)
    logits, labels = honest(int(chance.integers(1, 60)), int(chance.integers(2, 6)), seed)
    given = softmax(logits * chance.uniform(0.1, 5))
    found = fitted_temperature(labels, given)
    assert log_loss(labels, tempered(given, found)) <= log_loss(labels, given) + 1e-12


def test_the_error_of_calibration_is_the_mean_gap_of_the_bins_that_are_drawn():
    chance = np.random.default_rng(0)
    sure, right = chance.uniform(0.3, 1, 500), chance.random(500) < 0.7
    gaps = [each.samples * abs(each.sure - each.right) for each in reliability_bins(right, sure)]
    assert sum(gaps) / 500 == pytest.approx(calibration_error(right, sure))


def test_bins_count_every_sample_once():
    sure = np.array([0.05, 0.51, 0.53, 1.0])
    bins = reliability_bins(np.array([True, False, True, True]), sure)
    assert [each.samples for each in bins] == [1, 2, 1]
    assert bins[1].sure == pytest.approx(0.52)
    assert bins[1].right == 0.5
