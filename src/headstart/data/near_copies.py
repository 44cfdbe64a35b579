"""Photos of one picture: resized, saved anew, cropped a little, mirrored or turned.

Neither a perceptual hash nor features tell copies from photos that are merely alike where all
photos are: of 2,062 hands on white, 64,314 pairs have features of cosine 0.9. Laid over each
other they do, for what differs between two photos is their detail.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.data import neighbours, overlay
from headstart.data.overlay import Pictures
from headstart.parallel import cores, side_by_side

SIDE = 64
"""Of the grey pictures that are compared, in pixels."""

PLAIN = 3.0
"""Standard deviation of the greys, of 255, below which a picture has nothing to compare."""

_SMALL = SIDE // 2  # where most pairs are told apart
_MAYBE = 0.96  # correlation of small pictures from which on the larger ones are compared
_SAME = 0.988  # of pictures of one photo: 0.993 and more; of two hands on white up to 0.977
_DETAIL = 0.8  # the same of detail alone: 0.89 and more
_BLUR = 16  # what is left by smoothing so often is no detail
_AT_ONCE = 128  # pairs, or some more pictures: those of each thread take 50 MB


class Described(NamedTuple):
    """Photos as they are looked up.

    Attributes:
        among: int64 (m,), their numbers.
        found: float32 (m, 64), zero where a picture has nothing to compare.
        plain: bool (m,), which are of one shade.
    """

    among: NDArray[np.int64]
    found: neighbours.Descriptions
    plain: NDArray[np.bool_]

    def where(self, which: NDArray[np.bool_]) -> "Described":
        """Some of them, bool (m,)."""
        return Described(self.among[which], self.found[which], self.plain[which])


def described(pictures: Any, among: NDArray[np.int64]) -> Described:
    """Each of some photos looked at once.

    Args:
        pictures: uint8 (n, 64, 64), grey, squashed to that; indexed by arrays of numbers.
        among: the numbers to look at.
    """
    found = [np.zeros((0, neighbours.LENGTH), np.float32)]
    plain = [np.zeros(0, np.bool_)]
    for part in _parts(among, 4 * _AT_ONCE):
        some = pictures[part]
        plain.append(some.std(axis=(1, 2)) < PLAIN)
        made = neighbours.describe(_halved(some.astype(np.float32)))
        made[plain[-1]] = 0
        found.append(made)
    return Described(among, np.concatenate(found), np.concatenate(plain))


def near_copies(pictures: Any, looked: Described) -> NDArray[np.int64]:
    """Pairs of photos that show one picture.

    Args:
        pictures: as `described` takes them.
        looked: what that found, of photos of which no two are of one file.

    Returns:
        int64 (m, 2), the lower number first, sorted.
    """
    among, described, pairs = looked.among, looked.found, np.zeros((0, 2), np.int64)
    if not len(among):
        return pairs
    while True:
        more = _pairs(pictures, among, described)
        pairs = np.concatenate([pairs, more])
        # A photo with many copies has none but them among its nearest: one stands for all of them,
        # until no more is found.
        _, count = np.unique(more, return_counts=True)
        if not (count >= neighbours.MOST).any():
            break
        kept = ~np.isin(among, more[:, 1])
        among, described = among[kept], described[kept]
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _pairs(
    pictures: Any, among: NDArray[np.int64], described: neighbours.Descriptions
) -> NDArray[np.int64]:
    """Pairs of photos that show one picture, as far as each has the other among its nearest."""
    some = np.flatnonzero(described.any(axis=1))
    candidates = neighbours.pairs(described[some])
    candidates[:, :2] = among[some[candidates[:, :2]]]
    candidates = candidates[np.argsort(candidates[:, 2], kind="stable")]
    same = [
        part[kept]
        for part, kept in side_by_side(
            lambda part: _same(pictures, part), _parts(candidates, _AT_ONCE), cores()
        )
    ]
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *(part[:, :2] for part in same)])
    pairs.sort(axis=1)
    return pairs


def _parts(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _same(pictures: Any, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the pairs show one picture, bool (n,)."""
    first = np.concatenate(
        [
            neighbours.oriented(pictures[pairs[pairs[:, 2] == turn, 0]].astype(np.float32), turn)
            for turn in range(neighbours.ORIENTATIONS)  # as the pairs are sorted
        ]
    )
    second = pictures[pairs[:, 1]].astype(np.float32)
    small = [_levelled(overlay.blurred(_halved(part))) for part in (first, second)]
    fit = overlay.fitted(small[0], small[1])
    same = overlay.agreement(small[0], small[1], fit) >= _MAYBE
    if same.any():
        large = [_levelled(overlay.blurred(part[same], 2)) for part in (first, second)]
        fit = overlay.fitted(large[0], large[1], fit.of(same), steps=4)
        detail = [part - overlay.blurred(part, _BLUR) for part in large]
        same[same] = (overlay.agreement(large[0], large[1], fit) >= _SAME) & (
            overlay.agreement(detail[0], detail[1], fit) >= _DETAIL
        )
    return same


def _halved(pictures: Pictures) -> Pictures:
    rows = pictures[:, ::2] + pictures[:, 1::2]
    return np.asarray(rows[:, :, ::2] + rows[:, :, 1::2], np.float32) / np.float32(4)


def _levelled(pictures: Pictures) -> Pictures:
    """The same of mean 0 and standard deviation 1."""
    pictures = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    levelled: Pictures = pictures / np.maximum(pictures.std(axis=(1, 2), keepdims=True), 1e-3)
    return levelled
