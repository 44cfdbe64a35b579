"""From decisions about labels to a new run, and what they changed."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from metrics_schema import faults
from photos import put_digits

from headstart.errors import ModelError, OptionError
from headstart.pipeline import train
from headstart.relabelling import relabel
from headstart.run import Run
from headstart.store.files import sha256_of_file

WRONG = {f"{label}/{number:04}.png" for label, number in ((1, 20), (3, 50), (5, 130))}


@pytest.fixture(scope="module")
def mixed_up(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on digits of which three lie in the folder of another."""
    folder = tmp_path_factory.mktemp("mixed")
    source = put_digits(folder / "digits", range(400))
    for number, wrong in ((20, 1), (50, 3), (130, 5)):
        (path,) = source.glob(f"*/{number:04}.png")
        path.rename(source / str(wrong) / path.name)
    return train(source, folder / "run", size=64, unfreeze="none")


def fill(run: Run, folder: Path, **decisions: str) -> Path:
    """The suspects of a run with a decision for some, by the number of the photo."""
    rows = list(run.suspects)
    assert rows
    fixes = folder / "fixes.csv"
    with fixes.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        for row in rows:
            row["decision"] = decisions.get(f"n{Path(row['sample']).stem}", "")
            writer.writerow(row)
    return fixes


def test_wrong_labels_are_among_the_suspects_and_told(mixed_up: Run) -> None:
    found = {row["sample"]: row for row in mixed_up.suspects}
    assert len(WRONG & found.keys()) >= 2
    assert len(found) <= 15
    assert mixed_up.metrics["suspects"] == len(found)
    assert mixed_up.metrics["decisions"] is None
    assert faults(mixed_up.metrics) == []
    kinds = [each["kind"] for each in mixed_up.findings["findings"]]
    assert "label-suspect" in kinds
    page = mixed_up.report().read_text(encoding="utf-8")
    assert "Labels that are probably wrong" in page
    keys = {row["sample"]: row["sha256"] for row in mixed_up.split}
    assert all(keys[name] == row["sha256"] for name, row in found.items())


def test_decisions_make_a_new_run_on_the_same_sides(mixed_up: Run, tmp_path: Path) -> None:
    source = Path(mixed_up.options["source"])
    before = {path: sha256_of_file(path) for path in source.rglob("*.png")}
    chosen = [Path(row["sample"]).stem for row in mixed_up.suspects]
    decisions = dict.fromkeys(chosen[:1], "relabel") | dict.fromkeys(chosen[1:2], "leave out")
    decisions |= dict.fromkeys(chosen[2:3], "keep")
    fixes = fill(mixed_up, tmp_path, **{f"n{stem}": what for stem, what in decisions.items()})
    made = relabel(mixed_up.folder, fixes, tmp_path / "new")

    metrics = made.run.metrics
    assert faults(metrics) == []
    done = {name: metrics["decisions"][name] for name in ("relabelled", "left_out", "kept")}
    assert done == {"relabelled": 1, "left_out": 1, "kept": len(chosen[2:3])}
    sides = {row["sample"]: row["split"] for row in mixed_up.split}
    new = {row["sample"]: row for row in made.run.split}
    first, second = (row["sample"] for row in mixed_up.suspects[:2])
    assert sides.keys() - new.keys() == {second}
    assert all(sides[name] == row["split"] for name, row in new.items())
    assert new[first]["label"] == mixed_up.suspects[0]["likely"]
    kept = {row["sample"] for row in mixed_up.suspects[2:3]}
    assert not kept & {row["sample"] for row in made.run.suspects}
    assert made.change.n == metrics["samples"]["test"]
    assert {path: sha256_of_file(path) for path in source.rglob("*.png")} == before

    # What was decided before holds in the next round too.
    rest = [row for row in made.run.suspects if row["sample"] != first]
    if rest:
        fixes = fill(made.run, tmp_path, **{f"n{Path(rest[0]['sample']).stem}": "keep"})
        again = relabel(made.run.folder, fixes, tmp_path / "again")
        assert again.run.metrics["decisions"]["relabelled"] == 1
        assert again.run.metrics["decisions"]["kept"] == done["kept"] + 1


def test_the_command_tells_what_changed(call: Any, mixed_up: Run, tmp_path: Path) -> None:
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f"sample,decision,new_label\n{mixed_up.suspects[0]['sample']},leave out,\n")
    told = call("relabel", mixed_up.folder, fixes, "--out", tmp_path / "new").out
    assert "0 relabelled, 1 left out, 0 kept." in told
    assert "points against before" in told
    assert max(map(len, told.splitlines()[:-1])) <= 80
    words = ["relabel", mixed_up.folder, fixes, "--out", tmp_path / "new", "--force", "--json"]
    document = json.loads(call(*words).out)
    assert document["change"]["samples"] == document["samples"]["test"]
    assert document["decisions"]["left_out"] == 1


def test_a_list_without_a_decision_is_refused(mixed_up: Run, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="decides nothing"):
        relabel(mixed_up.folder, mixed_up.folder / "suspects.csv", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_run_on_a_table_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    metrics = {"task": "table", "kind": "training", "hidden": [], "target": "y", "baselines": {}}
    metrics |= {"classes": [], "samples": {}, "test": {"accuracy": 1}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(ModelError, match="no run of `headstart train` on photos"):
        relabel(folder, tmp_path / "fixes.csv")
