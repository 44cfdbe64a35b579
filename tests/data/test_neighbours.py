"""The nearest of each photo, where nearly all of them are in one cell."""

import time
import tracemalloc

import numpy as np
import pytest

from headstart.data import neighbours
from headstart.data.near_copies import described, near_copies


def frames(n: int, noise: float) -> np.ndarray:
    """Grey pictures of a camera that does not move, float32 (n, 32, 32)."""
    chance = np.random.default_rng(0)
    scene = np.repeat(np.repeat(chance.random((8, 8)) * 200, 4, axis=0), 4, axis=1)
    made = scene + noise * chance.standard_normal((n, 32, 32))
    return made.astype(np.float32)


@pytest.mark.parametrize("noise", [0.0, 1.0], ids=["equal", "nearly"])
def test_many_frames_of_a_fixed_camera_take_little_memory(noise: float) -> None:
    described = neighbours.describe(frames(3000, noise))
    tracemalloc.start()
    begun = time.perf_counter()
    try:
        pairs = neighbours.pairs(described)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20
    assert time.perf_counter() - begun < 60
    told = np.bincount(pairs[:, :2].ravel(), minlength=3000)
    assert told.min() >= neighbours.MOST  # each has found its few
    assert len(pairs) <= 3000 * neighbours.MOST


def test_the_nearest_in_one_cell_are_those_of_comparing_all() -> None:
    described = neighbours.describe(frames(500, 40.0))
    pairs = neighbours.pairs(described)
    cosines = described @ described.T
    np.fill_diagonal(cosines, -1)
    wanted = {
        (min(i, j), max(i, j))
        for i in range(500)
        for j in np.argsort(-cosines[i], kind="stable")[: neighbours.MOST].tolist()
        if cosines[i, j] > neighbours.LEAST
    }
    upright = {(a, b) for a, b, turn in pairs.tolist() if turn == 0}
    assert len(wanted) > 500
    assert upright == wanted


def test_all_frames_of_a_fixed_camera_are_one_picture() -> None:
    pictures = np.clip(
        np.repeat(np.repeat(frames(1500, 0.5), 2, axis=1), 2, axis=2), 0, 255
    ).astype(np.uint8)
    found = near_copies(pictures, described(pictures, np.arange(1500)))
    group = np.arange(1500)
    for _ in range(20):  # the lowest number spreads to all that are joined
        np.minimum.at(group, found[:, 1], group[found[:, 0]])
        np.minimum.at(group, found[:, 0], group[found[:, 1]])
    assert not group.any()
