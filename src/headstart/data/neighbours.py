"""Photos that look alike from afar: the few nearest of each, without comparing all pairs.

A *description* of a photo is the lowest frequencies of its brightness, the cosine transform of a
small grey picture, of length one: the numbers of which a perceptual hash keeps the signs
(Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010). A photo that
was mirrored or turned has the same numbers in another order or with other signs, so its eight
*orientations* cost no second look at it.

Descriptions are shared out to cells around some of them, and each is compared with those in the
cells next to it (an inverted file; Sivic and Zisserman, Video Google, ICCV 2003): for n photos
the work grows as n^1.5.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Descriptions = NDArray[np.float32]

ORIENTATIONS = 8
"""Bits of one: 4 transposed, then 2 upside down, then 1 mirrored."""

LEAST = 0.8
"""Cosine of two descriptions from which on they may be of one picture. A tenth cut off the sides
leaves 0.85 and more in 99 of 100 photos."""

_SIDE = 8  # frequencies along each side
LENGTH = _SIDE**2
"""Numbers of a description."""
_ONE_CELL = 512  # photos that are compared each with each
_NEXT = 8  # cells that are looked into
MOST = 6
"""Neighbours of one photo that are told."""
_BLOCK = 512  # photos looked for at once
_COSINES = 2**21  # of them, at most, at once: where nearly all photos lie in one cell it is a wall


def describe(pictures: NDArray[np.float32]) -> Descriptions:
    """float32 (n, 64) from grey pictures, float32 (n, side, side); of a blank one all are zero."""
    basis = _cosines(pictures.shape[1])
    found = basis @ pictures @ basis.T
    found[:, 0, 0] = 0  # how light it is tells nothing
    flat: Descriptions = found.reshape(len(found), -1).astype(np.float32)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    flat /= np.where(length > 1e-3, length, np.inf)
    return flat


def oriented(pictures: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Pictures, or frequencies of pictures, float32 (n, side, side), in an orientation.

    Contiguous, for they are multiplied.
    """
    if orientation & 4:
        pictures = pictures.transpose(0, 2, 1)
    if orientation & 2:
        pictures = pictures[:, ::-1]
    if orientation & 1:
        pictures = pictures[:, :, ::-1]
    return np.ascontiguousarray(pictures)


def pairs(found: Descriptions, seed: int = 0) -> NDArray[np.int64]:
    """Pairs of photos that look alike from afar, each photo with its few nearest.

    Args:
        found: float32 (n, 64).
        seed: draws the middles of the cells.

    Returns:
        int64 (m, 3): two numbers of photos, the lower first, and the orientation that the first
        must be brought into to lie as the second does; sorted, each pair once.
    """
    middles = _middles(found, seed)
    cell = np.concatenate(
        [(part @ middles.T).argmax(axis=1) for part in _blocks(found)] or [np.zeros(0, np.int64)]
    )
    order = np.argsort(cell, kind="stable")
    ends = np.searchsorted(cell[order], np.arange(len(middles) + 1))
    members = [order[a:b] for a, b in pairwise(ends)]
    told = [
        _nearest(found, np.arange(i, min(i + _BLOCK, len(found))), middles, members)
        for i in range(0, len(found), _BLOCK)
    ]
    return _once(np.concatenate(told)) if told else np.zeros((0, 3), np.int64)


def _middles(found: Descriptions, seed: int) -> Descriptions:
    """Some of the descriptions, drawn; one where all can be compared."""
    n = len(found)
    count = math.isqrt(n) if n > _ONE_CELL else min(n, 1)
    return found[np.random.default_rng(seed).permutation(n)[:count]]


def _blocks(found: Descriptions) -> Iterator[Descriptions]:
    for i in range(0, len(found), 8192):
        yield found[i : i + 8192]


def _nearest(
    found: Descriptions,
    photos: NDArray[np.int64],
    middles: Descriptions,
    members: list[NDArray[np.int64]],
) -> NDArray[np.int64]:
    """int64 (m, 3): each of the photos with its nearest, and the photo's orientation."""
    square = found[photos].reshape(-1, _SIDE, _SIDE)
    turned = np.concatenate([_turned(square, o) for o in range(ORIENTATIONS)])
    asked = np.tile(photos, ORIENTATIONS)
    orientation = np.repeat(np.arange(ORIENTATIONS), len(photos))
    near = min(_NEXT, len(middles))
    cells = np.argpartition(-(turned @ middles.T), near - 1, axis=1)[:, :near]
    by_cell = np.argsort(cells, axis=None, kind="stable")
    ends = np.searchsorted(cells.ravel()[by_cell], np.arange(len(middles) + 1))
    first, second, turn, cosine = [], [], [], []
    for c, others in enumerate(members):
        rows = by_cell[ends[c] : ends[c + 1]] // near
        if not len(rows) or not len(others):
            continue
        known = found[others].T
        for some in _parts(rows, max(1, _COSINES // len(others))):
            alike = turned[some] @ known
            alike[asked[some][:, np.newaxis] == others] = -1  # itself
            at, to = _few(alike)
            first.append(asked[some[at]])
            second.append(others[to])
            turn.append(orientation[some[at]])
            cosine.append(alike[at, to])
    if not first:
        return np.zeros((0, 3), np.int64)
    table = np.stack([np.concatenate(part) for part in (first, second, turn)], axis=1)
    best = np.lexsort((-np.concatenate(cosine), table[:, 0]))
    table = table[best]
    _, once = np.unique(table[:, :2], axis=0, return_index=True)  # its best orientation
    table = table[np.sort(once)]
    begins = np.searchsorted(table[:, 0], table[:, 0])
    return table[np.arange(len(table)) - begins < MOST]


def _few(alike: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of what is alike enough, of each row at most a few, of equals the first."""
    enough = alike > LEAST
    many = np.flatnonzero(enough.sum(axis=1) > MOST)
    if len(many):
        least = np.partition(alike[many], -MOST, axis=1)[:, -MOST]
        enough[many] = alike[many] >= least[:, np.newaxis]
        for i in many[enough[many].sum(axis=1) > MOST].tolist():  # the last of them has equals
            row = alike[i]
            nearest = np.flatnonzero(enough[i])
            order = np.argsort(-row[nearest], kind="stable")
            enough[i, nearest[order[MOST:]]] = False
    at, place = np.nonzero(enough)
    return at, place


def _parts(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for i in range(0, len(rows), size):
        yield rows[i : i + size]


def _turned(square: NDArray[np.float32], orientation: int) -> Descriptions:
    """Descriptions of the same pictures in an orientation, from their frequencies."""
    if orientation & 4:
        square = square.transpose(0, 2, 1)
    signs = np.where(np.arange(_SIDE) % 2, -1, 1).astype(np.float32)
    if orientation & 2:
        square = square * signs[:, np.newaxis]
    if orientation & 1:
        square = square * signs
    return square.reshape(len(square), -1)


def _once(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each pair once, the lower number first: what brings b to a, the other way round."""
    first, second, turn = table.T
    swap = first > second
    # Turning back: mirrored and upside down undo themselves; with a transposition they change.
    back = np.where(turn & 4, (turn & 4) | ((turn & 1) << 1) | ((turn & 2) >> 1), turn)
    lower, upper = np.where(swap, second, first), np.where(swap, first, second)
    both = np.stack([lower, upper, np.where(swap, back, turn)], axis=1)
    _, once = np.unique(both[:, :2], axis=0, return_index=True)
    return both[once]


def _cosines(side: int) -> NDArray[np.float32]:
    """float32 (8, side): the lowest functions of the orthonormal cosine transform (DCT-II)."""
    at = np.arange(side) + 0.5
    basis = np.cos(np.pi / side * np.outer(np.arange(_SIDE), at)) * math.sqrt(2 / side)
    basis[0] /= math.sqrt(2)
    return basis.astype(np.float32)
