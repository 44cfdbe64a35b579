"""A table read whole, with one type for each column: CSV, TSV, Parquet, Arrow, or a frame."""

import io
import math
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data import delimited, numerals, packed
from headstart.data.columns import Commas
from headstart.data.delimited import check_names
from headstart.data.from_pandas import frame_from_pandas
from headstart.data.kinds import SUFFIXES, is_text
from headstart.data.numerals import EXACT
from headstart.data.typed import as_texts, forms_of, typed
from headstart.errors import OptionError, SourceError
from headstart.sets import Side
from headstart.store.files import printable

MEMORY = 4 << 30
"""Bytes that reading and training may take; of a table that would take more, rows are drawn."""

_ROW_BYTES = 800  # names, labels, keys and numbers of a row, beside its cells; measured
_YEAR_1, _YEAR_10000 = -719_162, 2_932_897  # in days since 1970


@dataclass(frozen=True)
class Table:
    """A table in memory.

    Attributes:
        source: absolute path of the file, or what stands for it.
        frame: columns of numbers, booleans, dates and times, or texts; no value is null.
        rows: int64 (n,), the number of each row as a spreadsheet counts them.
        given: the side that each row's own file puts it on, if any.
        forms: how the dates and times, or the commas, of a column were written in texts.
        not_drawn: how many rows were not read, for all would have been too many.
    """

    source: str
    frame: pl.DataFrame
    rows: NDArray[np.int64]
    given: Sequence[Side | None]
    forms: Mapping[str, str]
    not_drawn: int = 0

    def names(self, which: NDArray[np.bool_]) -> list[str]:
        """What the rows of a mask, bool (n,), are called: `row 7`, `test row 7`."""
        numbered = zip(self.rows[which].tolist(), compress(self.given, which), strict=True)
        return [f"{side} row {n}" if side else f"row {n}" for n, side in numbered]


class Cells(NamedTuple):
    """Rows of a file as they stand there.

    Attributes:
        frame: the columns; those of a text file are texts.
        rows: int64 (n,), the number of each row as a spreadsheet counts them.
        total: how many rows there are, of which these were drawn.
        commas: what they may be in the numbers of a text file.
    """

    frame: pl.DataFrame
    rows: NDArray[np.int64]
    total: int
    commas: Collection[Commas] = numerals.THOUSANDS


def read(
    source: Path,
    encoding: str = "utf-8",
    most: int | None = None,
    *,
    read_column: Callable[[pl.Series, Collection[Commas]], pl.Series] = typed,
    seed: int = 0,
    memory: float = MEMORY,
) -> Table:
    """Read a file of rows, with a type for each column; rows without any value are passed over.

    Args:
        most: draw so many rows where there are more; None: as many as fit into `memory`.
        read_column: makes of a column of texts what it is; it is told what commas may be.
        seed: chooses the draw.
        memory: bytes that reading and training may take, as far as can be told before; where
            it is endless, all rows are read.

    Raises:
        OptionError: the encoding is unknown, or given for a file that is no text.
        SourceError: the file is no table.
    """
    found = drawn(source, encoding, most, seed=seed, memory=memory)
    frame, forms = found.frame, dict[str, str]()
    if is_text(source):
        frame = frame.select(read_column(column, found.commas) for column in frame)
        forms = forms_of(frame, found.frame)
    return whole(source, found._replace(frame=frame), [None] * len(frame), forms)


def as_it_stands(source: Path, encoding: str = "utf-8") -> Table:
    """All rows of a file, the cells of a text file as texts: what each column is, is known.

    Raises:
        OptionError, SourceError: as `read`.
    """
    return _standing(source, drawn(source, encoding, memory=math.inf))


def in_pieces(source: Path, encoding: str = "utf-8") -> Iterator[Table]:
    """`as_it_stands`, some rows at a time, so that memory does not grow with the file.

    Raises:
        OptionError, SourceError: as `read`.
    """
    where = printable(os.fspath(source))
    _refuse(source, encoding)
    first = start = 1 + is_text(source)
    if is_text(source):
        with packed.reading(where), delimited.opened(source, encoding) as found:
            for piece in delimited.pieces(found):
                frame = _of_text(io.BytesIO(piece), found.separator)
                yield _standing(source, _below(frame, where, start))
                start += len(frame)
    else:
        for frame in packed.pieces(source):
            yield _standing(source, _below(frame, where, start))
            start += len(frame)
    if start == first:
        raise _no_row(where)


def _below(frame: pl.DataFrame, where: str, start: int) -> Cells:
    return Cells(checked(frame, where), np.arange(start, start + len(frame)), len(frame))


def _standing(source: Path, found: Cells) -> Table:
    frame = found.frame
    if is_text(source):
        frame = frame.select(as_texts(column) for column in frame)
    return whole(source, found._replace(frame=frame), [None] * len(frame), {})


def _no_row(where: str) -> SourceError:
    return SourceError("has no row.", where=where, mend="Give some.")


def drawn(
    source: Path,
    encoding: str = "utf-8",
    most: int | None = None,
    *,
    seed: int = 0,
    memory: float = MEMORY,
) -> Cells:
    """The cells of all rows, or of some from all over the file; see `read`.

    Raises:
        OptionError, SourceError: as `read`.
    """
    where = printable(os.fspath(source))
    _refuse(source, encoding)
    commas = numerals.THOUSANDS
    if is_text(source):
        with packed.reading(where), delimited.opened(source, encoding) as found:
            total = found.rows
            size = 3 * found.path.stat().st_size + 32 * len(found.header) * total
            chosen = _choice(total, size, most, seed, memory)
            with delimited.only(found, chosen) if len(chosen) < total else nullcontext(found) as it:
                frame = _of_text(it.path, it.separator)
        if it.separator != ",":
            commas = numerals.EITHER
    else:
        told = packed.declared(source)
        total = told.rows
        chosen = _choice(total, 3 * told.size, most, seed, memory)
        frame = packed.read(source, chosen if len(chosen) < total else None)
    if not len(frame):
        raise _no_row(where)
    first = 1 + is_text(source)  # a spreadsheet counts the header too
    return Cells(checked(frame, where), chosen + first, total, commas)


def _choice(total: int, size: int, most: int | None, seed: int, memory: float) -> NDArray[np.int64]:
    """int64 (n,), ascending: the rows to read; one from each of n stretches of the file.

    Args:
        size: bytes that all cells take.
    """
    if most is None:
        most = max(1, int(min(memory / (size / max(total, 1) + _ROW_BYTES), total)))
    if total <= most:
        return np.arange(total)
    edges = np.arange(most + 1) * total // most
    return np.random.default_rng([seed, total]).integers(edges[:-1], edges[1:])


def whole(
    source: Path, found: Cells, given: Sequence[Side | None], forms: Mapping[str, str]
) -> Table:
    """A table of the rows that have a value."""
    frame = found.frame
    there = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    kept = list(compress(given, there))
    left = found.total - len(frame)
    rows = found.rows[there]
    return Table(os.path.abspath(source), frame.filter(there), rows, kept, forms, left)


def cells(source: Path, encoding: str = "utf-8") -> pl.DataFrame:
    """The columns of a file as they stand there; those of a text file are texts.

    Raises:
        OptionError, SourceError: as `read`.
    """
    where = printable(os.fspath(source))
    _refuse(source, encoding)
    if not is_text(source):
        return checked(packed.read(source), where)
    with packed.reading(where), delimited.opened(source, encoding) as found:
        return checked(_of_text(found.path, found.separator), where)


def _of_text(source: Path | io.BytesIO, separator: str) -> pl.DataFrame:
    return pl.read_csv(source, separator=separator, infer_schema=False)


def _refuse(source: Path, encoding: str) -> None:
    """Refuse a file that is no table by its name, and an encoding of one that is no text."""
    if source.suffix.lower() not in SUFFIXES and source.is_file():
        raise SourceError(
            "is no table, by the end of its name.",
            where=printable(os.fspath(source)),
            mend=f"Tables end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.",
        )
    if not is_text(source) and encoding != "utf-8":
        raise OptionError(
            f"would do nothing for {printable(os.fspath(source))}: it is no text.",
            where="--encoding",
            mend="Leave it out.",
        )


def checked(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """A frame of columns that a classifier can use; categories of other libraries as text.

    Raises:
        SourceError: it has columns of lists, records or bytes, or of dates that no calendar has;
            they are named.
    """
    check_names(frame.columns, where)
    odd = [f"{c.name!r} ({c.dtype})" for c in frame if c.dtype.is_nested() or c.dtype == pl.Binary]
    if odd:
        raise SourceError(
            f"columns that hold more than one value, or bytes: {', '.join(odd)}.",
            where=where,
            mend="Leave them out, or make a column of each of their values.",
        )
    if strange := [repr(c.name) for c in frame if not _in_calendar(c)]:
        raise SourceError(
            f"dates or times that are none, or not of the years 1 to 9999: {', '.join(strange)}.",
            where=where,
            mend="Mend these columns where the file was made, or leave them out.",
        )
    return frame.select(_plain(column) for column in frame)


def _in_calendar(column: pl.Series) -> bool:
    """Whether polars can write each date or time of a column; it panics at others."""
    dtype = column.dtype
    if dtype == pl.Time:
        least, most = 0, 86_400 * 10**9 - 1
    elif dtype == pl.Date:
        least, most = _YEAR_1, _YEAR_10000 - 1
    elif isinstance(dtype, pl.Datetime):
        day = 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.time_unit]
        least, most = _YEAR_1 * day, _YEAR_10000 * day - 1
    else:
        return True
    numbers = column.to_physical()
    low, high = numbers.min(), numbers.max()
    return low is None or bool(least <= low and high <= most)  # type: ignore[operator]


def _plain(column: pl.Series) -> pl.Series:
    """Without the types that are only other ways to keep a number or a text."""
    dtype = column.dtype
    if dtype in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    if dtype == pl.Decimal or dtype.is_float():
        numbers = column.cast(pl.Float64)
        return numbers.set(~numbers.is_finite(), None)
    if dtype.is_unsigned_integer() or dtype.is_signed_integer():
        if len(column) and max(abs(int(column.min() or 0)), int(column.max() or 0)) >= EXACT:  # type: ignore[arg-type]
            return column.cast(pl.String)
        return column.cast(pl.Int64)
    if isinstance(dtype, pl.Datetime):
        return column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    if isinstance(dtype, pl.Duration):
        return column.dt.total_seconds(fractional=True)
    return column


def as_frame(given: Any) -> pl.DataFrame:
    """A polars or pandas frame, an Arrow table, a mapping of columns, or a list of records.

    Raises:
        OptionError: it is none of these.
    """
    try:
        if isinstance(given, pl.DataFrame):
            return given
        if isinstance(given, list | tuple) and all(isinstance(row, dict) for row in given):
            return pl.DataFrame(list(given), infer_schema_length=None, strict=False)
        if isinstance(given, dict):
            return pl.DataFrame(given, strict=False)
        if type(given).__module__.partition(".")[0] == "pandas" and hasattr(given, "columns"):
            return frame_from_pandas(given)
        if hasattr(given, "__arrow_c_stream__"):
            return pl.DataFrame(given)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise OptionError(
            f"cannot be made a table ({str(error).partition(chr(10))[0].rstrip('.')}).",
            mend="Give a frame whose columns hold one type of value each.",
        ) from error
    raise OptionError(
        f"{type(given).__name__} is no table.",
        mend="Give a polars or pandas frame, an Arrow table, or a list of records.",
    )
