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
from stat import S_ISREG
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from headstart.store.files import write_bytes

_SUFFIX = ".rows"
_DTYPES = {"float32": "F32", "float16": "F16"}
DEFAULT_LIMIT_BYTES = 10 * 2**30


@dataclass(slots=True)
class _Segment:
    """An open segment: its rows stay in the mapped file until they are asked for."""

    path: Path
    keys: NDArray[np.uint8]
    crc: NDArray[np.uint32]
    rows: Any
    used: bool = False

    def row(self, i: int) -> NDArray[Any] | None:
        """Row i, or None where it is damaged."""
        row: NDArray[Any] = self.rows[i]
        return row if _crc(self.keys[i].tobytes(), row) == self.crc[i] else None


class Shelf:
    """Rows of one shape and dtype, found by key.

    Args:
        folder: where the segments lie; made when the first is written.
        shape: shape of one row.
        dtype: dtype of the rows, `float32` or `float16`.

    Attributes:
        damaged: how many rows, or whole segments, were found damaged so far.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: str = "float32") -> None:
        self._folder = folder
        self._shape = shape
        self._dtype = dtype
        self._place: dict[bytes, tuple[_Segment, int]] = {}
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
        row = segment.row(i)
        if row is None:
            self.damaged += 1
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

    def _open(self, path: Path) -> None:
        """Map a segment; one that is not as we write it is removed, its rows being lost."""
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
            if raw not in self._place or segment.row(i) is not None:
                self._place[raw] = (segment, i)

    def _segment(self, path: Path) -> _Segment:
        file: Any = safe_open(path, framework="numpy")
        keys, crc, rows = file.get_tensor("keys"), file.get_tensor("crc"), file.get_slice("rows")
        n = crc.size
        if (
            (keys.dtype, keys.shape) != (np.uint8, (n, 32))
            or (crc.dtype, crc.shape) != (np.uint32, (n,))
            or (rows.get_dtype(), rows.get_shape()) != (_DTYPES[self._dtype], [n, *self._shape])
        ):
            raise ValueError("tensors of another kind")
        return _Segment(path, keys, crc, rows)


def make_room(root: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> int:
    """Remove what was not used for longest until everything under `root` fits the limit.

    What a killed process left half-written goes the same way.

    Returns:
        The number of bytes that were freed.
    """
    found = []
    for path in root.rglob("*"):
        with suppress(FileNotFoundError):  # another process makes room too
            status = path.stat()
            if S_ISREG(status.st_mode):
                found.append((status.st_mtime_ns, status.st_size, path))
    excess = sum(size for _, size, _ in found) - limit_bytes
    freed = 0
    for _, size, path in sorted(found):
        if freed >= excess:
            break
        with suppress(PermissionError):  # another user's, or in use where that locks a file
            path.unlink(missing_ok=True)
            freed += size
    return freed


def _crc(key: bytes, row: NDArray[Any]) -> int:
    return zlib.crc32(row.tobytes(), zlib.crc32(key))
