from pathlib import Path

import polars
import pytest

from headstart.data.listing import Row, read_rows
from headstart.errors import OptionError, SourceError


def rows(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> list[Row]:
    table = tmp_path / "photos.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(table, "path", "label", encoding)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_are_text_numbered_as_a_spreadsheet_does(separator: str, tmp_path: Path) -> None:
    text = 'path,label,n\n01.jpg,007,1\n"a ""b"".jpg", 1e3,x\n,,\n'.replace(",", separator)
    assert rows(tmp_path, text) == [
        Row(2, "01.jpg", "007"),
        Row(3, 'a "b".jpg', "1e3"),
        Row(4, "", ""),
    ]


def test_a_parquet_file_is_read_as_text(tmp_path: Path) -> None:
    frame = polars.DataFrame({"label": [3, None, 10], "path": ["1.jpg", "2.jpg", None]})
    frame.write_parquet(tmp_path / "photos.parquet")
    assert read_rows(tmp_path / "photos.parquet", "path", "label", "utf-8") == [
        Row(1, "1.jpg", "3"),
        Row(2, "2.jpg", ""),
        Row(3, "", "10"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_the_encoding_can_be_named(encoding: str, tmp_path: Path) -> None:
    data = "path,label\nü.jpg,café\n".encode(encoding)
    assert rows(tmp_path, data, encoding) == [Row(2, "ü.jpg", "café")]
    if encoding == "utf-8-sig":
        assert rows(tmp_path, data) == [Row(2, "ü.jpg", "café")]


def test_the_wrong_encoding_is_an_error_with_the_byte_and_the_option(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"photos\.csv: byte 11 is not utf-8") as caught:
        rows(tmp_path, "path,label\nü.jpg,café\n".encode("latin-1"))
    assert "--encoding" in caught.value.mend
    for unknown in "klingon", "rot13", "undefined":  # two that Python has, for other things
        with pytest.raises(OptionError, match=f"unknown encoding '{unknown}'"):
            rows(tmp_path, "path,label\n", unknown)
    with pytest.raises(SourceError, match="is not idna"):
        rows(tmp_path, b"path,label\n\xff", "idna")


def test_a_quote_that_is_never_closed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a quote opens in it that is never closed"):
        rows(tmp_path, 'path,"label\n' + "1.jpg,cat\n" * 20_000)


def test_a_missing_column_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no column 'path' .*Did you mean 'paths'\?"):
        rows(tmp_path, "paths,label\n1.jpg,cat\n")
    with pytest.raises(OptionError, match="Its columns are 'x', 'y'"):
        rows(tmp_path, "x,y\n1.jpg,cat\n")


@pytest.mark.parametrize(
    ("columns", "option"),
    [((None, "label"), "--image-column"), (("path", None), "--target"), ((None,) * 2, "--image")],
)
def test_a_list_needs_both_columns_named(
    columns: tuple[str | None, str | None], option: str, tmp_path: Path
) -> None:
    (tmp_path / "photos.csv").write_text("path,label\n")
    with pytest.raises(OptionError, match=f"{option}.* must name .*Its columns are 'path'"):
        read_rows(tmp_path / "photos.csv", *columns, "utf-8")


def test_two_columns_of_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="more than one column is named 'label'"):
        rows(tmp_path, "path,label,label\n1.jpg,cat,dog\n")


@pytest.mark.parametrize("content", ["path,label\n1.jpg,cat,too,many\n", b"", b"\n\n"])
def test_what_is_no_table_is_an_error(content: str | bytes, tmp_path: Path) -> None:
    with pytest.raises((SourceError, OptionError), match=r"photos\.csv"):
        rows(tmp_path, content)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"path,label\n"])
def test_what_is_no_parquet_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "photos.parquet").write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read as a table"):
        read_rows(tmp_path / "photos.parquet", "path", "label", "utf-8")
