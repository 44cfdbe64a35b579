"""What is doubtful in labelled photos, told without any network."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from headstart.data import duplicates
from headstart.dataset import Looked
from headstart.findings import Finding
from headstart.looks import LEAST

_LONG = 3  # times as long as it is wide, or the other way round

_ONE_PICTURE = "Photos of one picture, resized, cropped, mirrored or saved anew,"


def photo_findings(data: Looked, *, made: bool = True) -> list[Finding]:
    """Copies, near copies, groups that were parted, and photos that hardly show anything.

    Args:
        made: as of `duplicates.copies`.
    """
    same = duplicates.identical(data.samples.keys)
    groups = duplicates.parted_groups(data, [file.group for file in data.samples.files])
    found = duplicates.copies(data, same, made=made), _near(data, same, made=made)
    return [*chain(*found), *groups, *_poor(data)]


def _near(data: Looked, same: NDArray[np.int64], *, made: bool) -> list[Finding]:
    """Clusters of more than one content.

    Args:
        same: int64 (n,), clusters of one content.
    """
    contents = np.unique(np.stack([data.clusters, same], axis=1), axis=0)[:, 0]
    several = np.flatnonzero(np.bincount(contents) > 1)
    alone = data.clusters.max(initial=0) + 1 + np.arange(len(same))
    found = duplicates.groups(data, np.where(np.isin(data.clusters, several), data.clusters, alone))
    findings = [
        Finding(
            "near-duplicate-across-splits",
            "warning",
            found.apart,
            f"{_ONE_PICTURE} stand on more than one side of the split, "
            f"{duplicates.better_by(found.across, 'pictures')}",
            "Take these copies out of all sides but one, or let headstart make the split.",
        ),
        Finding(
            "near-duplicate-two-labels",
            "warning",
            found.disputed,
            f"{_ONE_PICTURE} stand under more than one label, and only one can be right.",
            "Take them out of the classes that they do not belong to.",
        ),
        Finding(
            "near-duplicate",
            "note",
            found.plain,
            f"{_ONE_PICTURE} stand here more than once. {duplicates.kept('The copies', made=made)}",
            "Nothing needs to be done; without them the same picture would count once.",
        ),
    ]
    return [finding for finding in findings if finding.samples]


def _poor(data: Looked) -> Iterator[Finding]:
    """Photos that are tiny, blank, or of an odd shape; of those that take part."""
    names, shapes = data.samples.names, np.array(data.samples.shapes).reshape(-1, 2)
    used = data.sides != "unused"
    short, long = shapes.min(axis=1), shapes.max(axis=1)
    for kind, which, why, mend in (
        (
            "tiny",
            short < LEAST,
            f"Photos of fewer than {LEAST} pixels on a side show little, and copies among them "
            "are not looked for.",
            "Take larger ones where there are any; thumbnails are often saved by mistake.",
        ),
        (
            "blank",
            data.plain,
            "Photos of one shade show nothing that their label could be learned from.",
            "Look at them, and take out those that are no photos of their class.",
        ),
        (
            "odd-shape",
            long > _LONG * short,
            f"Photos more than {_LONG} times as long as they are wide are squashed a lot, or lose "
            "much by a crop.",
            "Crop them to what they show, or try --resize pad.",
        ),
    ):
        found = np.flatnonzero(which & used)
        if len(found):
            yield Finding(kind, "note", tuple((names[i],) for i in found.tolist()), why, mend)
