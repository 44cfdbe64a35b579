"""The probabilities of every class, read from `predictions.csv`, where they are kept."""

import csv
from array import array
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.report.predictions import damaged


def read_all(path: Path, split: str, classes: Sequence[str]) -> NDArray[np.float32] | None:
    """What each sample of one set was given for each class.

    Args:
        path: a run's `predictions.csv`.
        split: as `predictions.read` takes it.

    Returns:
        float32 (n, n_classes), in the order in which `predictions.read` gives the samples;
        None where only the probabilities of two classes are kept, for there are too many, or where
        there is but one class.

    Raises:
        ModelError: there is no such file, or it is damaged.
    """
    found = array("f")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            place = {name: i for i, name in enumerate(next(rows, []))}
            side = place["split"]
            wanted = [place.get(f"p:{name}", -1) for name in classes]
            if min(wanted) < 0 or len(wanted) < 2:
                return None
            take = itemgetter(*wanted)
            for row in rows:
                if row[side] == split:
                    found.extend(map(float, take(row)))
    except FileNotFoundError as error:
        raise damaged(path, f"has no {path.name}.") from error
    except (OSError, ValueError, LookupError, csv.Error) as error:
        raise damaged(path, f"has a {path.name} that cannot be read ({error}).") from error
    return np.frombuffer(found, np.float32).reshape(-1, len(classes))
