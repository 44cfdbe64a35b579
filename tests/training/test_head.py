"""The head against scikit-learn's logistic regression, on features as a network gives them."""

import tracemalloc

import numpy as np
import pytest
from pooled import digits
from sklearn.linear_model import LogisticRegression

from headstart.evaluation.metrics import log_loss
from headstart.training.head import (
    STRENGTHS,
    Head,
    Problem,
    balanced_weights,
    select,
)


def standardised(features: np.ndarray) -> np.ndarray:
    scale = features.std(axis=0, dtype=np.float64)
    centred = features - features.mean(axis=0, dtype=np.float64)
    least = 0.3 * np.median(scale[scale > 1e-9])
    return centred / np.where(scale > 1e-9, np.maximum(scale, least), 1)


def test_a_feature_that_is_dead_in_training_settles_nothing_where_it_is_alive() -> None:
    features, labels = digits(400, 48, 5)
    features[:, 7] = 0
    features[0, 7] = 1e-4
    head = Problem(features, labels, 5).solve(0.01)
    before = head.probabilities(features[1:2])
    features[1, 7] = 0.2
    assert head.probabilities(features[1:2]) == pytest.approx(before, abs=0.02)


def reference(features, labels, strength, sample_weight=None, class_weight=None) -> np.ndarray:
    """Probabilities of scikit-learn's solution of the same problem, on the same samples.

    It sums the losses and multiplies them by C, where we take their mean and penalise; for two
    classes it fits one column of weights, whose penalty is twice that of our two.
    """
    c = (2 if labels.max() == 1 else 1) / (len(labels) * strength)
    model = LogisticRegression(C=c, tol=1e-8, max_iter=20_000, class_weight=class_weight)
    x = standardised(features)
    return model.fit(x, labels, sample_weight=sample_weight).predict_proba(x)


def uneven_weights(n: int) -> np.ndarray:
    weight = np.random.default_rng(1).uniform(0.1, 3, n)
    return weight / weight.mean()


@pytest.mark.parametrize("strength", [1e-1, 1e-2, 1e-4])
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize(("n", "d", "k"), [(250, 48, 5), (60, 200, 5), (200, 48, 2), (60, 200, 2)])
def test_the_head_is_scikit_learns_logistic_regression(n, d, k, weighted, strength):
    features, labels = digits(n, d, k)
    weight = uneven_weights(len(labels)) if weighted else None
    head = Problem(features, labels, k, weight).solve(strength)
    expected = reference(features, labels, strength, weight)
    np.testing.assert_allclose(head.probabilities(features), expected, atol=5e-4)
    assert head.strength == strength
    assert (head.weights.dtype, head.weights.shape) == (np.float32, (d, k))
    assert (head.bias.dtype, head.bias.shape) == (np.float32, (k,))


def test_balanced_weights_are_scikit_learns_balanced_classes():
    features, labels = digits(300, 48, 4)
    rare = np.concatenate([np.flatnonzero(labels != 0), np.flatnonzero(labels == 0)[:8]])
    features, labels = features[rare], labels[rare]
    weight = balanced_weights(labels, 4)
    assert weight.mean() == pytest.approx(1)
    np.testing.assert_allclose(np.bincount(labels, weight), len(labels) / 4)
    head = Problem(features, labels, 4, weight).solve(1e-2)
    expected = reference(features, labels, 1e-2, class_weight="balanced")
    np.testing.assert_allclose(head.probabilities(features), expected, atol=5e-4)


def test_balanced_weights_pass_over_a_class_without_samples():
    weight = balanced_weights(np.array([0, 0, 0, 2]), 3)
    np.testing.assert_allclose(weight, [2 / 3, 2 / 3, 2 / 3, 2])


def test_a_solution_does_not_depend_on_the_penalty_that_was_solved_before():
    features, labels = digits(300, 48, 4)
    problem = Problem(features, labels, 4)
    weak_first = [problem.solve(1e-4), problem.solve(1e-2)][1]
    alone = Problem(features, labels, 4).solve(1e-2)
    np.testing.assert_allclose(
        weak_first.probabilities(features), alone.probabilities(features), atol=5e-4
    )


@pytest.mark.parametrize(("n", "d"), [(300, 48), (60, 200)])
def test_the_same_samples_give_the_same_head_to_the_bit(n, d):
    features, labels = digits(n, d, 4)
    train, validation = slice(0, n // 2), slice(n // 2, n)
    heads = [
        select(
            Problem(features[train].copy(), labels[train], 4),
            features[validation],
            labels[validation],
        )
        for _ in range(2)
    ]
    assert heads[0].weights.tobytes() == heads[1].weights.tobytes()
    assert heads[0].bias.tobytes() == heads[1].bias.tobytes()
    assert heads[0].strength == heads[1].strength


def test_scale_and_offset_of_the_features_do_not_matter():
    features, labels = digits(300, 48, 4)
    head = Problem(features, labels, 4).solve(1e-2)
    moved = (features * 10 + 1).astype(np.float32)
    other = Problem(moved, labels, 4).solve(1e-2)
    np.testing.assert_allclose(other.probabilities(moved), head.probabilities(features), atol=2e-3)


def test_a_class_without_training_samples_is_thought_possible_and_unlikely():
    features, labels = digits(200, 48, 3)
    head = Problem(features, labels, 4).solve(1e-2)
    probabilities = head.probabilities(features)
    assert np.isfinite(probabilities).all()
    assert probabilities[:, 3].max() < 0.05


def test_probabilities_are_the_softmax_of_a_linear_layer():
    head = Head(np.float32([[1, 0, -1]]), np.float32([0, 0, 1]), 0.1)
    features = np.float32([[0], [2], [1000]])
    assert head.logits(features).tolist() == [[0, 0, 1], [2, 0, -1], [1000, 0, -999]]
    probabilities = head.probabilities(features)
    assert probabilities.dtype == np.float64
    e = np.exp(1)
    np.testing.assert_allclose(probabilities[0], np.array([1, 1, e]) / (2 + e))
    np.testing.assert_allclose(probabilities[2], [1, 0, 0])


def test_the_penalty_that_does_best_on_the_validation_samples_is_selected():
    features, labels = digits(500, 100, 10)
    train, validation = slice(0, 250), slice(250, 500)
    head = select(
        Problem(features[train], labels[train], 10), features[validation], labels[validation]
    )
    problem = Problem(features[train], labels[train], 10)
    losses = {
        strength: log_loss(
            labels[validation], problem.solve(strength).probabilities(features[validation])
        )
        for strength in STRENGTHS
    }
    assert losses[head.strength] <= min(losses.values()) + 0.002
    assert log_loss(labels[validation], head.probabilities(features[validation])) == (
        pytest.approx(losses[head.strength], abs=1e-3)
    )


def test_fault_20_features_of_many_samples_are_not_copied_and_give_the_same_head():
    features, labels = digits(300, 512, 4)
    often = np.tile(np.arange(len(labels)), 250)  # the mean of the loss stays what it was
    tracemalloc.start()
    head = Problem(features, labels, 4, samples=often).solve(1e-1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < features[0].nbytes * len(often) / 2
    once = Problem(features, labels, 4).solve(1e-1)
    np.testing.assert_allclose(
        head.probabilities(features), once.probabilities(features), atol=2e-3
    )


def test_fault_20_penalties_are_compared_on_some_samples_of_every_class_where_there_are_many():
    features = np.random.default_rng(0).normal(size=(50_000, 64)).astype(np.float32)
    labels = np.sort(np.r_[np.arange(2000), np.arange(48_000) % 1500])  # 500 classes have one
    problem = Problem(features, labels, 2000)
    fewer = problem.thinned()
    assert 2000 <= len(fewer) <= len(problem) / 2


def test_all_samples_compare_penalties_where_they_are_few():
    features, labels = digits(300, 48, 4)
    problem = Problem(features, labels, 4)
    assert problem.thinned() is problem
