"""Labelled samples that are neither photos nor rows."""

from collections.abc import Sequence

import numpy as np

from headstart.data.labelled import Divided, Labelled


def labelled(
    names: Sequence[str],
    labels: Sequence[str],
    given: Sequence[str | None] | None = None,
    keys: Sequence[str] | None = None,
) -> Labelled:
    """Samples of these names, each its own key unless told."""
    given = given or [None] * len(names)
    return Labelled("/x", names, labels, given, keys or names, tuple(sorted({*labels})), [], 0)


def divided(samples: Labelled, sides: Sequence[str], clusters: Sequence[int]) -> Divided:
    """The samples on these sides."""
    numbers = np.array(clusters, np.int64)
    return Divided(samples, numbers, np.array(sides), numbers)
