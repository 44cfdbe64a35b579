"""Each figure against stated numbers and against scikit-learn's."""

import math

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.evaluation import metrics

any_time = settings(deadline=None, max_examples=40)


@st.composite
def answers(draw):
    """Labels, probabilities and the number of classes, degenerate ones among them: one sample,
    classes without samples, certainty, ties."""
    n, k = draw(st.integers(1, 40)), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = draw(st.integers(1, k))
    labels = rng.integers(0, present, n)
    sharpness = draw(st.sampled_from((0.0, 1.0, 50.0)))  # ties, ordinary, sure
    logits = sharpness * rng.normal(size=(n, k))
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True), k


@any_time
@given(st.integers(0, 2**32 - 1), st.sampled_from(("float16", "float32", "float64")))
def test_softmax_is_scipys(seed, dtype):
    logits = (10 * np.random.default_rng(seed).normal(size=(5, 4))).astype(dtype)
    probabilities = metrics.softmax(logits)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(
        probabilities, scipy.special.softmax(logits.astype(np.float64), axis=1), rtol=1e-12
    )
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_softmax_of_huge_logits_neither_overflows_nor_warns():
    logits = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]], np.float32)
    np.testing.assert_allclose(metrics.softmax(logits), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_the_confusion_matrix_counts_true_classes_in_rows():
    matrix = metrics.confusion_matrix(np.array([0, 0, 0, 2]), np.array([0, 1, 1, 0]), 3)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 0]]


@any_time
@given(answers())
def test_the_confusion_matrix_and_accuracy_are_scikit_learns(answers):
    labels, probabilities, k = answers
    predicted = probabilities.argmax(axis=1)
    matrix = metrics.confusion_matrix(labels, predicted, k)
    expected = sklearn.metrics.confusion_matrix(labels, predicted, labels=range(k))
    np.testing.assert_array_equal(matrix, expected)
    assert metrics.accuracy(labels, predicted) == pytest.approx(
        sklearn.metrics.accuracy_score(labels, predicted), abs=1e-15
    )


@any_time
@given(answers())
def test_precision_recall_and_f1_are_scikit_learns(answers):
    labels, probabilities, k = answers
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1 = metrics.precision_recall_f1(
        metrics.confusion_matrix(labels, predicted, k)
    )
    expected = sklearn.metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(k), zero_division=0
    )
    there = np.bincount(labels, minlength=k) > 0
    np.testing.assert_allclose(precision, expected[0], atol=1e-15)
    np.testing.assert_allclose(recall[there], expected[1][there], atol=1e-15)
    np.testing.assert_allclose(f1[there], expected[2][there], atol=1e-15)
    assert np.isnan(recall[~there]).all()
    assert np.isnan(f1[~there]).all()


def test_a_class_that_is_never_predicted_has_precision_and_f1_zero():
    precision, recall, f1 = metrics.precision_recall_f1(np.array([[3, 0], [2, 0]]))
    np.testing.assert_allclose(precision, [0.6, 0])
    np.testing.assert_allclose(recall, [1, 0])
    np.testing.assert_allclose(f1, [0.75, 0])


@any_time
@given(answers())
def test_log_loss_is_scikit_learns(answers):
    labels, probabilities, k = answers
    expected = sklearn.metrics.log_loss(labels, np.maximum(probabilities, 1e-15), labels=range(k))
    assert metrics.log_loss(labels, probabilities) == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_log_loss_is_in_nats_and_finite_where_the_truth_was_thought_impossible():
    assert metrics.log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.75, 0.25]])) == (
        pytest.approx((math.log(2) + math.log(4)) / 2)
    )
    impossible = metrics.log_loss(np.array([1]), np.array([[1.0, 0.0]], np.float32))
    assert impossible == pytest.approx(15 * math.log(10))


def test_calibration_error_of_stated_answers():
    # In the bin of 0.6: 3 samples, 1 right; in the bin of 0.9: 1 sample, right.
    sure = np.array([0.6, 0.6, 0.6, 0.9])
    error = metrics.calibration_error(np.array([True, False, False, True]), sure, bins=10)
    assert error == pytest.approx((3 * abs(1 / 3 - 0.6) + abs(1 - 0.9)) / 4)


def test_certainty_lies_in_the_last_bin_of_confidence():
    sure = np.array([0.95, 1.0])  # the first right, the second wrong
    error = metrics.calibration_error(np.array([True, False]), sure, 10)
    assert error == pytest.approx(abs(0.5 - 0.975))


@pytest.mark.parametrize(("right", "error"), [(True, 0), (False, 1)])
def test_calibration_error_of_certainty_is_nothing_where_right_and_all_where_wrong(right, error):
    assert metrics.calibration_error(np.full(5, right), np.ones(5)) == error


@any_time
@given(answers(), st.integers(1, 20))
def test_calibration_error_is_the_mean_gap_of_its_bins(answers, bins):
    labels, probabilities, _ = answers
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum(np.floor(confidence * bins), bins - 1)
    gaps = [
        np.mean(place == b) * abs(right[place == b].mean() - confidence[place == b].mean())
        for b in np.unique(place)
    ]
    error = metrics.calibration_error(right, confidence, bins)
    assert error == pytest.approx(sum(gaps), abs=1e-12)
    assert 0 <= error <= 1


def test_calibration_error_shrinks_to_nothing_where_confidence_is_the_chance_to_be_right():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 200_000)
    right = rng.uniform(size=sure.size) < sure
    assert metrics.calibration_error(right, sure) < 0.01
