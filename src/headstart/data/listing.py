"""A CSV or Parquet file that lists photos: a column of paths and a column of labels."""

import codecs
import csv
import io
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from headstart.errors import OptionError, SourceError
from headstart.store.files import printable

if TYPE_CHECKING:
    import polars

SUFFIXES = (".csv", ".tsv", ".parquet")


class Row(NamedTuple):
    """One row: its number as a spreadsheet counts, and its cells, empty where they are blank."""

    number: int
    path: str
    label: str


def read_rows(
    table: Path, image_column: str | None, target: str | None, encoding: str
) -> list[Row]:
    """Every row of a list of photos, as text.

    Raises:
        OptionError: a column is not named, is not there, or the encoding is unknown.
        SourceError: the file is not a table, not in this encoding, or names a column twice.
    """
    where = printable(str(table))
    if table.suffix.lower() == ".parquet":
        header, first = _parquet_header(table, where), 1
    else:
        try:
            data = table.read_bytes()
        except OSError as error:
            raise _unreadable(where, error) from error
        text = _decoded(data, encoding, where)
        separator = _separator(text)
        header, first = _csv_header(text, separator, where), 2
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceError(
            f"more than one column is named {', '.join(map(repr, twice))}.",
            where=where,
            mend="Give each column a name of its own.",
        )
    path_column = _column(image_column, "--image-column", "the paths of the photos", header, where)
    label_column = _column(target, "--target", "the labels", header, where)
    import polars  # 0.15 s, and most sources are folders

    try:
        if table.suffix.lower() == ".parquet":
            frame = polars.read_parquet(table, columns=[path_column, label_column])
        else:
            frame = polars.read_csv(
                text.encode(),
                columns=[path_column, label_column],
                separator=separator,
                infer_schema=False,
            )
        paths, labels = _texts(frame, path_column), _texts(frame, label_column)
    except polars.exceptions.PolarsError as error:
        raise _unreadable(where, error) from error
    return [
        Row(number, path, label)
        for number, (path, label) in enumerate(zip(paths, labels, strict=True), first)
    ]


def _column(name: str | None, option: str, holds: str, header: list[str], where: str) -> str:
    if name in header:
        return name
    columns = ", ".join(repr(column) for column in header)
    if name is None:
        raise OptionError(
            f"a list of photos needs {option}, the column with {holds}.",
            where=where,
            mend=f"Its columns are {columns}.",
        )
    near = get_close_matches(name, header, n=1, cutoff=0.5)
    raise OptionError(
        f"there is no column {name!r} for {option}.",
        where=where,
        mend=(f"Did you mean {near[0]!r}? " if near else "") + f"Its columns are {columns}.",
    )


def _decoded(data: bytes, encoding: str, where: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)  # there are codecs of other things than text
    except (LookupError, UnicodeError) as error:
        raise OptionError(
            f"unknown encoding {encoding!r}.",
            where="--encoding",
            mend="Common ones are utf-8, utf-16, cp1252 and latin-1.",
        ) from error
    try:
        return data.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        raise SourceError(
            f"byte {start:,} is not {codec}.",
            where=where,
            mend="Name the right one with --encoding, such as utf-16, cp1252 or latin-1.",
        ) from error


def _separator(text: str) -> str:
    """Comma, semicolon or tab: whichever the first line has most of."""
    line = text.partition("\n")[0]
    return max(",;\t", key=line.count)


def _csv_header(text: str, separator: str, where: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error as error:  # a quote that is never closed swallows the file
        raise _unreadable(where, error) from error


def _parquet_header(table: Path, where: str) -> list[str]:
    import polars

    try:
        return list(polars.read_parquet_schema(table))
    except (polars.exceptions.PolarsError, OSError) as error:
        raise _unreadable(where, error) from error


def _texts(frame: "polars.DataFrame", column: str) -> list[str]:
    import polars

    return [(text or "").strip() for text in frame[column].cast(polars.String)]


def _unreadable(where: str, error: Exception) -> SourceError:
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    return SourceError(
        f"cannot be read as a table ({reason}).",
        where=where,
        mend="Write it again as UTF-8 CSV or as Parquet, one photo a row.",
    )
