"""data/delimited.py and data/table.py: a file of rows, read whole."""

import csv
import datetime
import io
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data import delimited, table
from headstart.data.table import Table, as_frame
from headstart.data.typed import typed
from headstart.errors import OptionError, SourceError


def read(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> Table:
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return table.read(path, encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_fault_29_byte_order_marks_are_understood(encoding: str, tmp_path: Path) -> None:
    found = read(tmp_path, "größe,x\n1,ü\n2,é\n".encode(encoding))
    assert found.frame.rows() == [(1, "ü"), (2, "é")]
    assert found.frame.columns == ["größe", "x"]


def test_fault_29_what_cannot_be_decoded_is_told_with_its_byte_and_the_option(
    tmp_path: Path,
) -> None:
    text = "a,b\n1,x\n" * 10 + "2,é\n"
    with pytest.raises(SourceError, match=r"rows\.csv: byte 82 is not utf-8") as caught:
        read(tmp_path, text.encode("latin-1"))
    assert "--encoding" in caught.value.mend
    assert read(tmp_path, "a,b\n2,é\n".encode("latin-1"), "latin-1").frame.rows() == [(2, "é")]


def test_fault_29_an_encoding_for_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(OptionError, match=r"--encoding: would do nothing"):
        table.read(tmp_path / "rows.parquet", "latin-1")


def test_fault_30_a_nul_byte_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 3 holds a NUL byte"):
        read(tmp_path, 'a,b\n1,"x"\n2,\0\n')


def test_fault_31_long_ids_with_blanks_stay_text(tmp_path: Path) -> None:
    frame = read(tmp_path, "id,x\n1234567890123456789,1\n,2\n1234567890123456788,3\n").frame
    assert frame["id"].to_list() == ["1234567890123456789", None, "1234567890123456788"]
    assert read(tmp_path, "zip,x\n00123,1\n10115,2\n").frame["zip"].to_list() == ["00123", "10115"]


def test_fault_32_a_type_that_changes_late_is_one_type_for_the_whole_column(
    tmp_path: Path,
) -> None:
    rows = ["a,b", *(f"{i},{i}" for i in range(65_536)), "x,0.5"]
    frame = read(tmp_path, "\n".join(rows)).frame
    assert frame["a"].dtype == pl.String
    assert frame["a"][:2].to_list() == ["0", "1"]
    assert frame["b"].dtype == pl.Float64


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,2\n3\n4,5,6\n7,8\n", "names 2 columns, but line 3 has 1, line 4 has 3 cells"),
        ('1,"x\n\ny"\n3\n', "but line 5 has 1 cells"),
        ("1,2\n3", "but line 3 has 1 cells"),
        ("1\n" * 9, "line 6 has 1 cells and there may be more"),
        ('1,"2\n3,4\n', "a quote that opens in line 2 is never closed"),
    ],
)
def test_fault_33_ragged_rows_are_an_error_with_their_lines(
    rows: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, f"a,b\n{rows}")


def test_a_quote_that_is_never_closed_is_named_where_it_opens_not_where_an_earlier_one_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_PIECE", 8)  # both are open where a piece ends
    with pytest.raises(SourceError, match="a quote that opens in line 5 is never closed"):
        read(tmp_path, 'a,b\n1,"2\n\n"\n3,"4\n""5,6\n')


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("a,b,a", "more than one column is named 'a'"),
        ("a,,c", "column 2 of 3 has no name"),
        (",,", "has no header"),
    ],
)
def test_fault_34_headers_that_are_not_names_are_an_error(
    header: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, f"{header}\n1,2,3\n")


def test_fault_43_what_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    whole = tmp_path / "rows.parquet"
    pl.DataFrame({"a": list(range(1000))}).write_parquet(whole)
    data = whole.read_bytes()
    for forged in (b"", b"PAR1", data[:-20] + data[-8:], data[:-8] + b"\xff\xff\xff\x7fPAR1"):
        whole.unlink()  # not cut short: a read that failed may still have it mapped
        whole.write_bytes(forged)
        with pytest.raises(SourceError, match="cannot be read as a table"):
            table.read(whole)


def test_fault_44_nested_and_binary_columns_are_an_error_that_names_them(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [[1], [2]], "b": [b"x", b"y"], "c": [1, 2]})
    frame.write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(SourceError, match=r"'a' \(List\(Int64\)\), 'b' \(Binary\)"):
        table.read(tmp_path / "rows.parquet")


@pytest.mark.parametrize("name", ["peopel.csv", "people.parqet.parquet"])
def test_a_table_that_is_not_there_is_told_so_with_the_nearest_name(
    name: str, tmp_path: Path
) -> None:
    for there in ("people.csv", "people.parquet"):
        (tmp_path / there).touch()
    with pytest.raises(SourceError, match=r"does not exist. Did you mean people\.(csv|parquet)\?"):
        table.read(tmp_path / name)


def test_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_passed_over(
    tmp_path: Path,
) -> None:
    found = read(tmp_path, "a,b\n1,2\n\n,\n3,4\n")
    assert found.frame.rows() == [(1, 2), (3, 4)]
    assert found.rows.tolist() == [2, 5]


def test_arrow_files_are_read(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "b": ["x", None]}).write_ipc(tmp_path / "rows.arrow")
    assert table.read(tmp_path / "rows.arrow").frame.rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize(
    ("cells", "dtype", "first"),
    [
        (["1", " 2 ", "+3"], pl.Int64, 1),
        (["1.5", "2", "-1e3", ".5"], pl.Float64, 1.5),
        (["1", "NA"], pl.Int64, 1),
        (["yes", "NO"], pl.Boolean, True),
        (["true", "false", ""], pl.Boolean, True),
        (["2024-02-29", "?"], pl.Date, datetime.date(2024, 2, 29)),
        (["29.02.2024"], pl.Date, datetime.date(2024, 2, 29)),
        (["02/13/2024", "12/01/2024"], pl.Date, datetime.date(2024, 2, 13)),
        (["2024-02-29 13:45:01"], pl.Datetime("us"), datetime.datetime(2024, 2, 29, 13, 45, 1)),
        (["31-12-2024", "01-02-2024"], pl.Date, datetime.date(2024, 12, 31)),
        (["12-31-24"], pl.String, "12-31-24"),
        (["2024-01-01T00:30:00Z"], pl.Datetime("us"), datetime.datetime(2024, 1, 1, 0, 30)),
        (
            ["2024-01-01 00:30:00+02:00", "2024-06-01 00:30:00.5Z"],
            pl.Datetime("us"),
            datetime.datetime(2023, 12, 31, 22, 30),
        ),
        (["1/2/2024 3:05 PM", ""], pl.Datetime("us"), datetime.datetime(2024, 1, 2, 15, 5)),
        (["23:59"], pl.Time, datetime.time(23, 59)),
        (["2024-02-30"], pl.String, "2024-02-30"),
        (["1", "x"], pl.String, "1"),
        (["1_000"], pl.String, "1_000"),
        (["1,234", "-2,500,000", "12", "0.5", "1,000.25"], pl.Float64, 1234.0),
        (["23,500", "7"], pl.Int64, 23_500),
        (["1,5", "2"], pl.String, "1,5"),
        (["0,125", "2,250"], pl.String, "0,125"),
        (["1,2,3", "1,2"], pl.String, "1,2,3"),
        (["1", "-", "2"], pl.Int64, 1),
        (["-", "-"], pl.String, "-"),
        (["-", "+"], pl.String, "-"),
        (["2024-02-29", "-"], pl.Date, datetime.date(2024, 2, 29)),
        (["1", "-inf", "Infinity"], pl.Float64, 1.0),
        (["inf", "x"], pl.String, "inf"),
        (["", "NULL"], pl.Null, None),
    ],
)
def test_a_column_is_what_all_of_its_cells_are(cells: list[str], dtype: Any, first: Any) -> None:
    found = typed(pl.Series("x", cells))
    assert (found.dtype, found[0]) == (dtype, first)


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1,5", "-2", "0,125", "NA"], pl.Float64, [1.5, -2.0, 0.125, None]),
        (["1,234", "2,500", "3"], pl.Int64, [1234, 2500, 3]),  # each may be thousands
        (["1,234", "2,50"], pl.Float64, [1.234, 2.5]),
        (["1,5", "2.5"], pl.String, ["1,5", "2.5"]),
        (["007,5", "1"], pl.String, ["007,5", "1"]),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_commas_are_points_where_they_part_no_cells(
    cells: list[str], dtype: Any, values: list[Any], separator: str, tmp_path: Path
) -> None:
    rows = [f"{cell}{separator}{i}{separator}x" for i, cell in enumerate(cells)]
    found = read(tmp_path, "\n".join([separator.join("abc"), *rows])).frame
    assert (found["a"].dtype, found["a"].to_list()) == (dtype, values)
    assert found["b"].to_list() == list(range(len(cells)))


def test_a_label_keeps_its_commas_and_its_dash() -> None:
    for cells in (["1,234", "2,345"], ["1", "-"]):
        assert typed(pl.Series("y", cells), labels=True).to_list() == cells


CELL = st.text(st.sampled_from('a1 ,;"\né'), max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n))))
def test_what_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    width = len(rows[0]) if rows else 2
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"c{i}" for i in range(width)])
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_PIECE", 7)  # so that pieces end everywhere
        path = Path(folder, "rows.csv")
        path.write_bytes(text.getvalue().encode())
        found = table.cells(path).fill_null("")
    assert [list(row) for row in found.rows()] == rows


class Arrow:
    """What speaks Arrow's PyCapsule interface, as tables of pyarrow and others do."""

    def __arrow_c_stream__(self, schema: object = None) -> object:
        return pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).__arrow_c_stream__(schema)


@pytest.mark.parametrize(
    "given",
    [
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        Arrow(),
        {"a": [1, 2], "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
    ],
    ids=["polars", "arrow", "columns", "records"],
)
def test_what_holds_columns_becomes_a_frame(given: Any) -> None:
    assert as_frame(given).rows() == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("given", [3, "rows.csv", [1, 2], None])
def test_what_is_no_table_is_an_error(given: Any) -> None:
    with pytest.raises(OptionError, match="is no table"):
        as_frame(given)
