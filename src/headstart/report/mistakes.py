"""The samples that the network got most wrong, read from `predictions.csv`."""

import csv
from collections.abc import Iterator
from heapq import nlargest, nsmallest
from pathlib import Path
from typing import NamedTuple

from headstart.errors import ModelError
from headstart.store.cells import plain
from headstart.store.files import printable


class Prediction(NamedTuple):
    """What the network said of one sample; probabilities are 0 to 1."""

    sample: str
    label: str
    predicted: str
    p_label: float
    p_predicted: float


class Mistakes(NamedTuple):
    """How many samples are wrong, and those to look at first.

    `shown` holds the wrong ones of which the network was most sure; where none is wrong, the
    right ones of which it was least sure.
    """

    wrong: int
    shown: list[Prediction]


def worst(path: Path, split: str, most: int) -> Mistakes:
    """At most `most` predictions of one split to look at, the worst first.

    Reads the file row by row: with many classes it is large.

    Args:
        path: a run's `predictions.csv`.
        split: `test`, `validation` or `cross-validation`.

    Raises:
        ModelError: there is no such file, or it is damaged.
    """
    try:
        wrong = [row for row in _read(path, split) if row.predicted != row.label]
        if wrong:
            return Mistakes(len(wrong), nlargest(most, wrong, key=lambda row: row.p_predicted))
        return Mistakes(0, nsmallest(most, _read(path, split), key=lambda row: row.p_predicted))
    except FileNotFoundError as error:
        raise _damaged(path, f"has no {path.name}.") from error
    except (OSError, ValueError, LookupError, csv.Error) as error:
        reason = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise _damaged(path, f"has a {path.name} that cannot be read ({reason}).") from error


def _damaged(path: Path, problem: str) -> ModelError:
    return ModelError(
        problem,
        where=printable(str(path.parent)),
        mend="The run was damaged or never finished: train again.",
    )


def _read(path: Path, split: str) -> Iterator[Prediction]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        place = {name: i for i, name in enumerate(next(rows, []))}
        side = place["split"]
        wanted = [place[name] for name in Prediction._fields]
        for row in rows:
            if row[side] == split:
                sample, label, predicted, *shares = (row[i] for i in wanted)
                yield Prediction(plain(sample), plain(label), plain(predicted), *map(float, shares))
