"""Tables in Parquet or Arrow files, read only where what they unpack to is in proportion."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data import arrow_footer, parquet_footer
from headstart.data.declared import Declared, Malformed
from headstart.data.delimited import unreadable
from headstart.errors import SourceError
from headstart.silence import standard_error_closed
from headstart.store.files import printable

_ALWAYS = 1 << 30  # bytes that any file may unpack to
_TIMES = 1000  # its own size; real columns are seldom packed a hundredfold
_SLICE = 64 << 20  # bytes unpacked at once, where the file is not made of larger pieces
_AGAIN = "Write it again from where it came from; if it is right, in several files or as CSV."


def declared(source: Path) -> Declared:
    """What a file says that it holds.

    Raises:
        SourceError: it is damaged, or unpacks to more than a real one does.
    """
    where = printable(os.fspath(source))
    try:
        found = (
            parquet_footer.declared(source) if is_parquet(source) else arrow_footer.declared(source)
        )
    except (Malformed, OSError) as error:
        raise unreadable(where, error) from error
    _refuse_swollen(found.size, source, where)
    return found


def read(source: Path, rows: NDArray[np.int64] | None = None) -> pl.DataFrame:
    """All of its columns.

    Args:
        rows: numbers, ascending, of those that are wanted, 0 for the first; None: all.

    Raises:
        SourceError: as `declared`; or polars cannot read it.
    """
    where = printable(os.fspath(source))
    told = declared(source)
    with reading(where), standard_error_closed():
        if rows is not None:
            frame = _some(source, rows, told)
        else:
            frame = pl.read_parquet(source) if is_parquet(source) else pl.read_ipc(source)
    texts = frame.select(pl.col(pl.String).str.len_bytes().sum().cast(pl.Int64))
    _refuse_swollen(sum(texts.row(0)) if texts.width else 0, source, where)  # one text, many times
    return frame


def pieces(source: Path) -> Iterator[pl.DataFrame]:
    """All rows, some at a time.

    Raises:
        SourceError: as `declared`; or polars cannot read it.
    """
    told = declared(source)
    for start, length in _slices(told):
        with reading(printable(os.fspath(source))), standard_error_closed():
            piece = _slice(source, start, length)
        yield piece


def _some(source: Path, rows: NDArray[np.int64], told: Declared) -> pl.DataFrame:
    """Some rows, read a slice at a time: a streaming filter holds several times as much."""
    found = []
    for start, length in _slices(told):
        piece = _slice(source, start, length)
        first, last = np.searchsorted(rows, [start, start + len(piece)])
        found.append(piece[rows[first:last] - start])
    return pl.concat(found)


def _slices(told: Declared) -> Iterator[tuple[int, int]]:
    length = max(_SLICE * told.rows // max(told.size, 1), told.longest, 1)
    return ((start, length) for start in range(0, told.rows, length))


def _slice(source: Path, start: int, length: int) -> pl.DataFrame:
    scan = pl.scan_parquet if is_parquet(source) else pl.scan_ipc
    return scan(source).slice(start, length).collect(engine="streaming")


@contextmanager
def reading(where: str) -> Iterator[None]:
    """What polars says of a file that it cannot read, in our words."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise unreadable(where, error) from error


def is_parquet(source: Path) -> bool:
    """Whether it is read as Parquet; else as Arrow."""
    return source.suffix.lower() == ".parquet"


def _refuse_swollen(size: int, source: Path, where: str) -> None:
    own = source.stat().st_size
    if size > max(_ALWAYS, _TIMES * own):
        raise SourceError(
            f"its {own:,} bytes would take {size / 1e9:,.1f} GB of memory: it is damaged, or made "
            "to exhaust it.",
            where=where,
            mend=_AGAIN,
        )
