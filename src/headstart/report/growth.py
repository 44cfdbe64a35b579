"""The learning curve of a head: what twice the photos would bring, in words and as a drawing."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from headstart.report.curves import Frame, step_of
from headstart.report.words import Metrics, judged, noun, number, percent, points, right_of

FRAME = Frame(480, 260, left=46, right=466, top=14, bottom=216)

_HARDLY = 0.005  # accuracy, less than which is hardly worth twice the photos

_Curve = Mapping[str, Any]


class Point(NamedTuple):
    """An accuracy after training on so many photos, and where it is drawn with its interval."""

    samples: int
    accuracy: float
    interval: tuple[float, float]
    x: float
    y: float
    low: float
    high: float


class Growth(NamedTuple):
    """A learning curve of the size of `FRAME`.

    Attributes:
        points: what was measured, from the fewest photos on.
        twice: what twice the photos would bring.
        path: the points of an SVG polyline through the former.
        across, up: places of the marks on the axes, and what stands there.
        story: what it tells, one sentence.
    """

    points: list[Point]
    twice: Point
    path: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    story: str


def twice(metrics: Metrics) -> str:
    """What twice the photos would bring, one sentence; empty where it was not looked for."""
    curve = metrics.get("learning_curve")
    if not curve:
        return ""
    told, now = curve["twice"], 1 - curve["error"][-1]
    low, high = told["gain_interval"]
    edges = f"95% interval {points(low)} to {points(high)}"
    begun = f"Twice the training photos ({2 * curve['samples'][-1]:,})"
    if low > 0:
        return (
            f"{begun} would bring about {100 * told['gain']:.1f} points more accuracy ({edges}), "
            f"{percent(1 - told['error'])} after {percent(now)}, if errors go on falling as they "
            "did."
        )
    if high < _HARDLY:
        return f"{begun} would hardly help: {100 * high:.1f} points of accuracy at the most."
    return (
        f"What twice the training photos would bring cannot be told from chance: about "
        f"{100 * told['gain']:.1f} points of accuracy ({edges})."
    )


def _leaks(metrics: Metrics, judged_by: int) -> str:
    """What was left out of those that judge, a sentence after a space; empty: nothing was."""
    if not metrics.get("leaks") or judged_by == right_of(judged(metrics)[1])[1]:
        return ""
    one = noun(metrics)
    return (
        f" This is judged by {number(judged_by, one)}, without those that are copies, or of the "
        f"groups, of {one}s that trained."
    )


def growth(metrics: Metrics) -> Growth | None:
    """The curve; None where there is none."""
    curve = metrics.get("learning_curve")
    if not curve:
        return None
    sizes = [*curve["samples"], 2 * curve["samples"][-1]]
    errors = [*curve["error"], curve["twice"]["error"]]
    intervals = [*curve["error_interval"], curve["twice"]["error_interval"]]
    least = 1 - max(high for _, high in intervals)
    step = step_of(1 - least)
    first = math.floor(least / step + 1e-9)
    marks = [round(i * step, 9) for i in range(first, round(1 / step) + 1)]
    bottom = marks[0]

    def across(samples: int) -> float:
        share = math.log(samples / sizes[0]) / math.log(sizes[-1] / sizes[0])
        return FRAME.left + 24 + (FRAME.right - FRAME.left - 48) * share

    def up(accuracy: float) -> float:
        return FRAME.bottom - (FRAME.bottom - FRAME.top) * (accuracy - bottom) / (1 - bottom)

    points = [
        Point(
            n, 1 - error, (1 - high, 1 - low), across(n), up(1 - error), up(1 - high), up(1 - low)
        )
        for n, error, (low, high) in zip(sizes, errors, intervals, strict=True)
    ]
    return Growth(
        points[:-1],
        points[-1],
        " ".join(f"{point.x:.1f},{point.y:.1f}" for point in points[:-1]),
        [(point.x, f"{point.samples:,}") for point in points],
        [(up(mark), f"{mark:.0%}" if step >= 0.01 else f"{mark:.1%}") for mark in marks],
        f"{twice(metrics)}{_leaks(metrics, curve['judged'])}",
    )
