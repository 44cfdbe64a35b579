"""The clinical trial of the tutorial: people's ages, and whether they had side effects.

Half of the people are under 65. About 95% of the older had side effects, about 95% of the younger
had none; so nobody can be right more often than 20 times of 21.
"""

import csv
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from headstart.store.files import write_text

CLASSES = ("no_side_effects", "had_side_effects")
AGE, TARGET = "age", "side_effects"
YOUNGER, OLDER = (13, 64), (65, 100)


class Numbers(NamedTuple):
    """How many people of each age group: those whom the other outcome befell, and the rest."""

    exceptions: int
    regular: int


class Files(NamedTuple):
    """The people in files."""

    train: Path
    test: Path
    validation: Path


_FILES = {
    "trial.csv": Numbers(50, 1000),
    "trial-test.csv": Numbers(10, 200),
    "trial-validation.csv": Numbers(5, 100),
}


def people(numbers: Numbers, seed: int) -> list[tuple[int, str]]:
    """Age and class of `2 * sum(numbers)` people, in an order drawn by chance."""
    random, (none, had) = Random(seed), CLASSES
    groups = (
        (YOUNGER, had, numbers.exceptions),
        (OLDER, none, numbers.exceptions),
        (YOUNGER, none, numbers.regular),
        (OLDER, had, numbers.regular),
    )
    found = [(random.randint(*ages), name) for ages, name, n in groups for _ in range(n)]
    random.shuffle(found)
    return found


def options(test: Path) -> dict[str, Any]:
    """Options of `train` as the tutorial has it: 642 parameters, ages from 0 to 1, all trained on.

    Args:
        test: the file of those who judge.
    """
    return {
        "target": TARGET,
        "recipe": "tutorial",
        "scaling": "minmax",
        "validation": 0.0,
        "test_file": str(test),
    }


def write(folder: str | Path, seed: int = 0) -> Files:
    """Write the 2,100 people to train on, 420 to judge by and 210 to validate, as CSV files.

    Raises:
        OutputError: the folder cannot be written to.
    """
    made = []
    for i, (name, numbers) in enumerate(_FILES.items()):
        text = StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([AGE, TARGET])
        rows.writerows(people(numbers, len(_FILES) * seed + i))
        path = Path(folder, name)
        write_text(path, text.getvalue())
        made.append(path)
    return Files(*made)
