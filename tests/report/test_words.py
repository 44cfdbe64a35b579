"""The sentences of the report."""

from typing import Any

import numpy as np
import pytest
from test_learning import training

from headstart.evaluation.trust import scores
from headstart.report import words


def scored(*matrix: list[int]) -> dict[str, Any]:
    """The scores of samples with this confusion matrix."""
    cells = [(i, j) for i, row in enumerate(matrix) for j, n in enumerate(row) for _ in range(n)]
    labels = np.array([i for i, _ in cells])
    return scores(labels, np.eye(2)[[j for _, j in cells]], ["cat", "dog"])


def metrics(**sets: Any) -> dict[str, Any]:
    empty = {"train": None, "validation": None, "test": None, "cross_validation": None}
    return {
        "kind": "training",
        "task": "image",
        "classes": ["cat", "dog"],
        "baselines": {"majority": 0.5},
        "selected_on": "validation",
        **empty,
        **sets,
    }


TRAIN = scored([500, 0], [0, 500])


def test_the_headline_names_the_test_figure_its_interval_and_the_baseline() -> None:
    document = metrics(
        train=TRAIN, validation=scored([99, 1], [2, 98]), test=scored([49, 1], [2, 48])
    )
    assert words.headline(document) == (
        "97 of 100 test photos, never seen before, were named correctly: 97.0% (95% interval "
        "91.5% to 99.0%), where always answering “cat” would get 50.0%."
    )


def test_the_headline_says_that_cross_validation_was_used() -> None:
    document = metrics(train=scored([9, 0], [0, 11]), cross_validation=scored([8, 1], [0, 11]))
    headline = words.headline(document)
    assert headline.startswith(
        "19 of 20 photos were named correctly by a network that had not seen them "
        "(cross-validation): 95.0%"
    )
    assert "always answering “dog”" in headline


def test_photos_given_to_evaluate_are_not_called_unseen() -> None:
    document = {
        "kind": "evaluation",
        "task": "image",
        "classes": ["cat", "dog"],
        "baselines": {"majority": 0.5},
        "test": scored([9, 1], [0, 10]),
        "trained_on": 0,
    }
    assert words.headline(document).startswith("19 of 20 photos were named correctly: 95.0%")
    assert words.headline({**document, "trained_on": 3}).startswith(
        "19 of 20 photos, 3 of which it was trained on, were named correctly: 95.0%"
    )


def test_one_photo_is_one_photo() -> None:
    assert words.headline(metrics(train=TRAIN, test=scored([1, 0], [0, 0]))).startswith(
        "1 of 1 test photo, never seen before, was named correctly: 100%"
    )


def test_without_a_test_set_the_validation_figure_is_not_called_unbiased() -> None:
    document = metrics(train=TRAIN, validation=scored([99, 1], [2, 98]))
    assert words.headline(document).startswith("197 of 200 validation photos were named")
    said = " ".join(words.belief(document))
    assert "There is no test set" in said
    assert "unbiased: its photos" not in said


def test_a_figure_on_training_photos_alone_is_said_to_mean_nothing_for_new_ones() -> None:
    document = metrics(train=TRAIN)
    assert "photos that it was trained on" in words.headline(document)
    assert "says nothing about new ones" in words.belief(document)[0]
    assert "nothing can be said about overfitting" in words.gap(document)


def test_only_the_test_figure_is_called_unbiased() -> None:
    document = metrics(train=TRAIN, validation=scored([9, 1], [0, 10]), test=scored([9, 1], [0, 9]))
    assert words.belief(document)[0].startswith("Only the test figure is unbiased")
    assert "Validation chose the strength" in words.belief(document)[0]


@pytest.mark.parametrize(
    ("made", "told", "unbiased"),
    [
        ({"relabelled": 0, "left_out": 0, "relabelled_judged": 0}, "", True),
        (
            {"relabelled": 65, "left_out": 0, "relabelled_judged": 0},
            "65 labels were changed by decision, none of them in the test.",
            True,
        ),
        (
            {"relabelled": 65, "left_out": 3, "relabelled_judged": 9},
            "65 labels were changed by decision, 9 of them in the test. 3 photos were left out.",
            False,
        ),
        (
            {"relabelled": 1, "left_out": 0, "relabelled_judged": 1},
            "1 label was changed by decision, in the test.",
            False,
        ),
        (
            {"relabelled": 0, "left_out": 1, "relabelled_judged": 0},
            "1 photo was left out by decision.",
            False,
        ),
        ({"relabelled": 2, "left_out": 0}, "2 labels were changed by decision.", False),
    ],
)
def test_labels_that_were_changed_by_decision_are_told(
    made: dict[str, int], told: str, unbiased: bool
) -> None:
    sets = {"train": TRAIN, "validation": scored([9, 1], [0, 10])}
    document = metrics(**sets, test=scored([9, 1], [0, 9]), decisions={**made, "kept": 1})
    said = words.decided(document)
    assert said.startswith(told)
    assert ("may be a little better" in said) is not unbiased
    beliefs = " ".join(words.belief(document))
    assert said in beliefs
    assert ("Only the test figure is unbiased" in beliefs) is unbiased


LEAKS = {"samples": 5, "without": scored([6, 1], [0, 7])}


@pytest.mark.parametrize("leaks", [LEAKS, {"samples": 19, "without": None}])
def test_a_figure_that_leaks_is_not_called_unbiased_nor_its_photos_unseen(leaks: Any) -> None:
    sets = {"train": TRAIN, "validation": scored([9, 1], [0, 10])}
    for document in (metrics(**sets, test=scored([9, 1], [0, 9])), metrics(**sets)):
        told = words.headline(document | {"leaks": leaks})
        told += " ".join(words.belief(document | {"leaks": leaks}))
        assert "never seen" not in told
        assert "unbiased" not in told
        assert "took no part" not in told
        assert "better than it should be" in told
        assert words.leaked(document | {"leaks": leaks}) in told


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({}, "the epoch that was kept"),
        (
            {"candidates": {"head": {}, "tail": {}}},
            "the epoch that was kept, and its weights over the head alone",
        ),
        (
            {"candidates": {"head": {}, "tail": {}}, "used": False},
            "the strength of the head, and to train no other layer",
        ),
        ({"recipe": {"keep_best": False, "patience": 3}}, "when to stop"),
    ],
)
def test_of_a_training_by_gradient_it_is_said_what_validation_chose(
    fields: dict[str, Any], chosen: str
) -> None:
    sets = {"train": TRAIN, "validation": scored([9, 1], [0, 10]), "training": training(**fields)}
    tested = words.belief(metrics(**sets, test=scored([9, 1], [0, 9])))[0]
    assert f" Validation chose {chosen}, which flatters its own figure" in tested
    assert f"These photos also chose {chosen}, which" in words.belief(metrics(**sets))[0]


def test_where_every_epoch_was_run_and_the_last_kept_validation_chose_nothing() -> None:
    fixed = training(recipe={"keep_best": False, "patience": None})
    sets = {"train": TRAIN, "validation": scored([9, 1], [0, 10]), "training": fixed}
    tested = words.belief(metrics(**sets, test=scored([9, 1], [0, 9])))[0]
    assert tested.endswith(
        "Nor did those of validation: every epoch was run, and the last was kept."
    )
    assert "took no part in training or in any choice:" in words.belief(metrics(**sets))[0]
    for said in (tested, words.belief(metrics(**sets))[0]):
        assert "chose" not in said


def test_without_validation_a_training_by_gradient_chose_nothing_by_it() -> None:
    document = metrics(
        train=TRAIN,
        test=scored([9, 1], [0, 9]),
        training=training(),
        selected_on="cross-validation",
    )
    assert words.belief(document)[0].endswith("took no part in training or in any choice.")


def test_a_small_test_set_is_said_to_leave_much_to_chance() -> None:
    small = words.belief(metrics(train=TRAIN, test=scored([9, 1], [0, 10])))
    large = words.belief(metrics(train=TRAIN, test=scored([990, 10], [0, 1000])))
    assert any("Four times as many would halve it" in sentence for sentence in small)
    assert not any("Four times" in sentence for sentence in large)


def test_an_interval_down_to_the_baseline_shows_nothing_learned() -> None:
    said = words.belief(metrics(train=TRAIN, test=scored([6, 4], [4, 6])))
    assert any("do not show that anything was learned" in sentence for sentence in said)
    said = words.belief(metrics(train=TRAIN, test=scored([60, 4], [4, 60])))
    assert not any("do not show" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [
        (TRAIN, scored([80, 20], [20, 80]), "20.0 points apart, which is overfitting"),
        (TRAIN, scored([97, 3], [3, 97]), "3.0 points apart, more than chance explains"),
        (TRAIN, scored([100, 0], [1, 99]), "Training 100%, validation 99.5%: 0.5 points apart"),
        (scored([950, 50], [50, 950]), scored([96, 4], [4, 96]), "no sign of over- or under"),
        (scored([70, 30], [30, 70]), scored([71, 29], [30, 70]), "which is underfitting"),
    ],
)
def test_the_gap_is_judged_by_what_chance_explains(
    train: Any, validation: Any, expected: str
) -> None:
    assert expected in words.gap(metrics(train=train, validation=validation))


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (1.0, "100%"),
        (0.99999, "over 99.9%"),
        (0.9994, "99.9%"),
        (0.5, "50.0%"),
        (0.0004, "under 0.1%"),
        (0.0, "0%"),
    ],
)
def test_only_all_is_called_100_percent(share: float, expected: str) -> None:
    assert words.percent(share) == expected


def test_counts_have_thousands_and_plurals() -> None:
    assert words.number(1300, "photo") == "1,300 photos"
    assert words.number(1, "photo") == "1 photo"
    assert words.number(2, "class") == "2 classes"


def test_fault_23_a_class_name_is_one_printable_line_in_a_sentence() -> None:
    assert words.quoted("a\nb\u202ec") == "“a\\nb\\u202ec”"
    assert words.one_line("made\\nprintable before") == "made\\nprintable before"
    assert len(words.quoted("x" * 300)) == 42
