"""The coverage curve: what it says, and where it is drawn."""

import pytest

from headstart.report.coverage import FRAME, curve, told
from headstart.report.predictions import Prediction

METRICS = {"task": "image", "test": {"accuracy": 0.9}}


def predictions(*groups: tuple[float, int, int]) -> list[Prediction]:
    """(probability, right, wrong) of each group of photos."""
    return [
        Prediction(str(i), "cat", "cat" if i < right else "dog", sure, sure)
        for sure, right, wrong in groups
        for i in range(right + wrong)
    ]


def abstaining(**found):
    one = {
        "samples": 100,
        "answered": 0.8,
        "accuracy": 0.99,
        "accuracy_interval": [0.95, 1.0],
        "unsure": 15,
        "unlike": 5,
    }
    told = {"wanted": 0.99, "distance": 0.5, "sets": {"test": one | found}}
    return METRICS | {"abstention": told}


def test_it_says_what_would_be_left_unanswered():
    found = curve(METRICS, predictions((0.99, 80, 0), (0.8, 10, 0), (0.6, 5, 5)))
    assert found.story == (
        "To be right 99 times in 100 here, it would have to leave 10.0% unanswered."
    )
    assert found.chosen is None
    assert [point.answered for point in found.table] == pytest.approx([0.8, 0.8, 0.9, 0.9, 1.0])


def test_it_says_when_nothing_need_be_left():
    found = curve(METRICS, predictions((0.99, 99, 1)))
    assert found.story == "It is right 99 times in 100, or oftener, with every photo answered."


def test_it_says_when_no_sureness_is_enough():
    assert (
        "it would not be right 99 times in 100" in curve(METRICS, predictions((0.99, 80, 20))).story
    )


def test_the_line_runs_from_the_surest_to_all_inside_the_frame():
    found = curve(METRICS, predictions((0.99, 80, 0), (0.8, 10, 0), (0.6, 5, 5)))
    points = [tuple(map(float, pair.split(","))) for pair in found.line.split()]
    assert points[-1][0] == FRAME.right
    assert all(FRAME.left <= x <= FRAME.right for x, _ in points)
    assert all(FRAME.top <= y <= FRAME.bottom for _, y in points)
    assert points[0][1] == FRAME.top
    assert points[-1][1] > points[0][1]


def test_the_chosen_point_and_its_figures_are_told():
    found = curve(abstaining(), predictions((0.99, 95, 5)))
    assert found.chosen[0] == pytest.approx(FRAME.left + 0.8 * (FRAME.right - FRAME.left))
    assert told(abstaining()) == (
        "So as to be right in 99.0% of its answers, it answers 80.0% of the photos; 99.0% of these "
        "answers are right (95% interval 95.0% to 100%). It leaves 15 for want of sureness "
        "and 5 as unlike those of training."
    )


def test_fewer_right_than_wanted_is_said():
    assert "fewer right than was wanted" in told(
        abstaining(accuracy=0.9, accuracy_interval=[0.85, 0.95])
    )


def test_it_is_not_said_to_differ_from_what_it_was_chosen_by_where_it_is_the_same():
    document = abstaining(accuracy=0.9, accuracy_interval=[0.85, 0.95])
    document["abstention"]["fitted_on"] = "test"
    assert "it is surer than it should be" in told(document)
    assert "differ" not in told(document)


def test_that_nothing_is_answered_is_said():
    nothing = abstaining(answered=0.0, accuracy=None, accuracy_interval=None)
    assert told(nothing) == (
        "It answers none of the photos, so as to be right in 99.0% of its answers."
    )
    assert curve(nothing, predictions((0.9, 30, 0))).chosen is None


def test_too_few_photos_draw_no_curve():
    assert curve(METRICS, predictions((0.9, 19, 0))) is None
