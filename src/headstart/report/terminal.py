"""The result of a run as plain text for a terminal of 80 columns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.cells import cell_len

from headstart.evaluation.trust import class_intervals
from headstart.report import coverage, growth, learning, reliability, words, worth
from headstart.report.matrix import FEW_CLASSES, confusions
from headstart.report.pixels_worth import pixels_worth
from headstart.report.text import WIDTH, filled
from headstart.report.text import cut as _name
from headstart.report.text import text_table as _table
from headstart.sets import JUDGED

_NAME = 20  # a class name is cut to this many cells
_PAIRS = 10


def summary(metrics: words.Metrics, page: Path | None = None) -> str:
    """Headline, gap, training, figures by set, confusion matrix, figures by class, the page.

    Args:
        metrics: the document of `metrics.json`, or that of `evaluate`, which has no training
            figures to compare with.
        page: the report, if there is one.

    Returns:
        Lines of at most 80 cells (but for a longer path), free of control characters, without a
        last newline.
    """
    classes = metrics["classes"]
    key, scores = words.judged(metrics)
    noun = words.noun(metrics)
    judged = f"{words.set_name(key)} {noun}s"
    parts = [filled(words.headline(metrics)), filled(words.leaked(metrics))]
    if metrics.get("train"):
        parts.append(filled(words.gap(metrics)))
    if training := metrics.get("training"):
        parts.append(filled(f"{learning.choice(training, noun)} {learning.ending(training)}"))
    apart = [rival.verdict for rival in worth.rivals(metrics) if rival.apart]
    parts.append(filled(" ".join([worth.worth(metrics), *apart])))
    parts.append(filled(pixels_worth(metrics)))
    parts.append(filled(growth.twice(metrics)))
    parts.append(filled(coverage.told(metrics)))
    parts.append(_sets(metrics))
    told = words.intervals(scores, judged), reliability.flattered(metrics)
    parts.append(filled(" ".join(filter(None, told))))
    few = len(classes) <= FEW_CLASSES
    table = confusion_table(scores["confusion_matrix"], classes) if few else None
    if table:
        head = f"Confusion matrix of the {judged}: true classes down, predicted across"
        parts.append(f"{filled(head)}\n{table}")
    else:
        parts.append(_most_confused(scores, classes, judged, noun))
    if few:
        parts.append(_by_class(scores, classes, noun))
    if page:
        parts.append(f"Report: {words.one_line(str(page))}")
    return "\n\n".join(filter(None, parts))


def confusion_table(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> str | None:
    """The counts of a confusion matrix, true classes down, a dot for zero; None if too wide.

    Where the names do not fit above their columns, the classes are numbered instead.
    """
    cells = [[f"{n:,}" if n else "·" for n in row] for row in matrix]
    numbers = [str(i) for i in range(1, len(classes) + 1)]
    for by_number, longest, gap in ((False, _NAME, 2), (True, _NAME, 2), (True, 10, 1)):
        names = [_name(name, longest) for name in classes]
        heads = numbers if by_number else names
        sides = [f"{number:>2} {name}" for number, name in zip(numbers, names, strict=True)]
        rows = [
            [side, *row] for side, row in zip(sides if by_number else names, cells, strict=True)
        ]
        table = _table(["", *heads], rows, gap)
        if max(map(cell_len, table.splitlines())) <= WIDTH:
            return table
    return None


def _sets(metrics: words.Metrics) -> str:
    rows = []
    for key in reversed(JUDGED):
        scores = metrics.get(key)
        if not scores:
            continue
        low, high = scores["accuracy_interval"]
        rows.append(
            [
                words.set_name(key),
                f"{words.right_of(scores)[1]:,}",
                f"{scores['accuracy']:.1%}",
                f"{100 * low:.1f} to {100 * high:.1f}",
                f"{scores['loss']:.3f}",
                f"{scores['macro_f1']:.3f}",
                f"{scores['calibration_error']:.3f}",
            ]
        )
    scores = ["accuracy", "95% interval", "log loss", "macro F1", "calibration"]
    heads = ["", f"{words.noun(metrics)}s", *scores]
    table = _table(heads, rows)
    fits = max(map(cell_len, table.splitlines())) <= WIDTH
    return table if fits else _table(heads, rows, gap=1)


def _by_class(scores: words.Scores, classes: Sequence[str], noun: str) -> str:
    rows = []
    intervals = class_intervals(np.array(scores["confusion_matrix"]))
    for name, interval in zip(classes, intervals, strict=True):
        figures = scores["per_class"][name]
        if not figures["support"]:
            rows.append([_name(name), *["–"] * 5, "not scored"])
            continue
        found, right, f1 = (f"{figures[k]:.3f}" for k in ("precision", "recall", "f1"))
        edges = ["{:.2f}–{:.2f}".format(*each) for each in (interval.precision, interval.recall)]
        rows.append([_name(name), found, edges[0], right, edges[1], f1, f"{figures['support']:,}"])
    heads = ["class", "precision", "interval", "recall", "interval", "F1", f"{noun}s"]
    return _table(heads, rows)


def _most_confused(scores: words.Scores, classes: Sequence[str], judged: str, noun: str) -> str:
    pairs = confusions(scores["confusion_matrix"], classes, _PAIRS)
    if not pairs:
        return f"No class was taken for another among the {judged}."
    rows = [
        [_name(pair.true), _name(pair.predicted), f"{pair.times:,}", f"{pair.share:.0%}"]
        for pair in pairs
    ]
    return f"Most often confused among the {judged}\n" + _table(
        ["true class", "called", "times", f"of its {noun}s"], rows
    )
