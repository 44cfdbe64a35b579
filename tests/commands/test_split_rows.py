"""`headstart split` of a table: the split as a list, or as files of rows."""

import csv
import json
import os
from pathlib import Path

import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer

from headstart.data import table
from headstart.events import nobody
from headstart.options import TrainOptions
from headstart.tabular import divided, list_rows


@pytest.fixture
def source(tmp_path: Path) -> Path:
    found = load_breast_cancer()
    columns = {str(c): found.data[:, i] for i, c in enumerate(found.feature_names[:3])}
    kind = [str(found.target_names[t]) for t in found.target]
    pl.DataFrame({**columns, "kind": kind}).write_csv(tmp_path / "cancer.csv")
    return tmp_path / "cancer.csv"


def test_the_list_is_the_split_that_train_makes(call, source):
    given = TrainOptions(target="kind", seed=3)
    data = divided(list_rows(source, given), given, nobody)
    found = call("split", source, "--target", "kind", "--seed", 3)
    assert (found.code, found.err) == (0, "")
    rows = list(csv.DictReader(found.out.splitlines()))
    assert [row["split"] for row in rows] == data.sides.tolist()
    assert [row["sha256"] for row in rows] == data.samples.keys
    document = json.loads(call("split", source, "--target", "kind", "--json").out)
    assert document["samples"] == {"train": 397, "validation": 86, "test": 86}


def test_copies_are_files_with_the_cells_as_they_stood(call, source, tmp_path):
    found = call("split", source, "--target", "kind", "--copy-to", tmp_path / "out")
    assert found == (0, "", "")
    assert sorted(os.listdir(tmp_path / "out")) == ["test.csv", "train.csv", "validation.csv"]
    header, *lines = source.read_text().splitlines()
    copied = []
    for path in (tmp_path / "out").iterdir():
        first, *rest = path.read_text().splitlines()
        assert first == header
        copied += rest
    assert sorted(copied) == sorted(lines)
    options = ("--validation-file", "validation.csv", "--test-file", "test.csv")
    paths = [tmp_path / "out" / word if word.endswith(".csv") else word for word in options]
    again = json.loads(
        call("split", tmp_path / "out" / "train.csv", "--target", "kind", *paths, "--json").out
    )
    assert again["samples"] == {"train": 397, "validation": 86, "test": 86}


def test_fault_46_cells_that_a_spreadsheet_would_run_are_escaped_and_numbers_untouched(
    call, tmp_path
):
    cells = ["=1+1", "+a", "-low", "@x", "\tz", "-1.50", "+2", "'=1", "plain", "007"]
    rows = [["@note", "y"], *([cell, "ab"[i % 2]] for i, cell in enumerate(cells * 2))]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    call("split", tmp_path / "rows.csv", "--target", "y", "--copy-to", tmp_path / "out")
    with (tmp_path / "out" / "train.csv").open(newline="") as file:
        header, *written = csv.reader(file)
    assert os.listdir(tmp_path / "out") == ["train.csv"]  # so few are not divided
    assert header == ["'@note", "y"]
    expected = ["'=1+1", "'+a", "'-low", "'@x", "'\tz", "-1.50", "+2", "''=1", "plain", "007"]
    assert [row[0] for row in written] == expected * 2


def test_copies_are_read_as_the_file_was_whatever_its_numbers_are_written_with(call, tmp_path):
    sizes = ["-3,5", "-", "2", "1,25", "-inf"]
    rows = [f"{sizes[i % 5]};{1 + i % 7},{100 + i};{'ab'[i % 2]}" for i in range(300)]
    (tmp_path / "rows.csv").write_text("\n".join(["size;price;y", *rows]))
    call("split", tmp_path / "rows.csv", "--target", "y", "--copy-to", tmp_path / "out")
    whole = table.read(tmp_path / "rows.csv").frame
    copied = [table.read(path).frame for path in sorted((tmp_path / "out").iterdir())]
    assert whole.schema == {"size": pl.Float64, "price": pl.Int64, "y": pl.String}
    assert pl.concat(copied).sort("price").equals(whole.sort("price"))


def test_rows_of_parquet_and_of_other_files_are_written_each_to_its_side(call, tmp_path):
    frame = pl.DataFrame({"a": [0.1, 2.0] * 150, "y": ["p", "q"] * 150})
    frame.write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "trial.csv").write_text("y,a\np,7\n\nq,8.50\n")
    options = ("--target", "y", "--test-file", tmp_path / "trial.csv")
    call("split", tmp_path / "rows.parquet", *options, "--copy-to", tmp_path / "out")
    assert (tmp_path / "out" / "test.csv").read_text() == "a,y\n7,p\n8.50,q\n"
    assert pl.read_csv(tmp_path / "out" / "train.csv").height == 256


def test_rows_without_a_label_are_named(call, source):
    lines = source.read_text().splitlines()
    lines[7] = lines[7].rpartition(",")[0] + ","
    source.write_text("\n".join(lines))
    found = call("split", source, "--target", "kind", "--drop-unlabelled")
    assert found.err == "row 8: no value in 'kind'. Left out.\n"
    assert "row 8," not in found.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "kind", "--label-pattern", "x"], "rows of a table are no photos"),
        ([], "--target must name the column"),
    ],
)
def test_what_train_refuses_is_refused(call, source, words, said):
    found = call("split", source, *words)
    assert (found.code, said in found.err) == (2, True)


def test_what_is_for_tables_is_refused_for_photos(call, tmp_path):
    (tmp_path / "photos").mkdir()
    found = call("split", tmp_path / "photos", "--time", "day")
    assert (found.code, "--time would do nothing: it is for tables" in found.err) == (2, True)
