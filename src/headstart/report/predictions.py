"""What a network said of each sample of one set, read from `predictions.csv`."""

import csv
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


def read(path: Path, split: str) -> list[Prediction]:
    """The predictions of one set.

    Reads the file row by row: with many classes it is large.

    Args:
        path: a run's `predictions.csv`.
        split: `test`, `validation` or `cross-validation`.

    Raises:
        ModelError: there is no such file, or it is damaged.
    """
    found = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            place = {name: i for i, name in enumerate(next(rows, []))}
            side = place["split"]
            wanted = [place[name] for name in Prediction._fields]
            for row in rows:
                if row[side] == split:
                    sample, label, predicted, *shares = (row[i] for i in wanted)
                    names = plain(sample), plain(label), plain(predicted)
                    found.append(Prediction(*names, *map(float, shares)))
    except FileNotFoundError as error:
        raise damaged(path, f"has no {path.name}.") from error
    except (OSError, ValueError, LookupError, csv.Error) as error:
        reason = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise damaged(path, f"has a {path.name} that cannot be read ({reason}).") from error
    return found


def damaged(path: Path, problem: str) -> ModelError:
    """The error that tells what is wrong with a run's `predictions.csv`."""
    return ModelError(
        problem,
        where=printable(str(path.parent)),
        mend="The run was damaged or never finished: train again.",
    )
