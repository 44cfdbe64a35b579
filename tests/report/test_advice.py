"""Whether it can be used, and what to do next."""

from typing import Any

import numpy as np
import pytest

from headstart.evaluation.trust import scores
from headstart.report import advice

CLASSES = ["cat", "dog"]


def metrics(right: dict[str, int], n: int, key: str = "test", baseline: float = 0.5) -> Any:
    """Figures of n samples of each class, so many of which were named correctly."""
    labels = np.repeat([0, 1], n)
    called = labels.copy()
    for i, name in enumerate(CLASSES):
        called[i * n + right.get(name, n) : (i + 1) * n] = 1 - i
    figures = scores(labels, np.eye(2)[called], CLASSES)
    sets = dict.fromkeys(("train", "validation", "test", "cross_validation"))
    return {
        **sets,
        "kind": "training",
        "task": "image",
        "classes": CLASSES,
        "baselines": {"majority": baseline},
        key: figures,
    }


def finding(kind: str, level: str = "warning") -> dict[str, Any]:
    return {"kind": kind, "level": level, "samples": [["a"]], "why": "Why.", "mend": "Mend it."}


def test_a_good_figure_is_told_as_errors_to_live_with() -> None:
    told = advice.answer(metrics({"cat": 97, "dog": 97}, 100), [])
    assert told == (
        "Yes, for photos like these, if you can live with its mistakes: expect about 1 in 33 to be "
        "named wrongly (1 in 16 at the low end of the interval)."
    )


def test_no_mistake_among_few_promises_none_in_future() -> None:
    told = advice.answer(metrics({}, 25), [])
    assert "none of these was named wrongly (1 in 14 at the low end" in told


def test_a_poor_figure_is_told_in_mistakes_that_are_not_rounded_away() -> None:
    assert "about 1 in 2.5 to" in advice.answer(metrics({"cat": 60, "dog": 60}, 100), [])


def test_a_warning_comes_before_use() -> None:
    found = metrics({"cat": 97}, 100)
    assert advice.answer(found, [finding("drift"), finding("x", "note")]).startswith(
        "Not before you have settled the warning below."
    )
    assert "settled the warnings below" in advice.answer(found, [finding("a"), finding("b")])


@pytest.mark.parametrize("kind", ["id-column", "nearly-numbers"])
def test_a_column_that_the_network_was_not_given_keeps_nobody_from_using_it(kind: str) -> None:
    found = metrics({"cat": 97}, 100)
    assert advice.answer(found, [finding(kind)]).startswith("Yes")
    assert advice.misleading([finding(kind), finding("drift")]) == [finding("drift")]
    assert advice.steps(found, [finding(kind)], 3)[0].place == "mistakes"


def test_figures_that_show_no_learning_are_no() -> None:
    assert advice.answer(metrics({"cat": 55, "dog": 50}, 100), []).startswith("No:")


def test_training_figures_alone_tell_nothing() -> None:
    found = metrics({}, 100, key="train")
    assert advice.answer(found, []).startswith("That cannot be told")
    assert [step.place for step in advice.steps(found, [], 0)] == ["making", "use"]


def test_the_gravest_findings_come_first_and_notes_last() -> None:
    kinds = ["id-column", "drift", "duplicate", "near-duplicate-across-splits", "trained-on"]
    found = [finding(kind, "note" if kind == "duplicate" else "warning") for kind in kinds]
    assert [f["kind"] for f in sorted(found, key=advice.gravity)] == [
        "near-duplicate-across-splits",
        "trained-on",
        "drift",
        "id-column",
        "duplicate",
    ]


@pytest.mark.parametrize(
    ("right", "n", "found", "wrong", "places"),
    [
        ({}, 500, [], 0, ["use"]),
        ({}, 500, [finding("drift")], 0, ["finding-1", "use"]),
        ({}, 500, [finding("drift", "note")], 0, ["use"]),
        ({"cat": 495, "dog": 495}, 500, [], 10, ["mistakes", "use"]),
        ({"cat": 9, "dog": 9}, 10, [], 2, ["mistakes", "belief", "use"]),
        ({"cat": 400}, 500, [], 100, ["mistakes", "classes", "use"]),
    ],
)
def test_the_steps_follow_from_the_figures(
    right: dict[str, int], n: int, found: Any, wrong: int, places: list[str]
) -> None:
    assert [step.place for step in advice.steps(metrics(right, n), found, wrong)] == places


def test_the_weakest_class_is_named_with_its_share() -> None:
    steps = advice.steps(metrics({"cat": 400}, 500), [], 100)
    assert "Gather more photos of “cat”: only 80.0% of them were found" in steps[1].told


@pytest.mark.parametrize(
    ("difference", "p", "told"), [(-0.05, 0.01, 1), (-0.05, 0.3, 0), (0.05, 0.01, 0)]
)
def test_a_baseline_that_does_better_is_a_step(difference: float, p: float, told: int) -> None:
    compared = {
        "accuracy": 0.95,
        "accuracy_interval": [0.9, 0.98],
        "loss": 0.1,
        "difference": difference,
        "difference_interval": [difference - 0.03, difference + 0.03],
        "p": p,
    }
    found = {**metrics({}, 500), "task": "table", "comparisons": {"gradient_boosting": compared}}
    steps = [step for step in advice.steps(found, [], 0) if step.place == "worth"]
    assert len(steps) == told
    assert not told or "Gradient boosting does better here" in steps[0].told


def test_what_judges_a_finished_classifier_is_not_told_to_try_it() -> None:
    found = {**metrics({}, 500), "kind": "evaluation"}
    assert advice.steps(found, [], 0) == []
