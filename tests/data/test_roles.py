"""data/roles.py: columns that divide or weigh rows."""

import datetime

import polars as pl
import pytest

from headstart.data import roles
from headstart.errors import OptionError, SourceError

ROWS = [f"row {i}" for i in range(2, 6)]


def frame(*cells: object) -> pl.DataFrame:
    return pl.DataFrame({"x": list(cells)}, strict=False)


def test_rows_of_one_value_are_one_group() -> None:
    for cells in (("p", "q", "p", "r"), (7, 3, 7, 1), (True, False, True, True)):
        found = roles.groups(frame(*cells), "x", ROWS, "t.csv").tolist()
        same = [[a == b for b in cells] for a in cells]
        assert [[a == b for b in found] for a in found] == same


def test_times_are_numbered_from_the_oldest() -> None:
    day = datetime.date(2024, 1, 1)
    assert roles.times(frame(day, day.replace(year=2020), day, day), "x", ROWS, "t").tolist() == [
        1, 0, 1, 1,
    ]  # fmt: skip
    assert roles.times(frame(0.5, -3.0, 9.0, 0.5), "x", ROWS, "t").tolist() == [1, 0, 2, 1]


def test_what_is_no_time_is_an_error_that_says_how_to_write_one() -> None:
    with pytest.raises(SourceError, match=r"'x' holds no times: it is read as text, such as 'May"):
        roles.times(frame("May 3", "June 4"), "x", ROWS, "t.csv")


def test_weights_are_numbers_of_0_or_more() -> None:
    assert roles.weights(frame(0, 1, 2, 3), "x", ROWS, "t.csv").tolist() == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(SourceError, match=r"2 weights in 'x' are below 0 \(row 3 and row 5\)"):
        roles.weights(frame(0.0, -1, 2, -0.1), "x", ROWS, "t.csv")
    with pytest.raises(SourceError, match=r"'x' holds no numbers, but text \(row 4\)"):
        roles.weights(frame("0", "1", "much", "2"), "x", ROWS, "t.csv")


@pytest.mark.parametrize(
    ("read", "option"),
    [(roles.groups, "group"), (roles.times, "time"), (roles.weights, "sample-weight")],
)
def test_a_row_without_a_value_and_a_column_that_is_not_there_are_errors(read, option) -> None:
    with pytest.raises(SourceError, match=rf"1 rows have no value in 'x' \(row 4\), .*--{option}"):
        read(frame(1, 2, None, 3), "x", ROWS, "t.csv")
    with pytest.raises(OptionError, match=rf"'pupi' for --{option}. Did you mean 'pupil'"):
        read(pl.DataFrame({"pupil": [1, 2, 3, 4]}), "pupi", ROWS, "t.csv")
