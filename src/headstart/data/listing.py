"""A CSV or Parquet file that lists photos: a column of paths and a column of labels."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from headstart.data.kinds import SUFFIXES, is_text
from headstart.errors import OptionError, SourceError
from headstart.store.files import printable

if TYPE_CHECKING:
    import polars


def is_table(source: str | Path) -> bool:
    """Whether a source is a file of rows."""
    return Path(source).suffix.lower() in SUFFIXES and not os.path.isdir(source)


class Row(NamedTuple):
    """One row: its number as a spreadsheet counts, and its cells, empty where they are blank."""

    number: int
    path: str
    label: str
    group: str | None = None


def read_rows(
    source: Path,
    image_column: str | None,
    target: str | None,
    encoding: str,
    group: str | None = None,
) -> list[Row]:
    """Every row of a list of photos, as text.

    Raises:
        OptionError: a column is not named, is not there, or the encoding is unknown.
        SourceError: the file is not a table, or not in this encoding.
    """
    from headstart.data import table  # polars takes 0.15 s, and most sources are folders

    where = printable(os.fspath(source))
    frame = table.cells(source, encoding)
    header, first = frame.columns, 1 + is_text(source)
    path_column = find(image_column, "--image-column", "the paths of the photos", header, where)
    label_column = find(target, "--target", "the labels", header, where)
    groups: Sequence[str | None] = [None] * len(frame)
    if group is not None:
        groups = _texts(frame[find(group, "--group", "the groups", header, where)])
        if without := [number for number, text in enumerate(groups, first) if not text]:
            raise SourceError(
                f"{len(without):,} rows have no value in {group!r}, such as row {without[0]}.",
                where=where,
                mend="Fill them in, or take these rows out.",
            )
    columns = _texts(frame[path_column]), _texts(frame[label_column]), groups
    return [Row(number, *cells) for number, cells in enumerate(zip(*columns, strict=True), first)]


def find(name: str | None, option: str, holds: str, header: list[str], where: str) -> str:
    """A column by its name.

    Raises:
        OptionError: it is not named, or not there; the nearest name is told.
    """
    if name in header:
        return name
    columns = ", ".join(repr(column) for column in header)
    if name is None:
        raise OptionError(
            f"{option} must name the column with {holds}.",
            where=where,
            mend=f"Its columns are {columns}.",
        )
    near = get_close_matches(name, header, n=1, cutoff=0.5)
    raise OptionError(
        f"there is no column {name!r} for {option}.",
        where=where,
        mend=(f"Did you mean {near[0]!r}? " if near else "") + f"Its columns are {columns}.",
    )


def _texts(column: "polars.Series") -> list[str]:
    import polars

    return [(text or "").strip() for text in column.cast(polars.String)]
