"""Which rows of a table train, choose and judge: whole runs."""

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer

from headstart.errors import OptionError, SourceError
from headstart.options import TrainOptions
from headstart.pipeline import train
from headstart.tabular import divided, list_rows


@pytest.fixture(scope="module")
def cancer() -> pl.DataFrame:
    """569 real rows of 30 measurements; the first five of them here."""
    found = load_breast_cancer()
    columns = {str(c): found.data[:, i] for i, c in enumerate(found.feature_names[:5])}
    return pl.DataFrame({**columns, "kind": [str(found.target_names[t]) for t in found.target]})


def put(folder: Path, **frames: pl.DataFrame) -> dict[str, Path]:
    paths = {name: folder / f"{name}.csv" for name in frames}
    for name, frame in frames.items():
        frame.write_csv(paths[name])
    return paths


def sides(source: Path, **options: Any) -> dict[str, str]:
    """The side of each row, by name."""
    given = TrainOptions(target="kind", **options)
    data = divided(list_rows(source, given), given, lambda event: None)
    return dict(zip(data.samples.names, data.sides.tolist(), strict=True))


@pytest.mark.usefixtures("keras")
def test_rows_of_a_test_file_are_the_test_set(cancer: pl.DataFrame, tmp_path: Path) -> None:
    files = put(tmp_path, main=cancer[:400], trial=cancer[400:])
    run = train(files["main"], tmp_path / "run", target="kind", test_file=files["trial"], epochs=20)
    assert run.metrics["samples"]["test"] == 169
    assert run.metrics["samples"]["validation"] == 60  # drawn from the others
    assert run.metrics["test"]["accuracy"] > 0.85
    tested = [row["sample"] for row in run.split if row["split"] == "test"]
    assert {*tested} == {f"test row {i}" for i in range(2, 171)}


def test_with_both_files_nothing_is_drawn(cancer: pl.DataFrame, tmp_path: Path) -> None:
    files = put(tmp_path, main=cancer[:100], validation=cancer[100:150], test=cancer[150:200])
    found = sides(files["main"], validation_file=files["validation"], test_file=str(files["test"]))
    assert Counter(found.values()) == {"train": 100, "validation": 50, "test": 50}
    assert found["validation row 2"] == "validation"


def test_what_has_no_file_is_drawn_also_from_few_rows_unless_told(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    files = put(tmp_path, main=cancer[:100], test=cancer[100:])
    drawn = Counter(sides(files["main"], test_file=files["test"]).values())
    assert drawn == {"train": 85, "validation": 15, "test": 469}
    none = Counter(sides(files["main"], test_file=files["test"], validation=0).values())
    assert none == {"train": 100, "test": 469}


def test_a_class_that_only_the_test_file_has_is_an_error(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    odd = cancer[500:].with_columns(kind=pl.lit("unclear"))
    files = put(tmp_path, main=cancer[:500], test=odd)
    with pytest.raises(SourceError, match="Classes without a training row: unclear"):
        sides(files["main"], test_file=files["test"])


def test_a_share_beside_a_file_of_the_same_side_is_refused(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    files = put(tmp_path, main=cancer[:500], test=cancer[500:])
    with pytest.raises(
        OptionError, match="--test would do nothing: by --test-file each row has its place"
    ):
        sides(files["main"], test_file=files["test"], test=0.2)


def test_rows_without_a_label_are_named_with_their_file(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    blank = cancer[500:].with_columns(kind=pl.lit(""))
    files = put(tmp_path, main=cancer[:500], test=pl.concat([cancer[490:500], blank]))
    with pytest.raises(SourceError, match=r"no value in 'kind' \(test row 12, test row 13"):
        sides(files["main"], test_file=files["test"])


@pytest.mark.parametrize("option", ["validation_file", "test_file"])
def test_files_of_rows_are_refused_for_photos(option: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(OptionError, match=f"--{option.replace('_', '-')} would do nothing"):
        train(tmp_path / "photos", tmp_path / "run", **{option: "rows.csv"})
