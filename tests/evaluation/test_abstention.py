"""Thresholds, distances and the coverage curve, against stated numbers and plain loops."""

import numpy as np
import pytest
from scipy.stats import norm

from headstart.evaluation.abstention import (
    answering,
    coverage,
    distances,
    drawn,
    limit,
    sure_enough,
    unit,
)


def classifier(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each answer is right, and how sure it was, calibrated."""
    chance = np.random.default_rng(seed)
    sure = 1 - 0.5 * chance.beta(0.3, 3, n)
    return chance.random(n) < sure, sure


def lower(hits: int, n: int) -> float:
    z = norm.ppf(0.8)
    share = hits / n
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (share + z**2 / (2 * n) - half) / (1 + z**2 / n)


def test_the_least_probability_is_taken_whose_answers_are_right_often_enough():
    right, sure = classifier(2000, 0)
    found = sure_enough(right, sure, 0.98)
    assert found.shown
    candidates = [
        p for p in sure if lower(int(right[sure >= p].sum()), int((sure >= p).sum())) >= 0.98
    ]
    assert found.probability == min(candidates)


@pytest.mark.parametrize("wanted", [0.95, 0.98, 0.99])
def test_what_is_answered_is_right_as_often_as_wanted_about_four_times_in_five(wanted):
    kept = []
    for seed in range(200):
        found = sure_enough(*classifier(900, seed), wanted)
        right, sure = classifier(20_000, 1000 + seed)
        kept.append(right[sure >= found.probability].mean() >= wanted)
    assert np.mean(kept) > 0.7


def test_a_classifier_that_is_always_right_answers_everything():
    sure = np.linspace(0.4, 1, 100)
    assert sure_enough(np.ones(100, bool), sure, 0.99) == (0.4, True)


@pytest.mark.parametrize(("n", "shown"), [(70, False), (71, True)])
def test_about_seventy_samples_are_enough_to_show_0_99(n, shown):
    assert sure_enough(np.ones(n, bool), np.full(n, 0.995), 0.99).shown == shown


def test_where_nothing_can_be_shown_the_probabilities_decide():
    sure = np.array([0.99, 0.97, 0.9, 0.6])
    found = sure_enough(np.ones(4, bool), sure, 0.95)
    assert found == (0.9, False)  # the mean of the three surest is 0.953


def test_samples_of_one_probability_are_answered_together():
    sure = np.full(300, 0.9)
    right = np.arange(300) >= 30
    assert sure_enough(right, sure, 0.95) == (1.0, False)


def test_the_distance_is_the_mean_of_the_five_nearest():
    chance = np.random.default_rng(0)
    features, reference = chance.random((40, 8)), unit(chance.random((1000, 8)))
    expected = [
        np.sort([1 - f @ r / np.linalg.norm(f) for r in reference])[:5].mean() for f in features
    ]
    np.testing.assert_allclose(distances(features, reference), expected, atol=1e-6)


def test_copies_are_not_compared_with_each_other():
    chance = np.random.default_rng(0)
    features = chance.random((50, 8))
    number = np.arange(50) // 2
    pairs = np.repeat(features[::2], 2, axis=0)
    found = distances(pairs, unit(pairs), (number, number))
    alone = [distances(pairs[[i]], unit(pairs[number != number[i]]))[0] for i in range(50)]
    np.testing.assert_allclose(found, alone, atol=1e-6)
    assert (found > distances(pairs, unit(pairs))).all()


def test_features_of_zeros_have_a_distance():
    assert np.isfinite(distances(np.zeros((2, 3)), unit(np.eye(3)))).all()


def test_the_limit_lets_through_nearly_all_that_are_alike():
    passed = []
    for seed in range(300):
        seen = np.random.default_rng(seed).random(250, np.float32)
        passed.append(limit(seen))
    assert 0.985 < np.mean(passed) < 0.996  # of uniform numbers the limit is the share
    assert limit(np.array([0.1, 0.3, 0.2], np.float32)) == pytest.approx(0.3)


def test_reference_samples_are_of_every_class_its_share():
    labels = np.repeat([0, 1, 2], [20_000, 3000, 1000])
    kept = drawn(labels, 8)
    assert len(kept) == 10_000
    np.testing.assert_allclose(
        np.bincount(labels[kept]) / 10_000, [0.833, 0.125, 0.042], atol=0.001
    )
    assert len(drawn(labels, 8192)) == 2048
    np.testing.assert_array_equal(drawn(labels[:50], 8), np.arange(50))


def test_what_thresholds_bring_is_counted():
    right = np.array([True, True, False, True, False])
    sure = np.array([0.9, 0.4, 0.9, 0.9, 0.3])
    far = np.array([0.1, 0.1, 0.9, 0.2, 0.9], np.float32)
    found = answering(right, sure, far, 0.5, 0.5)
    assert (found["answered"], found["accuracy"]) == (0.4, 1.0)
    assert (found["unsure"], found["unlike"], found["samples"]) == (1, 2, 5)
    assert answering(right, sure, None, 0.95, None)["accuracy"] is None


def test_the_coverage_curve_ends_at_the_accuracy():
    right, sure = classifier(500, 0)
    points = list(coverage(right, sure.round(2)))
    assert points[-1].answered == 1
    assert points[-1].accuracy == pytest.approx(right.mean())
    for point in points:
        kept = sure.round(2) >= point.probability
        assert (point.answered, point.accuracy) == pytest.approx((kept.mean(), right[kept].mean()))
