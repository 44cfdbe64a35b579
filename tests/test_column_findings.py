"""What the columns of a table make one doubt (fault 39 and its like)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import datasets

from headstart.column_findings import column_findings
from headstart.data.balance import imbalance
from headstart.data.duplicates import copies
from headstart.errors import OptionError
from headstart.findings import Finding
from headstart.options import TrainOptions
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
    assert column_findings(data) == []
    assert imbalance(data) == []


def test_fault_39_a_column_that_gives_the_target_away_is_a_warning(tmp_path: Path) -> None:
    made = columns()
    ill = made["y"] == "ill"
    made["score"] = ill + RANDOM.normal(0, 0.1, N)
    made["ward"] = np.where(ill, "A", "B")
    made["ward"][:3] = "C"
    made["discharged"] = [
        f"2024-03-{1 + i % 28:02}" if sick else None for i, sick in enumerate(ill)
    ]
    findings = column_findings(read(made, tmp_path / "rows.csv"))
    assert findings[0].level == "warning"
    told = by_kind(findings)["giveaway-column"]
    assert {text.partition(":")[0] for text in told} == {"score", "ward", "discharged"}
    assert "discharged: empty where the label is 'ill', or only there" in told


def test_fault_39_columns_that_name_the_rows_are_warned_of(tmp_path: Path) -> None:
    made = columns()
    made["person"] = [f"p{i}" for i in range(N)]
    made["number"] = np.cumsum(RANDOM.integers(1, 5, N))
    made["study"] = ["A"] * N
    found = by_kind(column_findings(read(made, tmp_path / "rows.csv")))
    assert found["id-column"] == ["person: an id: 420 values in 420 training rows"]
    assert found["id-like-column"] == ["number"]
    assert found["column-left-out"] == ["study: constant: every row has 'A'"]


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
    found = by_kind(column_findings(data))
    assert any(text.startswith("x: median ") for text in found["drift"])
    assert "town: 50% of the rows have values that training has hardly any of" in found["drift"]
    assert column_findings(read(made, tmp_path / "again.csv")) == []


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
