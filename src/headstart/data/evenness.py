"""How evenly the sides of a split share out the classes, groups being kept whole."""

from typing import Any

import numpy as np

from headstart.data.labelled import Divided
from headstart.sets import SIDES


def evenness(data: Divided) -> dict[str, Any]:
    """What `metrics.json` says of a split.

    Returns:
        `together`: how many clusters of several samples belong together, and `samples` how many
        samples those are; `off`: the number of samples by which the side that is furthest from it
        misses its even share of a class, and `class` and `side` which these are.
    """
    used = data.sides != "unused"
    count = np.bincount(np.unique(data.together[used], return_inverse=True)[1])
    several = count[count > 1]
    table = np.zeros((len(SIDES), len(data.classes)))
    for number, side in enumerate(SIDES):
        table[number] = np.bincount(data.labels[data.sides == side], minlength=len(data.classes))
    even = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    off = np.abs(table - even)
    side, label = np.unravel_index(off.argmax(), off.shape)
    return {
        "together": len(several),
        "samples": int(several.sum()),
        "off": round(float(off.max()), 2),
        "class": data.classes[label],
        "side": SIDES[side],
    }
