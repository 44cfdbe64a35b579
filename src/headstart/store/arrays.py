"""Rows of numbers kept on disk under the content that they were computed from.

A *shelf* is a folder for rows of one shape and dtype that were all computed in one way.
It holds *segments*, each a safetensors file with three tensors:

    keys  uint8  (n, 32)   SHA-256 that each row is kept under
    crc   uint32 (n,)      CRC-32 of key and row
    rows  dtype  (n, ...)

A segment is written once, whole (write-then-rename), and never changed, so processes that
share a shelf need no lock: at worst both compute a row, and either copy will do. Each row
is checked when it is read; a damaged one counts as absent and is computed again.
"""

import os
import uuid
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from headstart.store.files import write_bytes

_SUFFIX = ".rows"
_DTYPES = {"float32": "F32", "float16": "F16", "uint8": "U8"}


@dataclass(slots=True)
class _Segment:
    """What lies in a segment; `rows` is the mapped file while rows are read from it."""

    path: Path
    keys: NDArray[np.uint8]
    crc: NDArray[np.uint32]
    rows: Any = None
    used: bool = False


class Shelf:
    """Rows of one shape and dtype, found by key.

    Args:
        folder: where the segments lie; made when the first is written.
        shape: shape of one row.
        dtype: dtype of the rows, `float32`, `float16` or `uint8`.

    Attributes:
        damaged: how many rows, or whole segments, were found damaged so far.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: str = "float32") -> None:
        self._folder = folder
        self._shape = shape
        self._dtype = dtype
        self._place: dict[bytes, tuple[_Segment, int]] = {}
        self._mapped: _Segment | None = None
        self.damaged = 0
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            self._open(path)

    def read(self, key: str) -> NDArray[Any] | None:
        """The row under `key`; None if absent or damaged."""
        raw = bytes.fromhex(key)
        place = self._place.get(raw)
        if place is None:
            return None
        segment, i = place
        row = self._row(segment, i)
        if row is None:
            self.damaged += segment.path.exists()  # if not, another process made room just now
            del self._place[raw]
        elif not segment.used:
            segment.used = True
            with suppress(OSError):  # another process removed it, or it belongs to another user
                os.utime(segment.path)  # the last to go when room is needed
        return row

    def append(self, keys: Sequence[str], rows: NDArray[Any]) -> None:
        """Keep `rows[i]` under `keys[i]`, in one new segment.

        Args:
            keys: SHA-256 in hexadecimal, length n.
            rows: (n, ...) of the shelf's shape and dtype.

        Raises:
            ValueError: the rows do not belong on this shelf.
            OutputError: they cannot be written.
        """
        if len(keys) != len(rows) or rows.shape[1:] != self._shape or rows.dtype != self._dtype:
            raise ValueError(f"rows {rows.shape} {rows.dtype} do not belong on this shelf")
        raw = [bytes.fromhex(key) for key in keys]
        tensors: dict[str, NDArray[Any]] = {
            "keys": np.frombuffer(b"".join(raw), np.uint8).reshape(-1, 32),
            "crc": np.array([_crc(k, row) for k, row in zip(raw, rows, strict=True)], np.uint32),
            "rows": np.ascontiguousarray(rows),  # the library would write another layout as it lies
        }
        path = self._folder / f"{uuid.uuid4().hex}{_SUFFIX}"
        write_bytes(path, safetensors.numpy.save(tensors))
        self._open(path)

    def _row(self, segment: _Segment, i: int) -> NDArray[Any] | None:
        """Row i of a segment, or None where it is damaged or gone.

        One file is mapped at a time: what is mapped counts as memory of this process.
        """
        if segment is not self._mapped:
            if self._mapped is not None:
                self._mapped.rows = None
            self._mapped = segment
            try:
                segment.rows = _opened(segment.path).get_slice("rows")
            except (OSError, SafetensorError):
                self._mapped = None
                return None
        row: NDArray[Any] = segment.rows[i]
        return row if _crc(segment.keys[i].tobytes(), row) == segment.crc[i] else None

    def _open(self, path: Path) -> None:
        """List a segment; one that is not as we write it is removed, its rows being lost."""
        try:
            segment = self._segment(path)
        except OSError:  # another process made room just now, or it belongs to another user
            return
        except (SafetensorError, ValueError):
            self.damaged += 1
            with suppress(OSError):
                path.unlink()
            return
        for i, key in enumerate(segment.keys):
            raw = key.tobytes()
            # A row that was damaged and computed again lies here twice: keep to the good copy.
            if raw not in self._place or self._row(segment, i) is not None:
                self._place[raw] = (segment, i)

    def _segment(self, path: Path) -> _Segment:
        file = _opened(path)
        keys, crc, rows = file.get_tensor("keys"), file.get_tensor("crc"), file.get_slice("rows")
        n = crc.size
        if (
            (keys.dtype, keys.shape) != (np.uint8, (n, 32))
            or (crc.dtype, crc.shape) != (np.uint32, (n,))
            or (rows.get_dtype(), rows.get_shape()) != (_DTYPES[self._dtype], [n, *self._shape])
        ):
            raise ValueError("tensors of another kind")
        return _Segment(path, keys, crc)


def _opened(path: Path) -> Any:
    return safe_open(path, framework="numpy")


def _crc(key: bytes, row: NDArray[Any]) -> int:
    return zlib.crc32(row.tobytes(), zlib.crc32(key))
