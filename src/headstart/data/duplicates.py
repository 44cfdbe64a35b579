"""Copies of one sample: the clusters that must stay on one side of a split."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.data.labelled import Divided
from headstart.findings import Finding

_DISPUTED = {
    "sample": (
        "The same sample stands under more than one label, and only one can be right.",
        "Take it out of the classes that it does not belong to.",
    ),
    "photo": (
        "The same photo stands under more than one label, and only one can be right.",
        "Take the photo out of the classes that it does not belong to.",
    ),
    "row": (
        "Rows that are equal in all that the network is told have different labels: whatever it "
        "answers, it is wrong on some of them.",
        "If one of them is a slip, mend it; else add a column that tells them apart.",
    ),
}
"""Why samples under two labels matter, and what to do, by what a sample is called."""


def identical(keys: Sequence[str]) -> NDArray[np.int64]:
    """Cluster files of the same content.

    Args:
        keys: SHA-256 of each file, length n.

    Returns:
        int64 (n,): the cluster of each sample, numbered in order of first appearance.
    """
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def copies(data: Divided) -> list[Finding]:
    """What to tell about clusters of more than one sample."""
    names, labels, sides = data.samples.names, data.samples.labels, data.sides.tolist()
    noun = data.samples.noun
    groups: dict[int, list[int]] = defaultdict(list)
    for i, cluster in enumerate(data.clusters.tolist()):
        if sides[i] != "unused":
            groups[cluster].append(i)
    apart: list[list[int]] = []
    disputed: list[list[int]] = []
    plain: list[list[int]] = []
    for group in groups.values():
        if len(group) > 1:
            parted = len({sides[i] for i in group}) > 1
            two_labels = len({labels[i] for i in group}) > 1
            if parted:
                apart.append(group)
            if two_labels:
                disputed.append(group)
            if not parted and not two_labels:
                plain.append(group)

    def named(found: list[list[int]]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(names[i] for i in group) for group in found)

    findings = [
        Finding(
            "duplicate-across-splits",
            "warning",
            named(apart),
            f"The same {noun} stands on more than one side of the split, so the network is judged "
            f"on {noun}s that it was trained on: the figures are better than they should be.",
            "Take these copies out of all sides but one, or let headstart make the split.",
        ),
        Finding(
            f"same-{noun}-two-labels",
            "warning",
            named(disputed),
            *_DISPUTED.get(noun, _DISPUTED["sample"]),
        ),
        Finding(
            "duplicate",
            "note",
            named(plain),
            f"The same {noun} stands here more than once. The copies were kept on one side of the "
            "split, so they do not make the figures better than they should be.",
            f"Nothing needs to be done; without the copies the same {noun} would count once.",
        ),
    ]
    return [finding for finding in findings if finding.samples]
