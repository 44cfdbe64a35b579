"""The curves of a training by gradient: loss and accuracy by epoch, laid out for drawing."""

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from headstart.errors import ModelError
from headstart.report.learning import History, Training
from headstart.store.files import printable


class Frame(NamedTuple):
    """A drawing of `width` × `height`, and the edges of the field between its axes."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int


FRAME = Frame(360, 216, left=42, right=350, top=24, bottom=190)

_STEPS = 4  # at least this far are the marks of an axis apart: a fourth of what it shows
_NUMBERED = 8  # epochs at most
_DOTTED = 30  # epochs; with more, dots would hide the line

_MEASURED = frozenset({"loss", "accuracy", "learning_rate", "seconds"})  # in every epoch

_Point = tuple[float, float]


class Line(NamedTuple):
    """The course of one figure.

    Attributes:
        key: `training` or `validation`.
        path: the points of an SVG polyline.
        dots: where the epochs are, if there are few.
    """

    key: str
    path: str
    dots: list[_Point]


class Chart(NamedTuple):
    """One drawing, of the size of `FRAME`.

    Attributes:
        name: what is drawn.
        summary: the same in words.
        across, up: places of the marks on the axes, and what stands there.
        lines: training first.
        kept: where the epoch is whose weights were kept.
        head: how high the head alone is; None if it is not known.
        above: if the first training figure lies above the drawing, where its line comes in, and
            the figure.
    """

    name: str
    summary: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    lines: list[Line]
    kept: float
    head: float | None
    above: tuple[float, str] | None


def read(path: Path) -> list[dict[str, float]]:
    """The epochs of a run's `history.csv`; what was not measured is absent from its row.

    Raises:
        ModelError: there is no such file, or it is damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [
                {name: _finite(cell) for name, cell in row.items() if cell}
                for row in csv.DictReader(file, strict=True)
            ]
        if not rows or any(_MEASURED - row.keys() for row in rows):
            raise ValueError("figures are missing")
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise ModelError(
            f"has no {path.name} that can be read ({error}).",
            where=printable(str(path.parent)),
            mend="The run was damaged or never finished: train again.",
        ) from error
    return rows


def _finite(cell: str) -> float:
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"{cell} is no number")
    return value


def charts(training: Training, history: History) -> list[Chart]:
    """The drawings of loss and accuracy; none of one epoch, which makes no curve."""
    if len(history) == 1:
        return []
    return [_losses(training, history), _accuracies(training, history)]


def _losses(training: Training, history: History) -> Chart:
    """From 0 on. A first training loss that dwarfs the rest is let out above the drawing."""
    smoothed = training["recipe"]["label_smoothing"]  # then its own loss is of another kind
    head = None if smoothed else _of_head(training, "loss")
    first, *others = (row[k] for row in history for k in ("loss", "val_loss") if k in row)
    most = max([*others, head or 0.0])
    top = most if first > 2 * most else max(first, most)
    step = step_of(top or 1.0)
    marks = _marks(0, math.ceil((top or 1.0) / step - 1e-9), step)
    return _chart("Loss", "loss", training, history, marks, "{:g}".format, head)


def _accuracies(training: Training, history: History) -> Chart:
    """Up to 100%, from a round figure below all there are."""
    head = _of_head(training, "accuracy")
    figures = [row[k] for row in history for k in ("accuracy", "val_accuracy") if k in row]
    least = min([*figures, 0.95, *([] if head is None else [head])])
    step = step_of(1 - least)
    marks = _marks(math.floor(least / step + 1e-9), round(1 / step), step)
    return _chart("Accuracy", "accuracy", training, history, marks, "{:.0%}".format, head)


def _of_head(training: Training, figure: str) -> float | None:
    candidates = training["candidates"]
    return candidates["head"][figure] if candidates else None


def _chart(
    name: str,
    figure: str,
    training: Training,
    history: History,
    marks: Sequence[float],
    text: Callable[[float], str],
    head: float | None,
) -> Chart:
    n = len(history)
    low, high = marks[0], marks[-1]

    def across(epoch: int) -> float:
        return FRAME.left + (FRAME.right - FRAME.left) * (epoch - 1) / (n - 1)

    def up(value: float) -> float:
        return FRAME.bottom - (FRAME.bottom - FRAME.top) * (value - low) / (high - low)

    lines, told, above = [], [], None
    for key, column in (("training", figure), ("validation", f"val_{figure}")):
        if not all(column in row for row in history):
            continue
        values = [row[column] for row in history]
        points = [(across(i + 1), up(value)) for i, value in enumerate(values)]
        dots = points if n <= _DOTTED else []
        if values[0] > high:
            points, dots = _entering(points), dots[1:]
            above = points[0][0], f"{values[0]:.3g}"
        lines.append(Line(key, " ".join(f"{x:.1f},{y:.1f}" for x, y in points), dots))
        told.append(f"{key} from {values[0]:.3f} to {values[-1]:.3f}")
    every = max(1, math.ceil(step_of(n, _NUMBERED)))
    kept = f"epoch {training['kept']}" + (" kept" if training["used"] else " was the best")
    return Chart(
        name,
        f"{name} by epoch: {', '.join(told)}; {kept}.",
        [(across(epoch), f"{epoch:,}") for epoch in sorted({1, *range(every, n + 1, every)})],
        [(up(mark), text(mark)) for mark in marks],
        lines,
        across(training["kept"]),
        None if head is None else up(head),
        above,
    )


def _marks(first: int, last: int, step: float) -> list[float]:
    return [round(i * step, 9) for i in range(first, last + 1)]


def _entering(points: list[_Point]) -> list[_Point]:
    """Points the first of which lies above the drawing: the line begins where it comes in."""
    (x0, y0), (x1, y1), *_ = points
    return [(x0 + (x1 - x0) * (FRAME.top - y0) / (y1 - y0), FRAME.top), *points[1:]]


def step_of(span: float, most: int = _STEPS) -> float:
    """The least of 1, 2 and 5 times a power of ten that fits into `span` at most `most` times."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= span / most * (1 - 1e-9))
