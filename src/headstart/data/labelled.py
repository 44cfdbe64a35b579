"""Labelled samples, photos or rows of a table, as a split and a run folder know them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headstart.findings import LeftOut
from headstart.sets import Side


@dataclass(frozen=True)
class Labelled:
    """Labelled samples of known content.

    Attributes:
        source: absolute path of where they are from.
        names: what each is called everywhere, one printable line; no two alike.
        labels: the class of each, by name.
        given: the side that the source itself puts each on, if any.
        keys: SHA-256 of the content of each.
        classes: every class, in the order of the outputs.
        left_out: what takes no part, and why, sorted by name.
        ignored: how many files were junk.
    """

    source: str
    names: Sequence[str]
    labels: Sequence[str]
    given: Sequence[Side | None]
    keys: Sequence[str]
    classes: tuple[str, ...]
    left_out: Sequence[LeftOut]
    ignored: int

    noun: ClassVar[str] = "sample"
    """What one of them is called where people read it."""

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """int64 (n,): the class of each sample, an index into `classes`."""
        number = {name: j for j, name in enumerate(self.classes)}
        return np.array([number[label] for label in self.labels], np.int64)


@dataclass(frozen=True)
class Divided:
    """Labelled samples on their sides.

    Attributes:
        samples: n of them.
        clusters: int64 (n,), samples of one number are copies of one another, or nearly.
        sides: str (n,), `train`, `validation`, `test` or `unused`.
        together: int64 (n,), samples of one number belong on one side: copies, or a group.
    """

    samples: Labelled
    clusters: NDArray[np.int64]
    sides: NDArray[np.str_]
    together: NDArray[np.int64]

    @property
    def labels(self) -> NDArray[np.int64]:
        """int64 (n,): the class of each sample."""
        return self.samples.numbers

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class, in the order of the outputs."""
        return self.samples.classes

    def digest(self) -> str:
        """SHA-256 of what each sample holds, how it is labelled, and where it stands."""
        listed = "\n".join(
            f"{key} {label} {side}"
            for key, label, side in zip(self.samples.keys, self.labels, self.sides, strict=True)
        )
        return sha256(listed.encode()).hexdigest()

    @cached_property
    def leaked(self) -> NDArray[np.bool_]:
        """bool (n,): which samples that do not train belong together with one that does."""
        trains = self.sides == "train"
        found: NDArray[np.bool_] = (
            np.isin(self.together, self.together[trains]) & ~trains & (self.sides != "unused")
        )
        return found

    def on(self, side: str) -> NDArray[np.int64]:
        """The numbers of the samples on a side, ascending."""
        return np.flatnonzero(self.sides == side)


def spread(samples: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the samples, from all over them."""
    n = min(max(most, 1), len(samples))
    return samples[np.arange(n) * len(samples) // max(n, 1)]


def in_order(classes: Collection[str]) -> tuple[str, ...]:
    """The classes sorted by name, or in numeric order where all are numbers."""
    numbers = all(re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", name) for name in classes)
    return tuple(sorted(classes, key=lambda name: (float(name) if numbers else 0, name)))
