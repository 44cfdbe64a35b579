"""The samples that the page shows beside its figures, beyond the worst mistakes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from headstart.report.alike import Pair, Unsure, least_sure, most_alike
from headstart.report.confused import Behind, Place, behind
from headstart.report.matrix import FEW_CLASSES, Confusion
from headstart.report.predictions import Prediction, damaged
from headstart.report.probabilities import read_all

_UNSURE = 12
_PAIRS = 5
_IN_A_CELL = 12
_PHOTOS = 120  # in all cells together; a photo takes some 7 kB of the page
_ROWS = 1200


class Galleries(NamedTuple):
    """What is shown.

    Attributes:
        unsure: the samples of which it was least sure; empty where none was wrong, for then
            they stand in the place of the mistakes.
        alike: the pairs of classes that it can hardly tell apart.
        cells: what lies behind the cells of the confusion matrix; of many classes, behind the
            pairs most often confused.
    """

    unsure: list[Unsure]
    alike: list[Pair]
    cells: dict[Place, Behind]

    def names(self) -> list[str]:
        """Every sample shown, some of them several times."""
        rows = [each.row for each in self.unsure]
        rows += [half.nearest for pair in self.alike for half in pair.halves if half.nearest]
        rows += [row for cell in self.cells.values() for row in cell.shown]
        return [row.sample for row in rows]


def galleries(
    path: Path,
    split: str,
    predictions: Sequence[Prediction],
    classes: Sequence[str],
    pairs: Sequence[Confusion],
    task: str,
) -> Galleries:
    """The galleries of one set of samples.

    Args:
        path: the run's `predictions.csv`.
        split: the set, as `predictions.read` takes it.
        predictions: what that read.
        pairs: the classes most often confused.
        task: `image` or `table`.

    Raises:
        ModelError: the file is damaged.
    """
    named = {name for row in predictions for name in (row.label, row.predicted)}
    if named - {*classes}:
        raise damaged(path, f"has a {path.name} with a class that is none of the run's.")
    shares = read_all(path, split, classes) if predictions else None
    only = None
    if len(classes) > FEW_CLASSES:
        number = {name: j for j, name in enumerate(classes)}
        only = {(number[pair.true], number[pair.predicted]) for pair in pairs}
    room = _PHOTOS if task == "image" else _ROWS
    any_wrong = any(row.predicted != row.label for row in predictions)
    return Galleries(
        least_sure(predictions, shares, classes, _UNSURE) if any_wrong else [],
        most_alike(predictions, shares, classes, _PAIRS),
        behind(predictions, classes, _IN_A_CELL, room, only),
    )
