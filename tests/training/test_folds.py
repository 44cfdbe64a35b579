"""Heads by cross-validation, on features as a network gives them."""

import numpy as np
import pytest
from pooled import digits

from headstart.evaluation.metrics import log_loss
from headstart.training.folds import OtherFolds, cross_validate, select_by_folds
from headstart.training.head import STRENGTHS, Problem, balanced_weights


@pytest.fixture(scope="module")
def folded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and folds of few samples; the first four only train."""
    features, labels = digits(90, 20, 3)
    fold = np.arange(90) % 3
    fold[:4] = -1
    return features, labels, fold


@pytest.mark.parametrize("balanced", [False, True])
def test_no_sample_is_judged_by_a_head_that_saw_its_label(folded, balanced):
    features, labels, fold = folded
    before = cross_validate(features, labels, fold, 3, balanced=balanced)
    other = np.where(fold == 1, (labels + 1) % 3, labels)
    after = cross_validate(features, other, fold, 3, balanced=balanced)
    assert (before[fold == 1] == after[fold == 1]).all()
    assert (before[fold == 0] != after[fold == 0]).any()


def test_samples_of_no_fold_train_and_are_not_judged(folded):
    features, labels, fold = folded
    before = cross_validate(features, labels, fold, 3)
    assert (before[fold == -1] == 0).all()
    np.testing.assert_allclose(before[fold >= 0].sum(axis=1), 1)
    other = np.where(fold == -1, (labels + 1) % 3, labels)
    after = cross_validate(features, other, fold, 3)
    assert (before != after).any()


def test_cross_validated_probabilities_are_good_and_those_of_heads_like_the_one_for_all(folded):
    features, labels, fold = folded
    judged = fold >= 0
    probabilities = cross_validate(features, labels, fold, 3)[judged]
    assert (probabilities.argmax(axis=1) == labels[judged]).mean() > 0.9
    held = fold == 0
    head = select_by_folds(features[~held], labels[~held], fold[~held], 3)
    assert (head.probabilities(features[held]) == probabilities[fold[judged] == 0]).all()


@pytest.mark.parametrize("balanced", [False, True])
def test_the_penalty_that_does_best_over_the_folds_is_selected_and_fitted_to_all(folded, balanced):
    features, labels, fold = folded

    def problem(part):
        weight = balanced_weights(labels[part], 3) if balanced else None
        return Problem(features[part], labels[part], 3, weight)

    losses = dict.fromkeys(STRENGTHS, 0.0)
    for number in range(3):
        held = fold == number
        for strength in STRENGTHS:
            head = problem(~held).solve(strength)
            loss = log_loss(labels[held], head.probabilities(features[held]))
            losses[strength] += held.sum() * loss / (fold >= 0).sum()
    head = select_by_folds(features, labels, fold, 3, balanced=balanced)
    assert losses[head.strength] <= min(losses.values()) + 0.002
    alone = problem(fold >= -1).solve(head.strength)
    assert head.weights.tobytes() == alone.weights.tobytes()
    assert head.bias.tobytes() == alone.bias.tobytes()


@pytest.mark.parametrize("balanced", [False, True], ids=["alike", "balanced"])
def test_held_out_probabilities_are_those_of_heads_fitted_to_the_other_folds(balanced):
    features, labels = digits(300, 48, 4)
    samples = np.arange(20, 300)[::-1].copy()
    fold = np.random.default_rng(0).integers(-1, 5, len(samples))
    found = OtherFolds(features, labels, samples, fold, 4, 1e-2, balanced=balanced).held_out()
    assert found is not None
    assert found.shape == (280, 4)
    assert np.isnan(found[fold == -1]).all()
    for k in range(5):
        train, held = samples[fold != k], samples[fold == k]
        weight = balanced_weights(labels[train], 4) if balanced else None
        alone = Problem(features[train], labels[train], 4, weight).solve(1e-2)
        np.testing.assert_allclose(found[fold == k], alone.probabilities(features[held]), atol=0.02)


def test_held_out_probabilities_know_nothing_of_the_labels_that_they_are_of():
    """Under a weak penalty a head learns labels by heart, those at random too."""
    features, _ = digits(200, 400, 4)
    labels = np.random.default_rng(1).integers(0, 2, 200)
    fold = np.arange(200) % 5
    learned = Problem(features, labels, 2).solve(1e-4).probabilities(features).argmax(axis=1)
    found = OtherFolds(features, labels, np.arange(200), fold, 2, 1e-4).held_out()
    assert found is not None
    assert np.mean(learned == labels) > 0.75
    assert np.mean(found.argmax(axis=1) == labels) < 0.6


def test_what_would_take_minutes_is_not_held_out():
    features, labels = np.zeros((1000, 2001), np.float32), np.zeros(1000, np.int64)
    assert OtherFolds(features, labels, np.arange(1000), labels, 1000, 1e-2).held_out() is None


def test_left_out_samples_are_forgotten_though_the_search_begins_where_it_ended():
    features, labels = digits(300, 48, 4)
    fold, trains = np.arange(300) % 5, np.arange(300) % 7 > 0
    of = features, np.where(trains, labels, (labels + 1) % 4), np.arange(300), fold, 4, 1e-2
    heads = OtherFolds(*of)
    heads.held_out()
    again, anew = heads.held_out(trains), OtherFolds(*of).held_out(trains)
    assert again is not None
    np.testing.assert_allclose(again, anew, atol=0.02)
    assert np.mean(again.argmax(axis=1) == labels) > 0.9
