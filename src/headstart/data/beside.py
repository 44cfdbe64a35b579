"""Tables that are read as one: the rows to train on, and files of those that validate and test.

A column is of one type in all of them. Cells of text files are typed together, so that what makes
a column text in one file makes it text in all, and nobody is trained on one thing and judged by
another.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from headstart.data import table
from headstart.data.kinds import is_text
from headstart.data.layout import quoted
from headstart.data.table import Cells, Table
from headstart.data.typed import as_texts, forms_of, typed, whole_numbers, with_labels
from headstart.errors import OptionError, SourceError
from headstart.sets import Side
from headstart.store.files import printable

_NAMED = 5  # columns


class _Part(NamedTuple):
    """The cells of one file."""

    where: str
    is_text: bool
    cells: Cells

    @property
    def frame(self) -> pl.DataFrame:
        return self.cells.frame


def read(
    source: Path,
    beside: Mapping[Side, Path],
    encoding: str = "utf-8",
    most: int | None = None,
    *,
    target: str | None = None,
    seed: int = 0,
) -> Table:
    """Read a file of rows, and with it the files whose rows are on one side.

    Args:
        beside: the file of each side that has one.
        most, seed: as in `table.read`, for each file.
        target: the column with the labels.

    Raises:
        OptionError: one file is given twice; or as `table.read`.
        SourceError: one of them is no table; they have other columns than `source`, or a column
            is a number in one and a text in another.
    """
    if not beside:
        return table.read(source, encoding, most, read_column=with_labels(target), seed=seed)
    files: dict[Side | None, Path] = {None: source}
    files.update(beside.items())
    _refuse_twice(files)
    some_text = any(map(is_text, files.values()))
    parts = [
        _Part(
            printable(os.fspath(file)),
            is_text(file),
            table.drawn(
                file,
                encoding if is_text(file) or not some_text else "utf-8",
                most,
                seed=seed,
                memory=table.MEMORY / len(files),
            ),
        )
        for file in files.values()
    ]
    columns = parts[0].frame.columns
    for part in parts[1:]:
        _check_columns(columns, part, parts[0].where)
    joined = [_one_type(name, parts, labels=name == target) for name in columns]
    rows = np.concatenate([part.cells.rows for part in parts])
    given = [side for side, part in zip(files, parts, strict=True) for _ in range(len(part.frame))]
    total = sum(part.cells.total for part in parts)
    frame = pl.DataFrame(joined)
    texts = [part.frame.select(columns) for part in parts if part.is_text]
    forms = forms_of(frame, pl.concat(texts)) if texts else {}
    return table.whole(source, Cells(frame, rows, total), given, forms)


def _refuse_twice(files: Mapping[Side | None, Path]) -> None:
    seen: dict[str, str] = {}
    for side, file in files.items():
        option = f"--{side}-file" if side else "the source"
        path = os.path.realpath(file)
        if path in seen:
            raise OptionError(
                f"{printable(os.fspath(file))} is {seen[path]} already.",
                where=option,
                mend="Rows can be on one side only: name another file.",
            )
        seen[path] = option


def _check_columns(columns: list[str], part: _Part, first: str) -> None:
    """Refuse a file of other columns; their order does not matter."""
    lacking = [name for name in columns if name not in part.frame.columns]
    more = [name for name in part.frame.columns if name not in columns]
    if not lacking and not more:
        return
    faults = [
        f"{verb} {quoted(names)}" for verb, names in (("lacks", lacking), ("has", more)) if names
    ]
    slips = lacking if len(lacking) <= _NAMED else []  # more are none: it is another table
    near = {name: get_close_matches(name, more, n=1) for name in slips}
    hints = [f"Did you mean {found[0]!r} for {name!r}?" for name, found in near.items() if found]
    raise SourceError(
        f"{' and '.join(faults)}, unlike {first}.",
        where=part.where,
        mend=" ".join([*hints, "Give both files the same columns."]),
    )


def _one_type(name: str, parts: list[_Part], *, labels: bool) -> pl.Series:
    """A column of all files, one after another."""
    cells = [part.frame[name] for part in parts]
    read = partial(typed, labels=labels)
    if labels:
        cells = [c.cast(pl.String) if c.dtype == pl.Boolean else c for c in cells]
    alone = [
        read(c, commas=part.cells.commas) if part.is_text else c
        for c, part in zip(cells, parts, strict=True)
    ]
    kinds = {column.dtype for column in alone if column.dtype != pl.Null}
    if all(part.is_text for part in parts):
        joined = read(pl.concat(cells), commas=min((p.cells.commas for p in parts), key=len))
        if joined.dtype != pl.String or not _differ(alone, cells):
            return joined
        if all(kind.is_numeric() for kind in kinds):  # each with commas of its own
            return _stacked(alone, pl.Float64())
    elif len(kinds) <= 1:
        return _stacked(alone, next(iter(kinds), pl.Null()))
    elif all(kind.is_numeric() for kind in kinds):
        return _stacked(alone, pl.Float64())
    elif kinds <= {pl.Date(), pl.Datetime("us")}:
        return _stacked(alone, pl.Datetime("us"))
    elif pl.String() in kinds and all(
        part.is_text or column.dtype in (pl.String, pl.Null)
        for part, column in zip(parts, alone, strict=True)
    ):
        texts = [_as_text(c, part) for c, part in zip(cells, parts, strict=True)]
        return _stacked(texts, pl.String())
    named = "; ".join(
        f"{_KINDS[column.dtype.base_type()]} in {part.where}"
        for column, part in zip(alone, parts, strict=True)
        if column.dtype != pl.Null
    )
    raise SourceError(
        f"{name!r} is of several types: {named}.",
        where=parts[0].where,
        mend="Give it the same type in all files: the cells that differ may be slips.",
    )


_KINDS: dict[Any, str] = {
    pl.Int64: "whole numbers",
    pl.Float64: "numbers",
    pl.Boolean: "true and false",
    pl.String: "text",
    pl.Date: "dates",
    pl.Datetime: "dates with times",
    pl.Time: "times",
}


def _differ(alone: list[pl.Series], cells: list[pl.Series]) -> bool:
    """Whether a column that is text in all files together is a number or a time in one of them.

    Whole numbers are names where there are too many digits, or zeros ahead; that is no slip.
    """
    measured = [c for c in alone if c.dtype.is_numeric() or c.dtype.is_temporal()]
    if not measured:
        return False
    texts = [c for c, column in zip(cells, alone, strict=True) if column.dtype == pl.String]
    names = bool(texts) and all(whole_numbers(c) for c in texts)
    return not names or not all(column.dtype.is_integer() for column in measured)


def _stacked(columns: list[pl.Series], dtype: pl.DataType) -> pl.Series:
    return pl.concat([column.cast(dtype) for column in columns])


def _as_text(column: pl.Series, part: _Part) -> pl.Series:
    if not part.is_text:
        return column
    return as_texts(column)
