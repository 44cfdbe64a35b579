"""data/beside.py: files whose rows are of the validation or the test set."""

import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from headstart.data import beside
from headstart.data.table import Table
from headstart.errors import OptionError, SourceError


def put(path: Path, content: str | pl.DataFrame) -> Path:
    if isinstance(content, str):
        path.write_text(content)
    else:
        content.write_parquet(path)
    return path


def read(tmp_path: Path, main: str | pl.DataFrame, test: str | pl.DataFrame) -> Table:
    files = [
        put(tmp_path / f"{name}.{'csv' if isinstance(rows, str) else 'parquet'}", rows)
        for name, rows in (("main", main), ("test", test))
    ]
    return beside.read(files[0], {"test": files[1]})


def test_rows_say_which_file_they_are_from_and_are_numbered_as_there(tmp_path: Path) -> None:
    put(tmp_path / "main.csv", "a,b\n1,x\n,\n2,y\n")
    put(tmp_path / "validation.csv", "b,a\nz,3\n")
    put(tmp_path / "test.parquet", pl.DataFrame({"a": [4], "b": ["w"]}))
    files: Any = {"validation": tmp_path / "validation.csv", "test": tmp_path / "test.parquet"}
    found = beside.read(tmp_path / "main.csv", files)
    assert found.frame.rows() == [(1, "x"), (2, "y"), (3, "z"), (4, "w")]
    assert found.given == [None, None, "validation", "test"]
    every = found.frame.select(pl.lit(True).repeat_by(4).explode()).to_series().to_numpy()[:4]
    assert found.names(every) == ["row 2", "row 4", "validation row 2", "test row 1"]


@pytest.mark.parametrize(
    ("main", "test", "dtype", "values"),
    [
        (["1", "2"], ["0.5"], pl.Float64, [1.0, 2.0, 0.5]),
        (["1"], ["1234567890123456789"], pl.String, ["1", "1234567890123456789"]),
        (["12"], ["007"], pl.String, ["12", "007"]),
        (["yes", "no"], ["yes"], pl.Boolean, [True, False, True]),
        (["yes", "no"], ["maybe"], pl.String, ["yes", "no", "maybe"]),
        (["NA"], ["3"], pl.Int64, [None, 3]),
        (["02/03/2024"], ["02/13/2024"], pl.Date, [datetime.date(2024, 2, d) for d in (3, 13)]),
    ],
)
def test_cells_of_text_files_are_typed_together(
    main: list[str], test: list[str], dtype: Any, values: list[Any], tmp_path: Path
) -> None:
    texts = ["\n".join(["a,b", *(f"{cell},x" for cell in cells)]) for cells in (main, test)]
    column = read(tmp_path, *texts).frame["a"]
    assert (column.dtype, column.to_list()) == (dtype, values)


def test_numbers_of_two_files_have_commas_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, "a;b\n1,5;x\n2;x\n", "a,b\n3.5,x\n")
    assert found.frame["a"].to_list() == [1.5, 2.0, 3.5]
    assert found.forms == {"a": "points"}


@pytest.mark.parametrize(
    ("main", "test", "dtype"),
    [
        ("a,b\n1,x\n", pl.DataFrame({"a": [0.5], "b": ["x"]}), pl.Float64),
        (pl.DataFrame({"a": ["01"], "b": ["x"]}), "a,b\n2,x\n", pl.String),
        ("a,b\n2024-02-03,x\n", pl.DataFrame({"a": [datetime.date.today()], "b": "x"}), pl.Date),
        (
            pl.DataFrame({"a": [datetime.datetime.now()], "b": "x"}),
            "a,b\n2024-02-03,x\n",
            pl.Datetime("us"),
        ),
        (pl.DataFrame({"a": [None], "b": ["x"]}), "a,b\n2,x\n", pl.Int64),
    ],
    ids=["numbers", "text", "dates", "times", "empty"],
)
def test_columns_of_files_of_two_kinds_become_one_where_they_can(
    main: Any, test: Any, dtype: Any, tmp_path: Path
) -> None:
    assert read(tmp_path, main, test).frame["a"].dtype == dtype


@pytest.mark.parametrize(
    ("main", "test", "said"),
    [
        (
            "a,b\n1,x\n",
            "a,b\nold,x\n",
            "'a' is of several types: whole numbers in .*; text in",
        ),
        ("a,b\n1.5,x\n", "a,b\n007,x\n", "'a' is of several types: numbers in"),
        ("a,b\n2024-01-01,x\n", "a,b\n1,x\n", "'a' is of several types: dates in .*whole numbers"),
        (pl.DataFrame({"a": [1], "b": "x"}), "a,b\nold,x\n", "whole numbers in .*text in"),
        (
            pl.DataFrame({"a": [1], "b": "x"}),
            pl.DataFrame({"a": [True], "b": "x"}),
            "whole numbers in .*; true and false in",
        ),
    ],
    ids=["slip", "code", "date", "parquet", "boolean"],
)
def test_a_column_that_is_a_number_here_and_something_else_there_is_an_error(
    main: Any, test: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, main, test)


def test_a_file_of_other_columns_is_an_error_that_tells_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, "age,ill\n1,x\n", "ages,ill,hair\n1,x,red\n")
    assert str(caught.value) == (
        f"{tmp_path}/test.csv: lacks 'age' and has 'ages' and 'hair', unlike {tmp_path}/main.csv. "
        "Did you mean 'ages' for 'age'? Give both files the same columns."
    )


def test_one_file_in_two_places_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "main.csv", "a,b\n1,x\n")
    with pytest.raises(OptionError, match=r"--test-file: .*main.csv is the source already"):
        beside.read(tmp_path / "main.csv", {"test": tmp_path / "main.csv"})


def test_an_encoding_is_that_of_the_text_among_the_files(tmp_path: Path) -> None:
    (tmp_path / "main.csv").write_bytes("a,b\n1,é\n".encode("latin-1"))
    put(tmp_path / "test.parquet", pl.DataFrame({"a": [1], "b": ["é"]}))
    files: Any = {"test": tmp_path / "test.parquet"}
    assert beside.read(tmp_path / "main.csv", files, "latin-1").frame["b"].to_list() == ["é", "é"]
