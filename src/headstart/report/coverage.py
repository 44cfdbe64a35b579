"""How much could be answered, and how well, if only what it is surest of were answered.

A coverage curve (El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification,
2010; Geifman and El-Yaniv, Selective Classification for Deep Neural Networks, 2017).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from headstart.evaluation.abstention import Point, coverage
from headstart.report.curves import Frame
from headstart.report.predictions import Prediction
from headstart.report.words import Metrics, chosen_on_judged, judged, noun, percent

FRAME = Frame(360, 300, left=52, right=346, top=12, bottom=262)

_WANTED = 0.99
_DRAWN = 200  # points of the line
_FEW = 20  # samples, of which no share says much: the line begins there
_ROWS = (0.5, 0.8, 0.9, 0.95, 1.0)  # shares answered that are tabled


class Coverage(NamedTuple):
    """A coverage curve of the size of `FRAME`.

    Attributes:
        line: the points of the curve, as an SVG path has them.
        across, up: places of the marks on the axes, and what stands there.
        chosen: where what was chosen by --abstain-at lies on it, if it was.
        story: what it tells, a sentence or two.
        table: shares answered, how much of that was right, and the least probability answered.
    """

    line: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    chosen: tuple[float, float] | None
    story: str
    table: list[Point]


def curve(metrics: Metrics, predictions: Iterable[Prediction]) -> Coverage | None:
    """The curve of some predictions; None if there are too few to draw one."""
    found = [(row.p_predicted, row.predicted == row.label) for row in predictions]
    if len(found) < _FEW:
        return None
    sure, right = (np.array(each) for each in zip(*found, strict=True))
    points = list(coverage(right, sure))
    shown = [point for point in points if point.answered * len(sure) >= _FEW]
    low = _floor(min(point.accuracy for point in shown))
    step = -(-len(shown) // _DRAWN)
    drawn = [*shown[:-1:step], shown[-1]]

    def place(answered: float, accuracy: float) -> tuple[float, float]:
        across = FRAME.left + (FRAME.right - FRAME.left) * answered
        share = max(accuracy - low, 0) / (1 - low)
        return across, FRAME.bottom - (FRAME.bottom - FRAME.top) * share

    sets = (metrics.get("abstention") or {}).get("sets", {})
    chosen = sets.get(judged(metrics)[0])
    dot = None
    if chosen and chosen["accuracy"] is not None:
        dot = place(chosen["answered"], chosen["accuracy"])
    return Coverage(
        " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point[:2]) for point in drawn)),
        [(place(i / 5, low)[0], f"{i / 5:.0%}") for i in range(6)],
        [(place(0, y)[1], f"{y:.0%}") for y in _marks(low)],
        dot,
        f"{_left_out(points, noun(metrics))} {told(metrics)}".strip(),
        [min(points, key=lambda point: abs(point.answered - share)) for share in _ROWS],
    )


def told(metrics: Metrics) -> str:
    """What --abstain-at brings on the samples that are judged, in a sentence or two; empty where
    everything is answered."""
    found = metrics.get("abstention")
    chosen = found["sets"].get(judged(metrics)[0]) if found else None
    if not found or not chosen:
        return ""
    one, wanted = noun(metrics), percent(found["wanted"])
    if chosen["accuracy"] is None:
        return f"It answers none of the {one}s, so as to be right in {wanted} of its answers."
    low, high = chosen["accuracy_interval"]
    why = [f"{chosen['unsure']:,} for want of sureness"]
    if found["distance"] is not None:
        why.append(f"{chosen['unlike']:,} as unlike those of training")
    story = (
        f"So as to be right in {wanted} of its answers, it answers {percent(chosen['answered'])} "
        f"of the {one}s; {percent(chosen['accuracy'])} of these answers are right (95% interval "
        f"{percent(low)} to {percent(high)}). It leaves {' and '.join(why)}."
    )
    same = chosen_on_judged(metrics, found)
    if high < found["wanted"]:
        why_not = (
            "it is surer than it should be" if same else "these differ from what it was chosen by"
        )
        story += f" That is fewer right than was wanted: {why_not}."
    if same:
        story += (
            f" When to answer was chosen on these same {one}s, which flatters that a little: of "
            "new ones fewer may be right."
        )
    return story


def _left_out(points: Sequence[Point], one: str) -> str:
    """How much it would have to leave unanswered to be right 99 times in 100."""
    enough = [point.answered for point in points if point.accuracy >= _WANTED]
    if not enough:
        return (
            f"However few {one}s it answered, those that it is surest of, it would not be right 99 "
            "times in 100."
        )
    if enough[-1] == 1:
        return f"It is right 99 times in 100, or oftener, with every {one} answered."
    return (
        f"To be right 99 times in 100 here, it would have to leave {percent(1 - enough[-1])} "
        "unanswered."
    )


def _floor(accuracy: float) -> float:
    """Where the upward axis begins: a round number below the lowest point."""
    for floor in (0.95, 0.9, 0.8, 0.5):
        if accuracy >= floor:
            return floor
    return 0.0


def _marks(low: float) -> list[float]:
    return [low + (1 - low) * i / 5 for i in range(6)]
