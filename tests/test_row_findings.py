"""What the columns of a table make one doubt (fault 39 and its like)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import datasets

from headstart.data.balance import imbalance
from headstart.data.duplicates import copies
from headstart.errors import OptionError
from headstart.evaluation.trust import answered
from headstart.findings import Finding
from headstart.options import TrainOptions
from headstart.record.common import find
from headstart.row_findings import row_findings
from headstart.tabular import Data, divided, list_rows

N = 600
RANDOM = np.random.default_rng(0)


def read(columns: Mapping[str, Sequence[Any]], path: Path, **options: Any) -> Data:
    pl.DataFrame(dict(columns)).write_csv(path)
    given = TrainOptions(target="y", **options)
    return divided(list_rows(path, given), given, lambda _: None)


def by_kind(findings: Sequence[Finding]) -> dict[str, list[str]]:
    return {finding.kind: [name for (name,) in finding.samples] for finding in findings}


def columns(n: int = N) -> dict[str, Any]:
    """A number that tells something, and labels."""
    random = np.random.default_rng(n)
    x = random.normal(0, 1, n)
    return {"x": x, "y": np.where(x + random.normal(0, 1, n) > 0, "ill", "well")}


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_real_tables_raise_no_doubt(name: str, tmp_path: Path) -> None:
    found = getattr(datasets, f"load_{name}")()
    named = {str(column): found.data[:, i] for i, column in enumerate(found.feature_names)}
    data = read({**named, "y": [f"k{t}" for t in found.target]}, tmp_path / "rows.csv")
    assert [found for found in row_findings(data) if found.level == "warning"] == []
    assert imbalance(data) == []
    assert "unique-numbers" not in {found.kind for found in row_findings(data)}


def test_fault_39_a_column_that_gives_the_target_away_is_a_warning(tmp_path: Path) -> None:
    made = columns()
    ill = made["y"] == "ill"
    made["score"] = ill + RANDOM.normal(0, 0.1, N)
    made["ward"] = np.where(ill, "A", "B")
    made["ward"][:3] = "C"
    made["discharged"] = [
        f"2024-03-{1 + i % 28:02}" if sick else None for i, sick in enumerate(ill)
    ]
    findings = row_findings(read(made, tmp_path / "rows.csv"))
    assert findings[0].level == "warning"
    told = by_kind(findings)["giveaway-column"]
    assert {text.partition(":")[0] for text in told} == {"score", "ward", "discharged"}
    assert "discharged: empty where the label is 'ill', or only there" in told


def test_fault_39_columns_that_name_the_rows_are_warned_of(tmp_path: Path) -> None:
    made = columns()
    made["person"] = [f"p{i}" for i in range(N)]
    made["number"] = np.cumsum(RANDOM.integers(1, 5, N))
    made["study"] = ["A"] * N
    found = by_kind(row_findings(read(made, tmp_path / "rows.csv")))
    assert found["id-column"] == ["person: an id: 420 values in 420 training rows"]
    assert found["id-like-column"] == ["number"]
    assert found["column-left-out"] == ["study: constant: every row has 'A'"]


def test_fault_39_whole_numbers_of_which_each_row_has_its_own_are_told(tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).choice(np.arange(100_000, 1_000_000), N, replace=False)
    made = columns() | {"income": numbers, "patient_id": numbers[::-1], "steps": numbers // 100}
    data = read(made, tmp_path / "rows.csv")
    found = {finding.kind: finding for finding in row_findings(data)}
    assert found["unique-numbers"].samples == (("income",),)
    assert (found["unique-numbers"].level, "an id?" in found["unique-numbers"].why) == (
        "note",
        True,
    )
    told = "patient_id: an id by its name, and 420 values in 420 training rows"
    assert found["id-column"].samples == ((told,),)
    assert {column.name for column in data.columns if column.kind == "number"} == {
        *("x", "income", "steps")
    }


def test_a_warning_names_up_to_three_columns_and_counts_more(tmp_path: Path) -> None:
    made = columns() | {f"id{i}": [f"p{j}" for j in range(N)] for i in range(3)}
    told = []
    for count in (3, 2):
        data = read(
            {**made, "more": made["id0"]}, tmp_path / "r.csv", ignore=("id2",) * (3 - count)
        )
        rows = data.on("test")
        answers = [answered("test", rows, data.labels[rows], [np.full((len(rows), 2), 0.5)])]
        heard: list[Any] = []
        find(data, answers, TrainOptions(target="y"), heard.append, row_findings(data))
        (notice,) = heard
        told.append(notice.text)
    assert told[0].endswith("else drop them. (4 in the report)")
    assert "(id0: an id: 420 values in 420 training rows; id1: an id: 420" in told[1]


def test_columns_can_be_passed_over(tmp_path: Path) -> None:
    made = columns() | {"number": np.arange(N) * 2, "name": ["a", "b"] * (N // 2)}
    data = read(made, tmp_path / "rows.csv", ignore=("n*",))
    out = {c.name: c.reason for c in data.columns if c.kind == "left-out"}
    assert out == {"number": "passed over, as asked", "name": "passed over, as asked"}
    with pytest.raises(OptionError, match=r"no column 'nunber' for --ignore.*mean 'number'"):
        read(made, tmp_path / "rows.csv", ignore=("nunber",))


def test_drift_between_files_is_told_and_chance_is_not(tmp_path: Path) -> None:
    made = columns() | {"town": RANDOM.choice(["Bonn", "Ulm"], N)}
    later = columns(200) | {"town": ["Rome"] * 100 + ["Ulm"] * 100}
    later["x"] += 2
    pl.DataFrame(later).write_csv(tmp_path / "later.csv")
    data = read(made, tmp_path / "rows.csv", test_file=tmp_path / "later.csv")
    found = by_kind(row_findings(data))
    assert any(text.startswith("x: median ") for text in found["drift"])
    assert "town: 50% of the rows have values that training has hardly any of" in found["drift"]
    assert row_findings(read(made, tmp_path / "again.csv")) == []


def test_rows_of_one_file_that_stand_in_the_other_are_found(tmp_path: Path) -> None:
    made = columns()
    pl.DataFrame(made)[:50].write_csv(tmp_path / "test.csv")
    data = read(made, tmp_path / "rows.csv", test_file=tmp_path / "test.csv")
    found = {finding.kind: finding for finding in copies(data)}
    assert len(found["duplicate-across-splits"].samples) == 50
    assert "The same row stands on more than one side" in found["duplicate-across-splits"].why


def test_one_row_with_two_labels_is_found(tmp_path: Path) -> None:
    made = columns()
    other = ["well" if label == "ill" else "ill" for label in made["y"][:4]]
    x, y = [*made["x"], *made["x"][:4]], [*made["y"], *other]
    data = read({"x": x, "y": y}, tmp_path / "rows.csv")
    found = {finding.kind: finding for finding in copies(data)}
    assert len(found["same-row-two-labels"].samples) == 4


def test_a_rare_class_is_told_with_its_number(tmp_path: Path) -> None:
    made = columns()
    made["y"] = np.where(np.arange(N) % 30 == 0, "rare", "often")
    (finding,) = imbalance(read(made, tmp_path / "rows.csv"))
    assert finding.samples == (("rare: 14 of 420",),)
    assert "--class-weight balanced" in finding.mend


def test_copies_are_kept_together_however_many_and_whatever_their_ids(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = {f"c{i}": np.repeat(random.normal(0, 1, 100), 3) for i in range(8)}
    labels = np.repeat(random.choice(["ill", "well"], 100), 3)
    data = read({"person": range(300), **noise, "y": labels}, tmp_path / "rows.csv")
    assert len(np.unique(data.clusters)) == 100
    sides = {cluster: set() for cluster in data.clusters.tolist()}
    for cluster, side in zip(data.clusters.tolist(), data.sides.tolist(), strict=True):
        sides[cluster].add(side)
    assert all(len(found) == 1 for found in sides.values())


def test_rows_of_few_values_are_alike_by_chance_and_may_part(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    age = random.integers(13, 101, 500)
    data = read({"age": age, "y": np.where(age > 64, "ill", "well")}, tmp_path / "rows.csv")
    assert len(np.unique(data.clusters)) == 500
    assert copies(data) == []


def test_a_column_of_numbers_but_for_some_cells_is_told(tmp_path: Path) -> None:
    made = columns()
    made["dose"] = ["unknown" if i == 7 else f"{i / 7:.3f}" for i in range(N)]
    made["price"] = [f"{i},{i % 10}" for i in range(N)]
    found = by_kind(row_findings(read(made, tmp_path / "rows.csv")))
    (price, dose) = sorted(found["nearly-numbers"], reverse=True)
    assert "commas stand for points" in price
    assert dose.startswith("dose: nearly numbers: ")
    assert "'unknown'" in dose


def test_what_to_do_about_numbers_that_are_not_read_fits_how_they_are_written(
    tmp_path: Path,
) -> None:
    written = {
        "3.5 for 3,5": [f"{i},{i % 10}" for i in range(N)],
        "without their sign or unit": [f"${i}" for i in range(N)],
        "NA only where they say nothing": [i if i % 50 else f"about {i}" for i in range(N)],
    }
    for way, cells in written.items():
        made = columns() | {"price": [str(cell) for cell in cells]}
        (found,) = row_findings(read(made, tmp_path / "rows.csv"))
        assert found.kind == "nearly-numbers"
        assert way in found.mend
        assert not any(other in found.mend for other in written if other != way)


def test_texts_that_a_file_pads_with_blanks_are_what_they_are(tmp_path: Path) -> None:
    made = columns()
    padded = pl.DataFrame({"bed": [f"{v} " for v in made["y"]], "x": made["x"], "y": made["y"]})
    padded.write_parquet(tmp_path / "rows.parquet")
    given = TrainOptions(target="y")
    data = divided(list_rows(tmp_path / "rows.parquet", given), given, lambda _: None)
    assert data.columns[0].values == ("ill", "well")
    assert not data.matrix[:, 2].any()  # none is another value
    assert "bed: 100.0% right" in by_kind(row_findings(data))["giveaway-column"]


def test_a_class_called_none_is_one(tmp_path: Path) -> None:
    made = columns()
    made["y"] = np.where(made["y"] == "ill", "Mild", "None")
    assert read(made, tmp_path / "rows.csv").classes == ("Mild", "None")


def test_drift_of_many_values_is_found_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    made = columns() | {"town": [f"t{i}" for i in random.integers(0, 60, N)]}
    later = columns(300) | {"town": [f"t{i}" for i in random.integers(40, 100, 300)]}
    pl.DataFrame(later).write_csv(tmp_path / "later.csv")
    data = read(made, tmp_path / "rows.csv", test_file=tmp_path / "later.csv")
    assert any(text.startswith("town: ") for text in by_kind(row_findings(data))["drift"])


def test_a_column_whose_name_looks_like_a_pattern_can_be_passed_over(tmp_path: Path) -> None:
    data = read(columns() | {"b [EUR]": np.arange(N) % 7}, tmp_path / "r.csv", ignore=("b [EUR]",))
    out = [column.name for column in data.columns if column.kind == "left-out"]
    assert out == ["b [EUR]"]


def test_time_that_is_not_kept_because_a_file_says_otherwise_is_told(tmp_path: Path) -> None:
    made = columns() | {"year": [2020 + i % 5 for i in range(N)]}
    old = columns(100) | {"year": [2010] * 100}
    pl.DataFrame(made).write_csv(tmp_path / "rows.csv")
    pl.DataFrame(old).write_csv(tmp_path / "old.csv")
    given = TrainOptions(target="y", time="year", test_file=tmp_path / "old.csv")
    heard: list[Any] = []
    divided(list_rows(tmp_path / "rows.csv", given), given, heard.append)
    assert any("100 rows that judge are older in 'year'" in event.text for event in heard)
