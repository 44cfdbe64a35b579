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
TARGET = "side_effects"
YOUNGER, OLDER = (13, 64), (65, 100)
TRAIN, TEST = "trial.csv", "trial-test.csv"


class Numbers(NamedTuple):
    """How many people of each age group: those whom the other outcome befell, and the rest."""

    exceptions: int
    regular: int


TRAINED_ON, JUDGED_BY = Numbers(50, 1000), Numbers(10, 200)


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


def write(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write the 2,100 people to train on and 420 others to judge by, as CSV files.

    Raises:
        OutputError: the folder cannot be written to.
    """
    made = []
    for name, numbers, drawn in ((TRAIN, TRAINED_ON, 2 * seed), (TEST, JUDGED_BY, 2 * seed + 1)):
        text = StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["age", TARGET])
        rows.writerows(people(numbers, drawn))
        write_text(folder / name, text.getvalue())
        made.append(folder / name)
    return made[0], made[1]
