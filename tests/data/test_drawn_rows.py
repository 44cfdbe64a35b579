"""data/table.py: fault 45, tables too large to be read whole."""

import csv
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from headstart.data import delimited, packed, table
from headstart.errors import SourceError
from headstart.tabular import of_table


def put(path: Path, n: int = 5000) -> Path:
    """Rows that tell their number, with cells of several lines and of quotes among them."""
    notes = ["plain", 'two\nlines, "quoted"', "", "é"]
    frame = pl.DataFrame(
        {"number": range(n), "note": [notes[i % 4] for i in range(n)], "y": ["p", "q"] * (n // 2)}
    )
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path, row_group_size=700)
    else:
        frame.write_ipc(path, compression="zstd", record_batch_size=700)
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.arrow"])
def test_as_many_rows_are_drawn_as_told_from_all_over_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_PIECE", 1000)  # so that pieces end everywhere
    path = put(tmp_path / name)
    found = table.read(path, most=100)
    numbers = found.frame["number"].to_numpy()
    assert (len(numbers), found.not_drawn) == (100, 4900)
    assert (numbers // 50).tolist() == list(range(100))  # one from each fifty
    whole = table.read(path)
    assert found.frame.rows() == [whole.frame.row(i) for i in numbers.tolist()]
    assert found.rows.tolist() == whole.rows[numbers].tolist()
    assert table.read(path, most=100).rows.tolist() == found.rows.tolist()
    assert table.read(path, most=100, seed=1).rows.tolist() != found.rows.tolist()
    assert table.read(path, most=5000).not_drawn == 0


def test_a_row_that_ends_the_file_without_a_newline_can_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\r\n" + "\r\n".join(f"{i},x" for i in range(40)))
    last = {table.read(path, most=10, seed=seed).frame["a"][-1] for seed in range(30)}
    assert last == {36, 37, 38, 39}


def test_rows_of_another_encoding_are_drawn_too(tmp_path: Path) -> None:
    put(tmp_path / "rows.csv")
    text = (tmp_path / "rows.csv").read_text(encoding="utf-8")
    (tmp_path / "other.csv").write_bytes(text.encode("utf-16"))
    drawn = [table.read(tmp_path / name, most=50).frame for name in ("rows.csv", "other.csv")]
    assert drawn[0].equals(drawn[1])


def test_where_each_row_wants_its_answer_all_are_read(tmp_path: Path) -> None:
    for name in ("rows.csv", "rows.parquet"):
        path = put(tmp_path / name)
        assert table.read(path, memory=1 << 20).not_drawn > 0
        assert table.read(path, memory=math.inf).not_drawn == 0


@pytest.mark.parametrize("size", [7, 64, 1000, 10**6])
@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_pieces_of_a_text_file_are_the_whole(
    size: int, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "rows.csv", 40)
    path.write_text("\ufeff" + path.read_text().rstrip() + end)
    whole = table.as_it_stands(path)
    monkeypatch.setattr(delimited, "_PIECE", size)
    parts = list(table.in_pieces(path))
    assert pl.concat(part.frame for part in parts).equals(whole.frame)
    assert np.concatenate([part.rows for part in parts]).tolist() == whole.rows.tolist()
    assert (len(parts) > 3) == (size < 100)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow"])
def test_slices_of_a_packed_file_are_the_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / name)
    monkeypatch.setattr(packed, "_SLICE", 10_000)
    parts = list(table.in_pieces(path))
    assert pl.concat(part.frame for part in parts).equals(table.read(path).frame)
    assert len(parts) > 5


@pytest.mark.parametrize("content", ["a,b\n", "a,b"])
def test_a_file_without_a_row_is_an_error_in_pieces_too(content: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(content)
    for read in (table.as_it_stands, lambda path: list(table.in_pieces(path))):
        with pytest.raises(SourceError, match="has no row"):
            read(tmp_path / "rows.csv")


def test_what_was_not_read_is_said(tmp_path: Path) -> None:
    rows = of_table(table.read(put(tmp_path / "rows.csv"), most=100), "y")
    assert [(item.name, item.reason, item.count) for item in rows.left_out] == [
        (
            "4,900 rows",
            "not read: 100 others were drawn, from all over the table; --most-rows sets that",
            4900,
        )
    ]


PEAK = """
import resource, sys
from pathlib import Path
from headstart.data import table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = table.read(Path(sys.argv[1]), memory=128 << 20)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(found.rows), found.not_drawn, (peak - before) >> 10)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 300 MB, and the same rows as Parquet."""
    folder = tmp_path_factory.mktemp("large")
    draw = np.random.default_rng(0)
    n = 20_000
    block = pl.DataFrame({f"x{i}": draw.random(n) for i in range(16)})
    block = block.with_columns(y=pl.Series(draw.choice(["p", "q"], n)))
    text = block.write_csv().partition("\n")
    with (folder / "rows.csv").open("w") as file:
        file.write(text[0] + "\n")
        for _ in range(48):
            file.write(text[2])
    pl.scan_csv(folder / "rows.csv").sink_parquet(folder / "rows.parquet")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts in kB on Linux")
@pytest.mark.parametrize(("name", "most_mb"), [("rows.csv", 200), ("rows.parquet", 250)])
def test_fault_45_memory_does_not_grow_with_the_file(
    name: str, most_mb: int, large: Path, tmp_path: Path
) -> None:
    assert (large / "rows.csv").stat().st_size > 290_000_000
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(large / name)],
        env={**os.environ, "HEADSTART_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    used, not_drawn, peak = map(int, done.stdout.split())
    assert used + not_drawn == 960_000
    assert 40_000 < used < 120_000
    assert peak < most_mb


def test_the_command_says_how_many_of_how_many_and_which_option(call: Any, tmp_path: Path) -> None:
    path = put(tmp_path / "rows.csv")
    found = call("split", path, "--target", "y", "--most-rows", 400, "--copy-to", tmp_path / "out")
    assert "4,600 rows: not read: 400 others were drawn" in found.err
    copied = []
    for side in ("train", "validation", "test"):
        with (tmp_path / "out" / f"{side}.csv").open(newline="") as file:
            copied += [int(row["number"]) for row in csv.DictReader(file)]
    assert sorted(copied) == table.read(path, most=400).frame["number"].to_list()
