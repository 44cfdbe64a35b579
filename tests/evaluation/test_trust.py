import json

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.dummy import DummyClassifier

from headstart.evaluation.metrics import confusion_matrix
from headstart.evaluation.trust import (
    MANY_CLASSES,
    answered,
    class_intervals,
    majority_accuracy,
    scores,
    wilson_interval,
)

any_time = settings(deadline=None, max_examples=40)


@pytest.mark.parametrize(
    ("right", "n", "interval"),
    [
        # Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I.
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
        (50, 50, (0.9287, 1.0000)),
    ],
)
def test_the_interval_is_wilsons_as_published(right, n, interval):
    assert wilson_interval(right, n) == pytest.approx(interval, abs=5e-5)


@any_time
@given(st.integers(1, 100_000), st.floats(0, 1))
def test_the_interval_is_scipys(n, share):
    right = round(share * n)
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    low, high = wilson_interval(right, n)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= right / n <= high <= 1


def test_the_interval_of_no_samples_is_everything():
    assert wilson_interval(0, 0) == (0, 1)


def test_the_interval_reaches_the_ends_exactly():
    assert wilson_interval(0, 7)[0] == 0
    assert wilson_interval(7, 7)[1] == 1


@settings(any_time, max_examples=15)
@given(st.integers(1, 50), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_scores_are_scikit_learns_and_can_be_written_as_json(n, k, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, rng.integers(1, k + 1), n)
    probabilities = rng.dirichlet(np.ones(k), n)
    predicted = probabilities.argmax(axis=1)
    classes = [f"class {j}" for j in range(k)]
    there = np.unique(labels)

    document = json.loads(json.dumps(scores(labels, probabilities, classes), allow_nan=False))

    assert document["accuracy"] == pytest.approx(np.mean(labels == predicted))
    assert document["accuracy_interval"] == list(
        wilson_interval(int(np.sum(labels == predicted)), n)
    )
    assert document["loss"] == pytest.approx(
        sklearn.metrics.log_loss(labels, probabilities, labels=range(k))
    )
    assert document["macro_f1"] == pytest.approx(
        sklearn.metrics.f1_score(labels, predicted, labels=there, average="macro", zero_division=0)
    )
    report = sklearn.metrics.classification_report(
        labels, predicted, labels=range(k), target_names=classes, output_dict=True, zero_division=0
    )
    for j, name in enumerate(classes):
        figures = document["per_class"][name]
        assert figures["support"] == report[name]["support"]
        if j in there:
            assert figures["precision"] == pytest.approx(report[name]["precision"])
            assert figures["recall"] == pytest.approx(report[name]["recall"])
            assert figures["f1"] == pytest.approx(report[name]["f1-score"])
        else:
            assert figures.pop("support") == 0
            assert set(figures.values()) == {None}


def test_scores_have_the_fields_of_the_contract():
    document = scores(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), "ab")
    assert list(document) == [
        "accuracy",
        "accuracy_interval",
        "loss",
        "loss_interval",
        "macro_f1",
        "macro_f1_interval",
        "calibration_error",
        "calibration_error_interval",
        "confusion_matrix",
        "per_class",
    ]
    assert document["confusion_matrix"] == [[1, 0], [1, 1]]
    assert document["per_class"]["b"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "precision_interval": pytest.approx([0.20655, 1], abs=1e-5),  # Wilson, 1 of 1
        "recall_interval": pytest.approx([0.09453, 0.90547], abs=1e-5),  # 1 of 2
        "f1_interval": pytest.approx([2 * 0.09453 / 1.09453, 2 * 0.90547 / 1.90547], abs=1e-5),
        "support": 2,
    }


@any_time
@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_intervals_by_class_are_scipys_of_the_shares_that_the_figures_are(n, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, n)
    predicted = np.where(random.random(n) < 0.7, labels, random.integers(0, 3, n))
    found = class_intervals(confusion_matrix(labels, predicted, 3))
    for j, intervals in enumerate(found):
        hits = int(np.sum((labels == j) & (predicted == j)))
        either = (labels == j) | (predicted == j)
        for interval, of in [
            (intervals.precision, predicted == j),
            (intervals.recall, labels == j),
            (tuple(edge / (2 - edge) for edge in intervals.f1), either),  # F1 → the share in it
        ]:
            if of.any():
                expected = binomtest(hits, int(of.sum())).proportion_ci(0.95, method="wilson")
                assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_class_without_samples_takes_no_part_in_macro_f1():
    document = scores(np.array([0, 0]), np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1]]), "abc")
    assert document["macro_f1"] == 1


@any_time
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=30),
    st.lists(st.integers(0, 4), min_size=1, max_size=30),
)
def test_the_majority_baseline_is_scikit_learns_dummy(train, labels):
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(train), 1)), train)
    assert majority_accuracy(np.array(train), np.array(labels)) == pytest.approx(
        dummy.score(np.zeros((len(labels), 1)), labels)
    )


@pytest.mark.parametrize(("k", "kept"), [(MANY_CLASSES, MANY_CLASSES), (MANY_CLASSES + 1, 0)])
def test_fault_20_answers_in_pieces_score_as_a_whole_and_keep_few_probabilities(k, kept):
    random = np.random.default_rng(0)
    labels = random.integers(k, size=400)
    probabilities = random.dirichlet(np.ones(k) / 9, size=400)
    samples = np.arange(400) + 7
    pieces = np.array_split(probabilities, 9)
    names = [f"class {j}" for j in range(k)]
    answers = answered("test", samples, labels, iter(pieces))
    assert answers.scores(names) == scores(labels, probabilities, names)
    np.testing.assert_array_equal(answers.probabilities, probabilities[:, :kept])
    np.testing.assert_array_equal(answers.p_label, probabilities[np.arange(400), labels])
    np.testing.assert_array_equal(answers.p_predicted, probabilities.max(axis=1))
    assert answered("train", samples, labels, pieces).probabilities.size == 0
