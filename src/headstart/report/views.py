"""What the page shows, as plain values that its templates lay out."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from headstart.evaluation.trust import ClassIntervals, class_intervals
from headstart.report import words
from headstart.report.matrix import FEW_CLASSES, Confusion, confusions, row_shares, shades
from headstart.sets import JUDGED, SIDES

_CLASSES = 10  # with sample photos
_PHOTOS = 4  # of one class and side
_PAIRS = 15
_LEVELS = 5  # of colour in a drawing without numbers
_NAMED = 500  # files left out for one reason


class Mark(NamedTuple):
    """An accuracy on a common axis; places are percentages of its length."""

    key: str
    name: str
    scores: Mapping[str, Any]
    n: int
    at: float
    low: float
    high: float


class Accuracies(NamedTuple):
    """The accuracies of all sets and of the baseline on an axis from `start` to 1."""

    start: float
    baseline: float
    marks: list[Mark]


def accuracies(metrics: words.Metrics) -> Accuracies:
    """Training first; the axis starts at a round figure below all that is on it."""
    sets = [(key, metrics[key]) for key in reversed(JUDGED) if metrics.get(key)]
    baseline: float = metrics["baselines"]["majority"]
    least: float = min([baseline] + [scores["accuracy_interval"][0] for _, scores in sets])
    start = math.floor(10 * max(0.0, least - 0.02)) / 10

    def at(share: float) -> float:
        return round(100 * (share - start) / (1 - start), 2)

    marks = [
        Mark(
            key,
            words.set_name(key),
            scores,
            words.right_of(scores)[1],
            at(scores["accuracy"]),
            *map(at, scores["accuracy_interval"]),
        )
        for key, scores in sets
    ]
    return Accuracies(start, at(baseline), marks)


class Cell(NamedTuple):
    """One cell of a confusion matrix: what stands in it and how strongly it is coloured."""

    text: str
    shade: float  # 0 to 1


class Matrix(NamedTuple):
    """A confusion matrix with numbers, or without where there are many classes.

    Attributes:
        counts, shares: rows of cells; empty for many classes.
        paths: SVG paths of a drawing k × k, `right` or `wrong`, and their shade; empty for few.
        pairs: the classes most often confused.
    """

    counts: list[list[Cell]]
    shares: list[list[Cell]]
    paths: list[tuple[str, float, str]]
    pairs: list[Confusion]


def matrix(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Matrix:
    """A confusion matrix as the page shows it."""
    pairs = confusions(counts, classes, _PAIRS)
    shares = row_shares(counts)
    if len(classes) > FEW_CLASSES:
        return Matrix([], [], _paths(shades(shares)), pairs)
    return Matrix(
        _cells([[f"{n:,}" for n in row] for row in counts], shades(counts)),
        _cells([[_whole_percent(share) for share in row] for row in shares], shades(shares)),
        [],
        pairs,
    )


def _cells(texts: list[list[str]], shade: np.ndarray[Any, Any]) -> list[list[Cell]]:
    return [
        [Cell(text, round(strength, 2)) for text, strength in zip(row, strengths, strict=True)]
        for row, strengths in zip(texts, shade.tolist(), strict=True)
    ]


def _whole_percent(share: float) -> str:
    if math.isnan(share):
        return "–"
    if share == 0:
        return "0"
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def _paths(shade: np.ndarray[Any, Any]) -> list[tuple[str, float, str]]:
    """One path a colour: a thousand classes have a million cells, most of them empty."""
    k = len(shade)
    side = max(1.0, k / 150)  # a single mistake must stay visible
    level = np.ceil(shade * _LEVELS).astype(int)
    paths = []
    for kind, there in (("wrong", ~np.eye(k, dtype=bool)), ("right", np.eye(k, dtype=bool))):
        for n in range(1, _LEVELS + 1):
            rows, columns = np.nonzero(there & (level == n))
            squares = [
                f"M{j - (side - 1) / 2:g} {i - (side - 1) / 2:g}h{side:g}v{side:g}h-{side:g}z"
                for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
            ]
            if squares:
                paths.append((kind, n / _LEVELS, "".join(squares)))
    return paths


class ClassRow(NamedTuple):
    """Figures of one class, and their intervals; `low` and `high` are those of its recall."""

    name: str
    support: int
    precision: float
    recall: float
    f1: float
    low: float
    high: float
    intervals: ClassIntervals


class ByClass(NamedTuple):
    """Figures by class in the order of the classes, and the ten worst where there are many."""

    rows: list[ClassRow]
    worst: list[ClassRow]
    not_scored: list[str]


def by_class(scores: words.Scores, classes: Sequence[str]) -> ByClass:
    """Figures of the classes that have samples, and the names of the others."""
    rows, not_scored = [], []
    intervals = class_intervals(np.array(scores["confusion_matrix"]))
    for i, name in enumerate(classes):
        figures = scores["per_class"][name]
        if not figures["support"]:
            not_scored.append(name)
            continue
        rows.append(
            ClassRow(
                name,
                figures["support"],
                figures["precision"],
                figures["recall"],
                figures["f1"],
                *intervals[i].recall,
                intervals[i],
            )
        )
    many = len(rows) > FEW_CLASSES
    return ByClass(rows, sorted(rows, key=lambda row: row.f1)[:10] if many else [], not_scored)


class Side(NamedTuple):
    """Some photos of one class on one side of the split."""

    name: str
    photos: int
    shown: list[str]


class SamplePhotos(NamedTuple):
    """Photos by class and side; `more` classes are not shown."""

    classes: list[tuple[str, list[Side]]]
    more: int

    def names(self) -> set[str]:
        """Every photo shown."""
        return {name for _, sides in self.classes for side in sides for name in side.shown}


def sample_photos(split: Iterable[Mapping[str, str]], classes: Sequence[str]) -> SamplePhotos:
    """A few photos of each class and side, spread over the whole list.

    Neighbours in the list are often photos of one thing, taken one after the other.

    Args:
        split: the rows of `split.csv`.
    """
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in split:
        names[row["label"], row["split"]].append(row["sample"])
    shown = []
    for label in classes[:_CLASSES]:
        sides = [
            Side(words.set_name(side), len(found), _spread(found))
            for side in SIDES
            if (found := names[label, side])
        ]
        shown.append((label, sides))
    return SamplePhotos(shown, max(0, len(classes) - _CLASSES))


def _spread(names: list[str]) -> list[str]:
    n = min(_PHOTOS, len(names))
    return [names[i * len(names) // n] for i in range(n)]


class Reason(NamedTuple):
    """Files left out for one reason, in groups of one; `more` are counted and not named."""

    reason: str
    files: int
    samples: list[tuple[str]]
    more: int


def reasons(left_out: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """What was left out, the commonest reason first."""
    samples: dict[str, list[tuple[str]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for item in left_out:
        samples[item["reason"]].append((item["name"],))
        counts[item["reason"]] += item.get("count", 1)
    return [
        Reason(reason, count, samples[reason][:_NAMED], max(0, len(samples[reason]) - _NAMED))
        for reason, count in counts.most_common()
    ]
