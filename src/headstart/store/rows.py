"""Rows of numbers in a temporary file: as many as the disk holds, few of them in memory."""

import os
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.store.files import cannot_write

Numbers = int | Sequence[int] | NDArray[np.int64]


class RowFile:
    """Rows of one shape and dtype, zero until they are written; gone with this object.

    It is read and written, not mapped: mapped pages count as memory of the process. Threads
    may use it at once.

    Args:
        folder: where there is room for it; made if need be.
        n: how many rows.
        shape, dtype: of one row.

    Raises:
        OutputError: there is no room, here and whenever a row is written.
    """

    def __init__(self, folder: Path, n: int, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = (n, *shape), np.dtype(dtype)
        self._folder = folder
        self._bytes = int(np.prod(shape)) * self.dtype.itemsize
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed with this)
            weakref.finalize(self, self._file.close)
            self._file.truncate(n * self._bytes)
        except OSError as error:
            raise cannot_write(folder, n * self._bytes, error) from error

    def __len__(self) -> int:
        return self.shape[0]

    def __setitem__(self, numbers: Numbers, row: NDArray[Any]) -> None:
        """Put one row at one place or at several."""
        data = np.asarray(row, self.dtype, order="C").tobytes()
        try:
            for i in np.atleast_1d(numbers):
                os.pwrite(self._file.fileno(), data, int(i) * self._bytes)
        except OSError as error:
            raise cannot_write(self._folder, len(self) * self._bytes, error) from error

    def __getitem__(self, numbers: Sequence[int] | NDArray[np.int64]) -> NDArray[Any]:
        """(len(numbers), ...), those rows."""
        rows = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        for row, i in zip(rows, numbers, strict=True):
            row[...] = np.frombuffer(
                os.pread(self._file.fileno(), self._bytes, int(i) * self._bytes), self.dtype
            ).reshape(row.shape)
        return rows


class Joined:
    """Rows that are numbered on from one part to the next."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """(len(numbers), ...), those rows."""
        part = np.searchsorted(self._ends, numbers, side="right")
        begins = np.concatenate([[0], self._ends])[part]
        found: list[Any] = [None] * len(numbers)
        for which in np.unique(part):
            places = np.flatnonzero(part == which)
            rows = self._parts[which][numbers[places] - begins[places]]
            for place, row in zip(places.tolist(), rows, strict=True):
                found[place] = row
        return np.stack(found)
