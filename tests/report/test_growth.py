"""The learning curve as it is told and drawn; and plain pixels in a sentence."""

from itertools import pairwise
from typing import Any

import pytest

from headstart.report.growth import FRAME, growth, twice
from headstart.report.pixels_worth import pixels_worth


def curve(gain: float, low: float, high: float) -> dict[str, Any]:
    told = {
        "exponent": 0.3,
        "exponent_interval": [0.1, 0.5],
        "error": 0.1 - gain,
        "error_interval": [0.05, 0.12],
        "gain": gain,
        "gain_interval": [low, high],
    }
    return {
        "learning_curve": {
            "samples": [125, 250, 500, 1000],
            "judged": 200,
            "error": [0.3, 0.2, 0.13, 0.1],
            "error_interval": [[0.25, 0.37], [0.15, 0.26], [0.09, 0.18], [0.07, 0.15]],
            "twice": told,
        }
    }


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            (0.02, 0.01, 0.03),
            "would bring about 2.0 points more accuracy (95% interval 1.0 to 3.0)",
        ),
        ((0.02, -0.01, 0.05), "cannot be told from chance: about 2.0 points"),
        ((0.02, -0.0001, 0.05), "(95% interval 0.0 to 5.0)"),
        ((0.001, -0.002, 0.003), "(2,000) would hardly help: 0.3 points of accuracy at the most"),
    ],
)
def test_it_is_told_what_twice_the_photos_would_bring(told: Any, said: str) -> None:
    assert said in twice(curve(*told))


def test_photos_that_leaked_and_do_not_judge_are_told_of() -> None:
    document = {"task": "image", "test": {"confusion_matrix": [[120, 5], [15, 110]]}}
    document |= curve(0.02, 0.01, 0.03)
    leaked = growth(document | {"leaks": {"samples": 50}})
    plain = growth(document)
    assert leaked is not None
    assert plain is not None
    assert leaked.story == (
        f"{plain.story} This is judged by 200 photos, without those that are copies, or of the "
        "groups, of photos that trained."
    )


def test_runs_without_a_curve_are_silent() -> None:
    assert twice({}) == twice({"learning_curve": None}) == ""
    assert growth({}) is None
    assert pixels_worth({}) == pixels_worth({"comparisons": {"gradient_boosting": {}}}) == ""


def test_every_point_lies_in_the_frame_and_doublings_are_equally_far_apart() -> None:
    drawn = growth(curve(0.02, 0.01, 0.03))
    assert drawn is not None
    points = [*drawn.points, drawn.twice]
    assert [point.samples for point in points] == [125, 250, 500, 1000, 2000]
    steps = {round(b.x - a.x, 6) for a, b in pairwise(points)}
    assert len(steps) == 1
    for point in points:
        assert FRAME.left < point.x < FRAME.right
        assert FRAME.top <= point.high <= point.y <= point.low <= FRAME.bottom
    assert [text for _, text in drawn.up] == ["60%", "70%", "80%", "90%", "100%"]


def plain(accuracy: float, difference: float, p: float) -> dict[str, Any]:
    edges = [difference - 0.02, difference + 0.02]
    found = {"accuracy": accuracy, "difference": difference, "difference_interval": edges, "p": p}
    return {"baselines": {"majority": 0.5}, "comparisons": {"plain_pixels": found}}


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (plain(0.55, 0.4, 1e-9), "40.0 points fewer (95% interval 38.0 to 42.0): the network goes"),
        (plain(0.8, 0.15, 1e-4), "even so few pixels give much of the classes away"),
        (plain(0.94, 0.01, 0.5), "background, light or framing give the classes away. See that"),
        (plain(0.6, 0.1, 0.3), "these photos are too few to tell"),
        (plain(0.95, -0.05, 0.01), "5.0 points more than the network (95% interval 3.0 to 7.0)"),
    ],
)
def test_plain_pixels_are_told_in_a_sentence(metrics: Any, said: str) -> None:
    assert said in pixels_worth(metrics)
