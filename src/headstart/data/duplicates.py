"""Copies of one sample: the clusters that must stay on one side of a split."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from headstart.data.labelled import Divided
from headstart.findings import Finding
from headstart.sets import SIDES
from headstart.store.files import printable

GROUP_ACROSS = "group-across-splits"

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


def joined(clusters: NDArray[np.int64], links: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Clusters made one where a link, or a chain of them, leads from one to the other.

    Args:
        clusters: int64 (n,), the cluster of each sample.
        links: pairs of samples that belong together.

    Returns:
        int64 (n,): the cluster of each, numbered in order of first appearance.
    """
    above = list(range(len(clusters)))

    def top(i: int) -> int:
        while above[i] != i:
            above[i] = i = above[above[i]]
        return i

    first: dict[int, int] = {}
    own = ((i, first.setdefault(number, i)) for i, number in enumerate(clusters.tolist()))
    for i, j in chain(own, links):
        a, b = top(i), top(j)
        above[max(a, b)] = min(a, b)
    order: dict[int, int] = {}
    return np.array([order.setdefault(top(i), len(order)) for i in range(len(above))], np.int64)


@dataclass(frozen=True)
class Groups:
    """Clusters of more than one sample that takes part, as names.

    Attributes:
        apart: those on more than one side; `disputed`: those of more than one label; a cluster
            may be both.
        across: the sides of each of those `apart`.
        plain: the others.
    """

    apart: tuple[tuple[str, ...], ...]
    across: tuple[frozenset[str], ...]
    disputed: tuple[tuple[str, ...], ...]
    plain: tuple[tuple[str, ...], ...]


def groups(data: Divided, clusters: NDArray[np.int64]) -> Groups:
    """The clusters, int64 (n,), of samples on their sides."""
    names, labels, sides = data.samples.names, data.samples.labels, data.sides.tolist()
    members: dict[int, list[int]] = defaultdict(list)
    for i, cluster in enumerate(clusters.tolist()):
        if sides[i] != "unused":
            members[cluster].append(i)
    apart, across, disputed, plain = [], [], [], []
    for group in members.values():
        if len(group) < 2:
            continue
        named = tuple(names[i] for i in group)
        here = frozenset(sides[i] for i in group)
        parted = len(here) > 1
        two_labels = len({labels[i] for i in group}) > 1
        if parted:
            apart.append(named)
            across.append(here)
        if two_labels:
            disputed.append(named)
        if not parted and not two_labels:
            plain.append(named)
    return Groups(tuple(apart), tuple(across), tuple(disputed), tuple(plain))


def better_by(across: Iterable[Collection[str]], ones: str) -> str:
    """How samples that stand on several sides make the figures better than they should be.

    Args:
        across: the sides of each group of them; those to train, or to validate and test by.
        ones: what the samples are called, in the plural.
    """
    learned = {"train" in sides for sides in across}
    told = [
        f"the network is judged on {ones} that it was trained on: the figures are better than they "
        "should be."
    ] * (True in learned)
    told += [
        f"validation chose by {ones} that the test judges: its figure may be a little better than "
        "it should be."
    ] * (False in learned)
    return f"so {' Elsewhere '.join(told)}"


def parted_groups(data: Divided, named: Sequence[str | None]) -> list[Finding]:
    """What to tell of groups that a given split parts; copies of one sample are told as such.

    Args:
        named: the group of each sample, if it is of one.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for i, (name, side) in enumerate(zip(named, data.sides.tolist(), strict=True)):
        if name and side != "unused":
            members[name].append(i)
    found: dict[str, list[str]] = {}
    for name, group in sorted(members.items()):
        here = set(data.sides[group].tolist())
        if len(here) > 1 and len(set(data.clusters[group].tolist())) > 1:
            found[name] = [side for side in SIDES if side in here]
    if not found:
        return []
    noun = data.samples.noun
    why = better_by(found.values(), f"{noun}s of groups")
    return [
        Finding(
            GROUP_ACROSS,
            "warning",
            tuple((f"{printable(name)}: {', '.join(sides)}",) for name, sides in found.items()),
            f"{noun.capitalize()}s of one group stand on more than one side of the split, for so "
            f"it was given, {why}",
            "Put each group on one side, or let headstart make the split.",
        )
    ]


def kept(ones: str, *, made: bool) -> str:
    """That copies do no harm on one side, a sentence; see `copies`."""
    done = f"{ones} were kept" if made else f"`headstart train` keeps {ones.lower()}"
    return (
        f"{done} on one side of the split, so they do not make the figures better than they should "
        "be."
    )


def copies(
    data: Divided, clusters: NDArray[np.int64] | None = None, *, made: bool = True
) -> list[Finding]:
    """What to tell about samples of the same content.

    Args:
        clusters: int64 (n,), which these are; None: those of `data`.
        made: whether the split was made, or given; else `train` would make it so.
    """
    found = groups(data, data.clusters if clusters is None else clusters)
    noun = data.samples.noun
    findings = [
        Finding(
            "duplicate-across-splits",
            "warning",
            found.apart,
            f"The same {noun} stands on more than one side of the split, "
            f"{better_by(found.across, f'{noun}s')}",
            "Take these copies out of all sides but one, or let headstart make the split.",
        ),
        Finding(
            f"same-{noun}-two-labels",
            "warning",
            found.disputed,
            *_DISPUTED.get(noun, _DISPUTED["sample"]),
        ),
        Finding(
            "duplicate",
            "note",
            found.plain,
            f"The same {noun} stands here more than once. {kept('The copies', made=made)}",
            f"Nothing needs to be done; without the copies the same {noun} would count once.",
        ),
    ]
    return [finding for finding in findings if finding.samples]
