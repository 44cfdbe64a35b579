"""`headstart predict` of files of rows: CSV made column by column, encodings."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.datasets import load_iris

from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import FORMAT, Threshold
from headstart.commands import rows_csv
from headstart.errors import OptionError

MODEL = Path(__file__).parents[1] / "bundle" / "fixtures" / "format_1_rows.headstart"
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@pytest.fixture
def flowers() -> pl.DataFrame:
    """150 irises, and a column that the classifier was not trained on."""
    found = load_iris().data
    frame = pl.DataFrame({name: found[:, i] for i, name in enumerate(COLUMNS)})
    return frame.with_columns(größe=pl.lit("groß"))


@pytest.mark.parametrize("top", [1, 2, 3])
def test_csv_says_what_json_says(call: Any, flowers: pl.DataFrame, tmp_path: Path, top: int):
    flowers.write_csv(tmp_path / "a.csv")
    flowers[:7].write_parquet(tmp_path / "b.parquet")
    words = ("predict", MODEL, tmp_path / "a.csv", tmp_path / "b.parquet", "--top", top)
    table, lines = (call(*words, "--format", form) for form in ("csv", "jsonl"))
    assert table.code == lines.code == 0
    rows = list(csv.DictReader(io.StringIO(table.out)))
    answers = [json.loads(line) for line in lines.out.splitlines()]
    assert len(rows) == len(answers) == 157
    for row, answer in zip(rows, answers, strict=True):
        assert row["input"] == answer["input"]
        assert row["error"] == ""
        for i, each in enumerate(answer["top"], 1):
            assert row[f"class_{i}"] == each["class"]
            assert float(row[f"probability_{i}"]) == each["probability"]
    assert list(rows[0]) == [
        "input",
        *(f"{what}_{i}" for i in range(1, top + 1) for what in ("class", "probability")),
        "error",
    ]
    assert rows[0]["input"] == f"{tmp_path / 'a.csv'}: row 2"  # the header is row 1
    assert rows[-1]["input"] == f"{tmp_path / 'b.parquet'}: row 7"


def test_what_is_not_sure_enough_is_unknown_in_csv(flowers: pl.DataFrame, capsys: Any):
    found = archive.read(MODEL)
    threshold = Threshold(
        wanted=0.99, probability=0.9, distance=None, nearest=None, references=None
    )
    manifest = structs.replace(found.manifest, format=FORMAT, threshold=threshold)
    classifier = Classifier(replace(found, manifest=manifest))
    made, answers = classifier.predict_proba(flowers), classifier.answer(flowers)
    names = pl.Series([f"row {i}" for i in range(150)])
    parts = [(names[:100], made[:100]), (names[100:], made[100:])]
    rows_csv.write(classifier, parts, 1)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["answer"], row["why"], row["class_1"]) for row in rows] == [
        (answer.label, answer.why or "", answer.nearest) for answer in answers
    ]
    assert {row["answer"] for row in rows} == {"unknown", *classifier.classes}


def test_a_file_whose_name_a_spreadsheet_would_run_is_written_as_text(
    call: Any, flowers: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    flowers[:1].write_csv(tmp_path / "=a.csv")
    found = call("predict", MODEL, "=a.csv", "=a.csv", "--format", "csv")
    assert [line.partition(",")[0] for line in found.out.splitlines()] == [
        "input",
        "'=a.csv: row 2",
        "'=a.csv: row 2",
    ]


def test_a_file_of_another_encoding_is_read_as_train_reads_it(
    call: Any, flowers: pl.DataFrame, tmp_path: Path
):
    text = flowers.write_csv()
    wanted = Classifier.open(MODEL).predict_proba(flowers)
    for encoding in ("cp1252", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(text.encode(encoding))
        found = call("predict", MODEL, path, "--encoding", encoding, "--format", "jsonl")
        shares = [json.loads(line)["probability"] for line in found.out.splitlines()]
        assert shares == wanted.max(axis=1).astype(np.float64).round(6).tolist()
        assert "trained on: 'größe'" in found.err
        made = Classifier.open(MODEL).predict_proba(path, encoding=encoding)
        np.testing.assert_array_equal(made, wanted)
    plain = call("predict", MODEL, tmp_path / "cp1252.csv")
    assert (plain.code, "is not utf-8. Name the right one with --encoding" in plain.err) == (
        2,
        True,
    )
    assert call("predict", MODEL, tmp_path / "utf-16.csv").code == 0  # a byte order mark tells


def test_an_encoding_of_nothing_is_refused_and_of_some_is_for_those(
    call: Any, flowers: pl.DataFrame, tmp_path: Path
):
    flowers.write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.csv").write_bytes(flowers.write_csv().encode("cp1252"))
    words = ("predict", MODEL, tmp_path / "rows.parquet", "--encoding", "cp1252")
    found = call(*words)
    assert (found.code, "--encoding: would do nothing" in found.err) == (2, True)
    assert call(*words, tmp_path / "rows.csv").code == 0
    with pytest.raises(OptionError, match="would do nothing"):
        Classifier.open(MODEL).predict(flowers, encoding="cp1252")


def test_a_file_and_its_frame_get_the_same_answers(
    flowers: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from headstart.data import packed

    flowers.write_parquet(tmp_path / "rows.parquet", row_group_size=20)
    monkeypatch.setattr(packed, "_SLICE", 1000)  # bytes
    classifier = Classifier.open(MODEL)
    assert len(list(classifier.of_file(tmp_path / "rows.parquet"))) > 5
    made = classifier.predict_proba(tmp_path / "rows.parquet")
    np.testing.assert_array_equal(made, classifier.predict_proba(flowers))


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_files_of_json_are_read_as_standard_input_is(
    call: Any, flowers: pl.DataFrame, tmp_path: Path, name: str
):
    rows = flowers[:3].to_dicts()
    text = json.dumps(rows) if name == "rows.json" else "\n".join(map(json.dumps, rows))
    (tmp_path / name).write_text(text)
    flowers[:3].write_parquet(tmp_path / "rows.parquet")
    files = (tmp_path / name, tmp_path / "rows.parquet")
    one, other = (call("predict", MODEL, file, "--json", "--quiet") for file in files)
    assert one.code == other.code == 0
    assert one.out == other.out


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("rows.json", "[1, 2", "rows.json: is no JSON"),
        ("rows.json", '{"sepal_length": [1]}', "row 1 holds more than one value in 'sepal_length'"),
        ("rows.txt", "a,b", "rows.txt: is no table, by the end of its name. Tables end in .csv"),
        ("rows.jsn", None, "rows.jsn: does not exist. Did you mean rows.json?"),
        ("rowz.json", None, "rowz.json: does not exist. Did you mean rows.json?"),
    ],
)
def test_what_holds_no_rows_is_told_with_the_mend(
    call: Any, tmp_path: Path, name: str, content: str | None, told: str
):
    (tmp_path / "rows.json").write_text("{}")
    if content is not None:
        (tmp_path / name).write_text(content)
    said = call("predict", MODEL, tmp_path / name)
    assert said.code == 2
    assert told in " ".join(said.err.split())
