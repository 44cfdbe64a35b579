"""What a Parquet file declares, read from its footer and from the header of every page.

The format: https://parquet.apache.org/docs/file-format/ and `parquet.thrift` beside it; records are
in Thrift's compact protocol. Footer and pages are compared by taking the larger of what they say,
so that neither can hide what the other asks for.
"""

import os
from pathlib import Path
from typing import IO, Any

from headstart.data.declared import Declared, Malformed

_MAGIC = b"PAR1"
_DEEP = 32
_HEADER = 1 << 13  # bytes of a page header that are read at first
_MOST_HEADER = 1 << 24
_BYTES = {0: 1 / 8, 1: 4, 2: 8, 3: 12, 4: 4, 5: 8, 6: 16, 7: 16}
"""Bytes that polars takes for a value, by physical type; for texts and bytes a view of them."""

Record = dict[int, Any]


def declared(path: Path) -> Declared:
    """Rows, and bytes in memory.

    Raises:
        Malformed: it is no Parquet file, or a damaged one.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        footer = _footer(file)
        rows, size = _number(footer, 3), 0.0
        for group in _records(footer, 4):
            rows = max(rows, _number(group, 3))
            size += sum(_chunk(file, _record(chunk, 3)) for chunk in _records(group, 1))
    return Declared(rows, int(size), longest=1)  # polars skips pages


def _footer(file: IO[bytes]) -> Record:
    end = file.seek(0, os.SEEK_END)
    if end < 12:
        raise Malformed("it is too short")
    file.seek(end - 8)
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC:
        raise Malformed("it does not end as a Parquet file does")
    if length > end - 12:
        raise Malformed("its footer is cut off")
    file.seek(end - 8 - length)
    return _Thrift(file.read(length)).record()


def _records(record: Record, field: int) -> list[Record]:
    found = record.get(field, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Malformed("its footer is of another form")
    return found


def _record(record: Record, field: int) -> Record:
    found = record.get(field, {})
    if not isinstance(found, dict):
        raise Malformed("its footer is of another form")
    return found


def _number(record: Record, field: int) -> int:
    found = record.get(field, 0)
    if not isinstance(found, int) or found < 0:
        raise Malformed("a number is none, or below 0")
    return found


def _chunk(file: IO[bytes], meta: Record) -> float:
    """Bytes in memory of a column's part in a row group."""
    kind, values, unpacked, packed, data, dictionary = (
        _number(meta, field) for field in (1, 5, 6, 7, 9, 11)
    )
    at = min(data, dictionary) if dictionary else data
    end, of_pages, values_of_pages = at + packed, 0, 0
    while at < end:
        header, length = _page(file, at)
        of_pages += _number(header, 2)
        values_of_pages += _number(_record(header, 5) or _record(header, 8), 1)
        at += length + _number(header, 3)
    return max(unpacked, of_pages) + max(values, values_of_pages) * _BYTES.get(kind, 16)


def _page(file: IO[bytes], at: int) -> tuple[Record, int]:
    """The header of the page at some place, and how long it is."""
    size = _HEADER
    while True:
        file.seek(at)
        data = file.read(size)
        thrift = _Thrift(data)
        try:
            return thrift.record(), thrift.at
        except Malformed:
            if len(data) < size or size >= _MOST_HEADER:
                raise
            size *= 16


class _Thrift:
    """Thrift's compact protocol, read defensively: field number → value, structures as such."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def record(self, deep: int = 0) -> Record:
        if deep > _DEEP:
            raise Malformed("its records lie too deep in one another")
        found: Record = {}
        field = 0
        while kind := self._byte():
            step = kind >> 4
            field = field + step if step else self._zigzag()
            found[field] = self._value(kind & 15, deep, in_list=False)
        return found

    def _value(self, kind: int, deep: int, *, in_list: bool) -> Any:
        match kind:
            case 1 | 2:
                return self._byte() == 1 if in_list else kind == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._zigzag()
            case 7:
                return self._take(8)
            case 8:
                return self._take(self._varint())
            case 9 | 10:
                head = self._byte()
                count = head >> 4 if head >> 4 < 15 else self._varint()
                if count > len(self._data) - self.at:  # each takes a byte or more
                    raise Malformed("a list is longer than the record that it stands in")
                return [self._value(head & 15, deep, in_list=True) for _ in range(count)]
            case 12:
                return self.record(deep + 1)
        raise Malformed("a record holds what it cannot")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self.at:
            raise Malformed("a record is cut off")
        self.at += count
        return self._data[self.at - count : self.at]

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise Malformed("a number is too long")

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
