"""What an Arrow file (IPC, Feather 2) declares, read from its footer and from every batch's header.

The format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format; records are
FlatBuffers. Each compressed buffer begins with its length when unpacked.
"""

import os
import struct
from pathlib import Path
from typing import IO

from headstart.data.declared import Declared, Malformed

_MAGIC = b"ARROW1"
_RECORDS, _DICTIONARY = 3, 2  # kinds of message


def declared(path: Path) -> Declared:
    """Rows, and bytes in memory.

    Raises:
        Malformed: it is no Arrow file, or a damaged one.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        if end < 20:
            raise Malformed("it is too short")
        file.seek(0)
        head = file.read(6)
        file.seek(end - 10)
        tail = file.read(10)
        length = int.from_bytes(tail[:4], "little")
        if head != _MAGIC or tail[4:] != _MAGIC:
            raise Malformed("it does not begin and end as an Arrow file does")
        if length > end - 20:
            raise Malformed("its footer is cut off")
        file.seek(end - 10 - length)
        footer = _Table.root(file.read(length))
        rows = size = longest = 0
        for field in (2, 3):
            for start, meta_length, _, body_length in footer.structs(field, "<qiiq"):
                if min(start, meta_length, body_length) < 0 or start + meta_length > end:
                    raise Malformed("a batch lies outside of it")
                count, taken = _batch(file, start, meta_length, end)
                rows += count if field == 3 else 0
                longest = max(longest, count)
                size += taken
    return Declared(rows, size, longest)


def _batch(file: IO[bytes], start: int, meta_length: int, end: int) -> tuple[int, int]:
    """Rows of a batch or dictionary, and bytes of its unpacked buffers."""
    file.seek(start)
    data = file.read(meta_length)
    message = _Table.root(data[8:] if data[:4] == b"\xff\xff\xff\xff" else data[4:])
    kind, body = message.number(1, "<B"), message.table(2)
    if kind == _DICTIONARY and body is not None:
        body = body.table(1)
    elif kind != _RECORDS:
        raise Malformed("a batch is of another kind")
    if body is None:
        raise Malformed("a batch is empty")
    rows, packed, size = body.number(0, "<q"), body.table(3) is not None, 0
    longest = max([rows, *(length for length, _ in body.structs(1, "<qq"))])
    if rows < 0:
        raise Malformed("a batch has fewer rows than none")
    for offset, length in body.structs(2, "<qq"):
        place = start + meta_length + offset
        if offset < 0 or length < 0 or place + length > end:
            raise Malformed("a column lies outside of it")
        unpacked = -1
        if packed and length >= 8:
            file.seek(place)
            unpacked = int.from_bytes(file.read(8), "little", signed=True)
        size += length if unpacked < 0 else unpacked
    return rows, size + longest


class _Table:
    """A FlatBuffers table, read defensively."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._read("<i", at)
        self._length = self._read("<H", self._fields)

    @classmethod
    def root(cls, data: bytes) -> "_Table":
        start = int.from_bytes(data[:4], "little")
        return cls(data, start)

    def number(self, field: int, form: str) -> int:
        """A number; 0 where the field is not there."""
        place = self._place(field)
        return self._read(form, place) if place else 0

    def table(self, field: int) -> "_Table | None":
        """A table within, if it is there."""
        place = self._place(field)
        return _Table(self._data, place + self._read("<I", place)) if place else None

    def structs(self, field: int, form: str) -> list[tuple[int, ...]]:
        """The members of a vector of structures; none where it is not there."""
        place = self._place(field)
        if not place:
            return []
        start = place + self._read("<I", place)
        count, size = self._read("<I", start), struct.calcsize(form)
        end = start + 4 + count * size
        if end > len(self._data):
            raise Malformed("a list is longer than the record that it stands in")
        return list(struct.iter_unpack(form, self._data[start + 4 : end]))

    def _place(self, field: int) -> int:
        """Where a field lies; 0: it is not there."""
        entry = 4 + 2 * field
        offset = self._read("<H", self._fields + entry) if entry + 2 <= self._length else 0
        return self._at + offset if offset else 0

    def _read(self, form: str, at: int) -> int:
        if at < 0 or at + struct.calcsize(form) > len(self._data):
            raise Malformed("a record is cut off")
        return int(struct.unpack_from(form, self._data, at)[0])
