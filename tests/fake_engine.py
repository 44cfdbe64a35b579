"""An engine whose features are known, for tests of everything around it."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.engine import Floats, Pixels


def mean_colour(pixels: Pixels) -> NDArray[np.float32]:
    """The mean red, green and blue of each photo."""
    return pixels.mean(axis=(1, 2)).astype(np.float32)


class FakeEngine:
    """Three features a photo, computed at once.

    Attributes:
        photos: how many it was given so far.
    """

    name = "fake"
    shape = (3,)
    batch = 3
    parallel = 2

    def __init__(
        self,
        key: str = "fake",
        precision: Floats = "float32",
        compute: Callable[[Pixels], NDArray[np.float32]] = mean_colour,
    ) -> None:
        self.key = key
        self.precision = precision
        self.photos = 0
        self._compute = compute
        self._lock = threading.Lock()

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        with self._lock:
            self.photos += len(pixels)
        return self._compute(pixels)
