"""data/from_pandas.py: users' own frames."""

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from headstart.data.table import as_frame, checked
from headstart.errors import SourceError

DAYS = pd.to_datetime(["2024-01-01 10:00", None])


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (np.array([1, 2]), [1, 2]),
        ([1.5, None], [1.5, None]),
        ([True, False], [True, False]),
        (["x", None], ["x", None]),
        (pd.Categorical(["x", None]), ["x", None]),
        (pd.array([1, None], dtype="Int64"), [1, None]),
        (pd.array([True, None], dtype="boolean"), [True, None]),
        (DAYS, [datetime.datetime(2024, 1, 1, 10), None]),
        (DAYS.tz_localize("Europe/Berlin"), [datetime.datetime(2024, 1, 1, 10), None]),
        (pd.to_timedelta(["1h", None]), [3600.0, None]),
        (np.array([1, "a"], object), ["1", "a"]),
        (np.array([None, None], object), [None, None]),
    ],
)
def test_a_column_holds_the_same_cells(column: Any, cells: list[Any]) -> None:
    frame = checked(as_frame(pd.DataFrame({"x": column}, index=[7, 3])), "rows")
    assert frame["x"].to_list() == cells


def test_numbers_may_name_columns() -> None:
    assert as_frame(pd.DataFrame(np.eye(2))).columns == ["0", "1"]


def test_a_column_that_is_named_twice_is_an_error() -> None:
    twice = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"])
    with pytest.raises(SourceError, match="more than one column is named 'a'"):
        as_frame(twice)


def test_a_frame_without_columns_is_one_without_columns() -> None:
    assert as_frame(pd.DataFrame()).equals(pl.DataFrame())
