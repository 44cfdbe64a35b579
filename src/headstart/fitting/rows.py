"""Rows of features, kept in memory or, where they are many, in a temporary file."""

import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import OutputError

IN_MEMORY_BYTES = 256 * 2**20
"""What may be held in memory; more goes to a file that has no name and ends with the process."""


class Rows:
    """The features of some samples: for each feature an array (n, ...), filled in order.

    Args:
        count: how many samples there will be, as far as is known; more find room too.
        first: one batch of each feature, whose shapes and dtypes the rows will have.

    Attributes:
        length: how many samples are there.
        shapes, dtypes: of one sample, for each feature.

    Raises:
        OutputError: the temporary folder has no room for them.
    """

    def __init__(self, count: int, first: Sequence[NDArray[Any]]) -> None:
        self.length = 0
        self.shapes = [array.shape[1:] for array in first]
        self.dtypes = [array.dtype for array in first]
        self._arrays = self._room(count)

    def _room(self, count: int) -> list[NDArray[Any]]:
        kinds = [((count, *s), d) for s, d in zip(self.shapes, self.dtypes, strict=True)]
        size = sum(math.prod(shape) * dtype.itemsize for shape, dtype in kinds)
        if size <= IN_MEMORY_BYTES:
            return [np.empty(shape, dtype) for shape, dtype in kinds]
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < size:
            raise _no_room(size, f"{free:,} bytes are free")
        return [_mapped(shape, dtype) for shape, dtype in kinds]

    def append(self, features: Sequence[NDArray[Any]]) -> None:
        """Add one batch of each feature."""
        end = self.length + len(features[0])
        if end > len(self._arrays[0]):
            arrays = self._room(max(end, 2 * self.length))
            for new, old in zip(arrays, self._arrays, strict=True):
                new[: self.length] = old[: self.length]
            self._arrays = arrays
        for array, rows in zip(self._arrays, features, strict=True):
            array[self.length : end] = rows
        self.length = end

    def take(self, indices: NDArray[np.int64] | slice) -> list[NDArray[Any]]:
        """The rows of some samples, a copy: one array a feature."""
        return [np.array(array[indices]) for array in self._arrays]


def _mapped(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array in a file of its own, which is gone when the array is."""
    size = math.prod(shape) * dtype.itemsize
    with tempfile.TemporaryFile(prefix="headstart-fit-") as file:  # the map keeps it from here on
        try:
            if hasattr(os, "posix_fallocate"):
                # A full disk is an error here; in the middle of a write to the map it would
                # be the end of the process.
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype, "w+", shape=shape)
        except OSError as error:
            raise _no_room(size, str(error.strerror)) from error


def _no_room(size: int, reason: str) -> OutputError:
    return OutputError(
        f"cannot hold the features: {size:,} bytes are needed ({reason}).",
        where=tempfile.gettempdir(),
        mend="Free space there, or name another place with TMPDIR.",
    )
