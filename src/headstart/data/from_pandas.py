"""A pandas frame as a polars one, without pyarrow, which polars and pandas would need for it."""

from typing import Any

import numpy as np
import polars as pl

from headstart.data.delimited import check_names


def frame_from_pandas(given: Any) -> pl.DataFrame:
    """Every column of a frame of at least one, its missing values as nulls.

    Local times stay as a clock there shows them. A column of several types is one of texts.

    Raises:
        SourceError: two columns have names that are the same as text, or one has none.
    """
    names = [str(name) for name in given.columns]
    check_names(names, "rows")
    return pl.DataFrame([_column(name, given.iloc[:, i]) for i, name in enumerate(names)])


def _column(name: str, column: Any) -> pl.Series:
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_localize(None)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind != "O":
        return pl.Series(name, column.to_numpy(), nan_to_null=True)
    gone = column.isna().tolist()
    cells = [None if none else cell for cell, none in zip(column.tolist(), gone, strict=True)]
    try:
        return pl.Series(name, cells)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if cell is None else str(cell) for cell in cells], pl.String)
