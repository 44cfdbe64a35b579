"""Which columns of a table drive the answers, laid out for drawing; from `columns.json`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from headstart.errors import few
from headstart.report.curves import Frame, step_of
from headstart.report.views import Cell

FRAME = Frame(360, 230, left=46, right=350, top=12, bottom=186)

_RANKED = 20  # columns
_LINES = 5  # classes
_FEW = 6  # values, which a table shows better than a curve
_MARKS = 5  # on an axis of numbers
_LONGEST = 24  # characters of a value


class Bar(NamedTuple):
    """How much a column matters; places are percentages of the axis.

    Attributes:
        drop, low, high: accuracy lost without it, and its 95% interval, as shares.
        clear: the interval keeps off zero.
    """

    name: str
    drop: float
    low: float
    high: float
    at: float
    start: float
    end: float
    clear: bool


class Ranking(NamedTuple):
    """Columns by what they matter.

    Attributes:
        zero: where nothing is lost, in percent of the axis.
        most: what its right end stands for, a share.
        bars: the first matters most; `more` are not shown.
        summary: which of all of them matter, as a sentence.
    """

    zero: float
    most: float
    bars: list[Bar]
    more: int
    summary: str


class Line(NamedTuple):
    """The probability of one class along a column.

    Attributes:
        number: of its colour.
        path: the points of an SVG polyline.
    """

    name: str
    number: int
    path: str


class Followed(NamedTuple):
    """How the answers follow one column: numbers and times as a drawing of the size of `FRAME`,
    categories as a table.

    Attributes:
        summary: the drawing in words.
        across, up: places of the marks on the axes, and what stands there.
        lines: of the drawing.
        classes, rows: of the table, a row for each value.
        missing: beside the drawing, what the answers are where the column is empty.
    """

    name: str
    summary: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    lines: list[Line]
    classes: list[str]
    rows: list[tuple[str, list[Cell]]]
    missing: str


def ranking(columns: Sequence[Mapping[str, Any]]) -> Ranking:
    """The columns as `columns.json` has them, drawn from the least to the most."""
    shown = columns[:_RANKED]
    low = min(0.0, *(float(column["interval"][0]) for column in shown))
    high = max(0.01, *(float(column["interval"][1]) for column in shown))

    def at(share: float) -> float:
        return round(100 * (share - low) / (high - low), 2)

    bars = [
        Bar(
            column["name"],
            column["accuracy_drop"],
            column["interval"][0],
            column["interval"][1],
            at(column["accuracy_drop"]),
            at(column["interval"][0]),
            at(column["interval"][1]),
            column["interval"][0] > 0,
        )
        for column in shown
    ]
    return Ranking(at(0), high, bars, len(columns) - len(shown), _summary(columns))


def _summary(columns: Sequence[Mapping[str, Any]]) -> str:
    clear = [f"“{column['name']}”" for column in columns if column["interval"][0] > 0]
    if not clear:
        return "Of no column is it clear that it matters: chance explains what is lost without it."
    if 1 < len(clear) == len(columns):
        return "Each column matters: more is lost without it than chance explains."
    verb, it = ("matters", "it") if len(clear) == 1 else ("matter", "each")
    others = " Of the others that is not clear." if len(clear) < len(columns) else ""
    return f"{few(clear)} {verb}: more is lost without {it} than chance explains.{others}"


def followed(dependence: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> list[Followed]:
    """Partial dependence of some columns. Of two classes the second is shown; of many those
    whose probability changes most."""
    return [_followed(found, classes) for found in dependence]


def _followed(found: Mapping[str, Any], classes: Sequence[str]) -> Followed:
    values, shares = found["at"], found["probabilities"]
    spans = [max(column) - min(column) for column in zip(*shares, strict=True)]
    order = [1] if len(classes) == 2 else sorted(range(len(classes)), key=lambda j: -spans[j])
    shown = sorted(order[:_LINES])
    named = [classes[j] for j in shown]
    if found["kind"] not in ("number", "moment") or len(values) <= _FEW:
        rows = [
            (
                "missing" if value is None else _short(value),
                [Cell(f"{row[j]:.0%}", round(row[j], 2)) for j in shown],
            )
            for value, row in zip(values, shares, strict=True)
        ]
        return Followed(found["name"], "", [], [], [], named, rows, "")
    missing = ""
    if values[-1] is None:
        *values, _ = values
        *shares, gone = shares
        told = [f"{gone[j]:.0%} “{classes[j]}”" for j in shown]
        missing = f"Where it is missing: {', '.join(told)}."
    places, marks = _axis(values)
    told = [
        f"{classes[j]} from {shares[0][j]:.0%} at {_short(values[0])} "
        f"to {shares[-1][j]:.0%} at {_short(values[-1])}"
        for j in shown
    ]
    lines = [
        Line(
            classes[j],
            number,
            " ".join(f"{x:.1f},{_up(row[j]):.1f}" for x, row in zip(places, shares, strict=True)),
        )
        for number, j in enumerate(shown)
    ]
    return Followed(
        found["name"],
        f"Mean probability by {found['name']}: {'; '.join(told)}.",
        marks,
        [(_up(share), f"{share:.0%}") for share in (0, 0.5, 1)],
        lines,
        named,
        [],
        missing,
    )


def _axis(values: Sequence[Any]) -> tuple[list[float], list[tuple[float, str]]]:
    """Where values stand on the axis, and its marks."""
    width, last = FRAME.right - FRAME.left, len(values) - 1
    if (
        isinstance(values[0], str) or values[-1] == values[0]
    ):  # times, about as many rows between each two
        places = [FRAME.left + width * i / max(last, 1) for i in range(len(values))]
        ends = sorted({0, last // 2, last})
        return places, [(places[i], _short(values[i])) for i in ends]
    low, span = values[0], values[-1] - values[0]
    step = step_of(span, _MARKS)
    marks = range(math.ceil(low / step), math.floor(values[-1] / step) + 1)
    return (
        [FRAME.left + width * (value - low) / span for value in values],
        [(FRAME.left + width * (i * step - low) / span, f"{i * step:.6g}") for i in marks],
    )


def _up(share: float) -> float:
    return FRAME.bottom - (FRAME.bottom - FRAME.top) * share


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    text = f"{value:,}" if isinstance(value, int) else str(value).removesuffix(" 00:00:00")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def cell(value: Any) -> str:
    """A cell of a table as the page shows it; what is missing is a dash."""
    return "–" if value is None else _short(value)


def numbers(values: Sequence[float]) -> str:
    """What the network is given for a cell, to three decimals."""
    return "  ".join(f"{round(value, 3) + 0.0:g}" for value in values)
