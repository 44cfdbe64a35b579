"""Columns that divide or weigh the rows of a table, instead of telling the network of them.

Each has a value in every row: a row without one would be divided or weighed by nobody's choice.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data.listing import find
from headstart.errors import SourceError, few

REASONS: Mapping[str, str] = {
    "group": "groups rows",
    "time": "says when: what is predicted later lies outside of what could be learned of it",
    "sample_weight": "weighs rows",
}
"""Why the network is not given the column that an option names."""

IGNORED = "passed over, as asked"


def groups(frame: pl.DataFrame, name: str, rows: Sequence[str], where: str) -> NDArray[np.int64]:
    """int64 (n,): rows of one value have one number.

    Args:
        rows: what each row is called, length n.

    Raises:
        OptionError: there is no such column.
        SourceError: rows have no value in it.
    """
    column = _column(frame, "group", "the groups", name, rows, where)
    return column.cast(pl.String).rank("dense").to_numpy().astype(np.int64)


def times(frame: pl.DataFrame, name: str, rows: Sequence[str], where: str) -> NDArray[np.int64]:
    """int64 (n,): the place of each row's time among all times, from 0 for the oldest.

    Raises:
        OptionError, SourceError: as `groups`; or the column holds neither times nor numbers.
    """
    column = _column(frame, "time", "the times", name, rows, where)
    if not (column.dtype.is_temporal() or column.dtype.is_numeric()):
        raise SourceError(
            f"{name!r} holds no times: it is read as {_called(column)}, such as {column[0]!r}.",
            where=where,
            mend="Write dates as 2024-12-31, with 23:59 after them where there is a time, or "
            "give numbers that grow.",
        )
    return column.rank("dense").to_numpy().astype(np.int64) - 1


def weights(frame: pl.DataFrame, name: str, rows: Sequence[str], where: str) -> NDArray[np.float64]:
    """float64 (n,): how much each row counts in training, 0 or more.

    Raises:
        OptionError, SourceError: as `groups`; or the column holds other things than numbers, or
            numbers below 0; the rows are named.
    """
    column = _column(frame, "sample_weight", "the weights", name, rows, where)
    if not column.dtype.is_numeric():
        found = column.cast(pl.String).cast(pl.Float64, strict=False)
        raise SourceError(
            f"{name!r} holds no numbers, but {_called(column)} "
            f"({_named(found.is_null().to_numpy(), rows)}).",
            where=where,
            mend="A weight is a number, 0 or more.",
        )
    below = (column < 0).to_numpy()
    if below.any():
        raise SourceError(
            f"{int(below.sum()):,} weights in {name!r} are below 0 ({_named(below, rows)}).",
            where=where,
            mend="A row of weight 0 is not learned from; none counts less than that.",
        )
    return column.cast(pl.Float64).to_numpy()


def _column(
    frame: pl.DataFrame, option: str, holds: str, name: str, rows: Sequence[str], where: str
) -> pl.Series:
    flag = f"--{option.replace('_', '-')}"
    column = frame[find(name, flag, holds, frame.columns, where)]
    missing = column.is_null().to_numpy()
    if missing.any():
        raise SourceError(
            f"{int(missing.sum()):,} rows have no value in {name!r} ({_named(missing, rows)}), "
            f"which {flag} names.",
            where=where,
            mend="Fill them in, or take these rows out.",
        )
    return column


def _named(which: NDArray[np.bool_], rows: Sequence[str]) -> str:
    return few([rows[i] for i in np.flatnonzero(which).tolist()])


def _called(column: pl.Series) -> str:
    return "true and false" if column.dtype == pl.Boolean else "text"
