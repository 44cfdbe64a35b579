"""Tables from file to page: whole runs on scikit-learn's own data and on rows with everything."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from metrics_schema import faults
from sklearn import datasets

from headstart.bundle.classifier import Classifier
from headstart.bundle.export import ending, export
from headstart.data import delimited
from headstart.errors import OptionError, SourceError
from headstart.events import Event, Notice
from headstart.judging import evaluate
from headstart.options import TrainOptions
from headstart.pipeline import report, train
from headstart.run import Run
from headstart.tabular import list_rows

pytestmark = pytest.mark.usefixtures("keras")

REAL: dict[str, tuple[Callable[..., Any], float]] = {
    "iris": (datasets.load_iris, 0.9),
    "wine": (datasets.load_wine, 0.9),
    "cancer": (datasets.load_breast_cancer, 0.93),
}


def put_real(path: Path, name: str) -> Path:
    found = REAL[name][0]()
    columns = {str(c): found.data[:, i] for i, c in enumerate(found.feature_names)}
    labels = [str(found.target_names[t]) for t in found.target]
    pl.DataFrame({**columns, "kind": labels}).write_csv(path)
    return path


def put_people(path: Path, n: int = 400) -> Path:
    """Rows with numbers, booleans, categories, dates, missing values, an id and a constant."""
    random = np.random.default_rng(0)
    city = random.choice(["Ankara", "Bonn", "Cusco"], n)
    age = random.integers(13, 100, n)
    smokes = random.random(n) < 0.3
    ill = (age + 20 * smokes + 10 * (city == "Bonn") + random.normal(0, 5, n)) > 70
    days = random.integers(1, 28, n)
    frame = pl.DataFrame(
        {
            "person": [f"p{i:05}" for i in range(n)],
            "age": [None if i % 17 == 0 else int(a) for i, a in enumerate(age)],
            "city": [None if i % 23 == 0 else str(c) for i, c in enumerate(city)],
            "smokes": ["yes" if s else "no" for s in smokes],
            "seen": [f"2024-03-{d:02}" for d in days],
            "study": ["A"] * n,
            "ill": ["sick" if s else "well" for s in ill],
        }
    )
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def people(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("people")
    return train(put_people(folder / "people.csv"), folder / "run", target="ill")


@pytest.mark.parametrize("name", REAL)
def test_real_tables_are_learned(name: str, tmp_path: Path) -> None:
    run = train(put_real(tmp_path / f"{name}.csv", name), tmp_path / "run", target="kind")
    few = name != "cancer"
    scores = run.metrics["cross_validation" if few else "test"]
    assert scores["accuracy"] >= REAL[name][1]
    assert faults(run.metrics) == []
    assert run.report().is_file()


def test_a_table_of_everything_is_learned_and_its_columns_are_told(people: Run) -> None:
    assert people.metrics["test"]["accuracy"] > people.metrics["baselines"]["majority"] + 0.15
    kinds = {c.name: c.kind for c in people.bundle.manifest.table.columns}
    assert kinds == {
        "person": "left-out",
        "age": "number",
        "city": "category",
        "smokes": "boolean",
        "seen": "moment",
        "study": "left-out",
    }


def test_its_page_speaks_of_rows(people: Run) -> None:
    page = people.report().read_text()
    assert "test rows, never seen before" in page
    assert "hidden layers of" in page
    assert "photo" not in page.partition("</style>")[2]
    assert report(people.folder) == people.report()


def test_predictions_are_those_of_the_run_whatever_the_rows_come_in(people: Run) -> None:
    frame = pl.read_csv(people.folder.parent / "people.csv")
    classifier = Classifier.open(people.folder)
    expected = classifier.predict_proba(people.folder.parent / "people.csv")
    records = frame.drop("ill").to_dicts()
    for given in (frame, frame.select(reversed(frame.columns)), records):
        np.testing.assert_allclose(classifier.predict_proba(given), expected, atol=1e-6)
    by_name = dict(zip((f"row {i + 2}" for i in range(len(frame))), expected, strict=True))
    for row in people.predictions:
        shares = by_name[row["sample"]]
        assert float(row["p_predicted"]) == pytest.approx(float(shares.max()), abs=2e-6)


def test_fault_41_a_missing_column_is_an_error_and_one_more_is_told(people: Run) -> None:
    classifier = Classifier.open(people.folder)
    with pytest.raises(SourceError, match=r"lacks the column 'age'.*Did you mean 'aged' for 'age'"):
        classifier.predict([{"aged": 3, "city": "Bonn", "smokes": "yes", "seen": "2024-03-01"}])
    heard: list[Event] = []
    row = {"age": 90, "city": "Rome", "smokes": "yes", "seen": "2024-03-01", "hair": "red"}
    classifier.of_rows([row], heard.append)
    told = [event.text for event in heard if isinstance(event, Notice)]
    assert "'hair'" in told[0]
    assert "'city' has 1 values that were not trained on ('Rome')" in told[1]


def test_cells_of_another_kind_and_empty_ones_as_never_before_are_told(people: Run) -> None:
    classifier = Classifier.open(people.folder)
    row = {"age": "old", "city": None, "smokes": None, "seen": "2024-03-01"}
    heard: list[Event] = []
    classifier.of_rows([row], heard.append)
    assert [event.text for event in heard if isinstance(event, Notice)] == [
        "'age' has 1 cell with no number, taken as empty.",
        "'smokes' has 1 cell empty, as no training row had: false stands for them.",
    ]
    heard.clear()
    classifier.predict_proba(people.folder.parent / "people.csv")
    classifier.of_rows(people.folder.parent / "people.csv", heard.append)
    assert heard == []


def test_it_is_judged_by_other_rows(people: Run, tmp_path: Path) -> None:
    found = evaluate(people.folder, put_people(tmp_path / "more.csv", 100))
    assert found["samples"] == {"test": 100}
    assert found["kind"] == "evaluation"
    assert found["test"]["accuracy"] > 0.7
    assert found["trained_on"] == 0
    assert faults(found) == []
    same = evaluate(people.folder, people.folder.parent / "people.csv")
    assert same["trained_on"] == people.metrics["samples"]["train"]


def test_as_a_keras_model_it_gives_the_same_probabilities(people: Run) -> None:
    from headstart.data import mapping, table

    classifier = Classifier.open(people.folder)
    frame = table.read(people.folder.parent / "people.csv").frame
    rows = mapping.matrix(classifier.manifest.table.columns, frame)
    made = np.asarray(classifier.to_keras(compiled=True)(rows, training=False))
    np.testing.assert_allclose(made, classifier.predict_proba(frame), atol=1e-5)


@pytest.mark.parametrize("form", ["keras", "h5", "weights", "json"])
def test_it_is_exported_and_compared(people: Run, form: Any, tmp_path: Path) -> None:
    done = export(people.folder, form, tmp_path / f"people{ending(form)}")
    assert done.path.is_file()
    assert done.difference < 1e-5


def test_the_same_training_gives_the_same_bits(people: Run, tmp_path: Path) -> None:
    again = train(people.folder.parent / "people.csv", tmp_path / "run", target="ill")
    ours, theirs = (run.bundle.members["weights.safetensors"] for run in (people, again))
    assert bytes(ours) == bytes(theirs)


def test_the_tutorials_recipe_makes_the_tutorials_network(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    age = random.integers(13, 101, 300)
    frame = pl.DataFrame({"age": age, "side_effects": (age > 64).astype(int)})
    frame.write_csv(tmp_path / "trial.csv")
    options = {"target": "side_effects", "recipe": "tutorial", "scaling": "minmax", "epochs": 2}
    run = train(tmp_path / "trial.csv", tmp_path / "run", **options)
    assert run.metrics["parameters"] == 642
    assert run.metrics["training"]["recipe"]["batch_size"] == 10
    assert run.metrics["classes"] == ["0", "1"]
    assert run.metrics["selected_on"] is None


@pytest.mark.parametrize(
    ("cells", "options", "error", "said"),
    [
        ("a,y\n1,x\n2,z\n", {}, OptionError, "--target must name the column with the labels"),
        ("a,y\n1,x\n2,z\n", {"target": "z"}, OptionError, "no column 'z' for --target"),
        ("a,y\n1,x\n2,\n3,z\n", {"target": "y"}, SourceError, r"1 rows have no value.*row 3"),
        ("a,y\n1,x\n2,x\n", {"target": "y"}, SourceError, "every row has 'x' in 'y'"),
        (
            "a,y\n" + "\n".join(f"{i % 7},{i * 1.5}" for i in range(200)),
            {"target": "y"},
            SourceError,
            "this looks like regression",
        ),
        ("y\n" + "x\nz\n" * 20, {"target": "y"}, SourceError, "no column but 'y'"),
        (
            "a,y\n1,x\n1,z\n" * 30,
            {"target": "y", "size": 64},
            OptionError,
            "--size would do nothing",
        ),
        ("a,y\n" + "1,x\n1,z\n" * 30, {"target": "y"}, SourceError, "No column is left"),
    ],
    ids=["unnamed", "absent", "unlabelled", "one class", "regression", "alone", "idle", "empty"],
)
def test_faults_35_to_38_of_the_target_are_errors(
    cells: str, options: dict[str, Any], error: type[Exception], said: str, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(cells)
    with pytest.raises(error, match=said):
        train(tmp_path / "rows.csv", tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_fault_36_rows_without_a_label_can_be_left_out(tmp_path: Path) -> None:
    path = put_people(tmp_path / "people.csv", 60)
    lines = path.read_text().splitlines()
    lines[5] = lines[5].rpartition(",")[0] + ","
    path.write_text("\n".join(lines))
    run = train(path, tmp_path / "run", target="ill", drop_unlabelled=True, epochs=1)
    assert run.metrics["left_out"] == 1
    left = {"name": "row 6", "reason": "no value in 'ill'", "count": 1}
    assert run.findings["left_out"] == [left]


@pytest.mark.parametrize("cell", ["NaN", "inf", "-Infinity"])
def test_fault_36_a_label_that_is_no_number_among_numbers_is_an_error_with_its_row(
    cell: str, tmp_path: Path
) -> None:
    labels = ["0", cell, *("01" * 10)]
    rows = [f"{i},{label}" for i, label in enumerate(labels)]
    text, packed = tmp_path / "rows.csv", tmp_path / "rows.parquet"
    text.write_text("\n".join(["x,y", *rows]))
    pl.DataFrame({"x": range(len(labels)), "y": map(float, labels)}).write_parquet(packed)
    for path, row in ((text, "row 3"), (packed, "row 2")):
        with pytest.raises(SourceError, match=rf"1 rows have no value in 'y' \({row}\)") as caught:
            list_rows(path, TrainOptions(target="y"))
        assert "--drop-unlabelled" in caught.value.mend
        found = list_rows(path, TrainOptions(target="y", drop_unlabelled=True))
        assert found.classes == ("0", "1")


def test_a_table_with_embedded_categories_is_kept_whole(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    town = random.integers(0, 30, 600)
    frame = pl.DataFrame(
        {"town": [f"t{i}" for i in town], "x": random.random(600), "y": (town % 2).astype(str)}
    )
    frame.write_csv(tmp_path / "towns.csv")
    run = train(tmp_path / "towns.csv", tmp_path / "run", target="y")
    assert run.bundle.manifest.shape.embedded == ((0, 31, 6),)
    assert run.metrics["test"]["accuracy"] > 0.95


@pytest.mark.parametrize("option", [{"rotation_range": 5}, {"size": 64}, {"weights": "w"}])
def test_options_for_photos_are_refused_for_tables(option: dict[str, Any], tmp_path: Path) -> None:
    path = put_people(tmp_path / "people.csv", 60)
    with pytest.raises(OptionError, match="would do nothing: rows of a table are no photos"):
        train(path, tmp_path / "run", target="ill", **option)


def test_options_for_tables_are_refused_for_photos(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(OptionError, match="--hidden would do nothing"):
        train(tmp_path / "photos", tmp_path / "run", hidden="16")


def test_rows_are_predicted_without_tensorflow_and_without_what_photos_need(people: Run) -> None:
    script = (
        "import sys; from headstart.bundle.classifier import load; "
        f"load({str(people.folder)!r}).predict([{{'age': 90, 'city': 'Bonn', 'smokes': 'yes', "
        "'seen': '2024-03-01'}]); "
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_predict_reads_json_and_files(people: Run, call: Any, monkeypatch: Any) -> None:
    import io

    row = {"age": 90, "city": "Bonn", "smokes": "yes", "seen": "2024-03-01"}
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(row).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    found = call("predict", people.folder, "-", "--json")
    (answer,) = json.loads(found.out)["predictions"]
    assert (answer["input"], answer["class"]) == ("row 1", "sick")
    found = call("predict", people.folder, people.folder.parent / "people.csv", "--format", "csv")
    assert len(found.out.splitlines()) == 401
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{")))
    found = call("predict", people.folder, "-")
    assert (found.code, "is no JSON" in found.err) == (2, True)


def test_fault_45_a_large_file_is_predicted_in_pieces_with_the_same_answers(
    people: Run, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.read_csv(people.folder.parent / "people.csv", infer_schema=False)
    strange = frame.with_columns(city=pl.lit("Rome"), hair=pl.lit("red"))
    pl.concat([frame.with_columns(hair=pl.lit("red")), strange]).write_csv(tmp_path / "more.csv")
    words = ("predict", people.folder, tmp_path / "more.csv", "--format", "csv")
    whole = call(*words)
    monkeypatch.setattr(delimited, "_PIECE", 3000)  # bytes
    assert call(*words) == whole
    assert whole.err.count("\n") == 2  # each thing is told once
    assert "'city' has 1 values that were not trained on ('Rome')" in whole.err
    assert len(whole.out.splitlines()) == 801
