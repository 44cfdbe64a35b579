"""From decisions about labels to a new run, and what they changed."""

import csv
import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from metrics_schema import faults
from photos import put_digits

from headstart.commands.relabel import _changed, told
from headstart.dataset import list_photos, load_network, look_at
from headstart.errors import ModelError, OptionError, SourceError
from headstart.evaluation.paired import Paired
from headstart.events import nobody
from headstart.frozen import fit_head
from headstart.options import TrainOptions
from headstart.pipeline import report, train
from headstart.relabelling import Relabelled, relabel
from headstart.report.words import decided, not_searched
from headstart.run import Run
from headstart.store.files import sha256_of_file
from headstart.suspecting import COLUMNS, suspected

OPTIONS = TrainOptions(size=32)

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
    assert "Labels to look at" in page
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
    relabelled = mixed_up.suspects[0]["sample"]
    assert metrics["decisions"]["relabelled_judged"] == (sides[relabelled] == "test")
    said = decided(metrics)
    assert said.startswith("1 label was changed by decision")
    again = shlex.join(["--decisions", str(made.run.folder / "decisions.csv")])
    page = made.run.report().read_text(encoding="utf-8")
    card = (made.run.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    for text, command in ((page, again), (card, "--decisions decisions.csv")):
        assert said in text
        assert command in text
        assert "fixes.csv" not in text
        assert "test figure is unbiased" not in text
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


def test_what_fell_has_a_minus_sign() -> None:
    before, after = np.array([True] * 30), np.array([True] * 25 + [False] * 5)
    said = _changed(Paired.of(after, before))
    assert "−16.7 points against before (95% interval −" in said
    assert "-" not in said
    assert "+16.7 points" in _changed(Paired.of(before, after))


def test_photos_that_were_moved_are_named_by_source(
    call: Any, mixed_up: Run, tmp_path: Path
) -> None:
    run, gone = tmp_path / "run", tmp_path / "gone"
    shutil.copytree(mixed_up.folder, run)
    document = json.loads((run / "options.json").read_text())
    here = document["source"]
    (run / "options.json").write_text(json.dumps({**document, "source": str(gone)}))
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f"sample,decision\n{mixed_up.suspects[0]['sample']},leave out\n")
    words = ["relabel", run, fixes, "--out", tmp_path / "new"]
    answer = call(*words)
    assert answer.code == 2
    assert "gone" in answer.err
    assert "--source" in answer.err
    assert call(*words, "--source", here).code == 0
    made = Run.open(tmp_path / "new")
    assert made.options["source"] == here
    assert made.metrics["decisions"]["left_out"] == 1


def test_where_labels_were_not_searched_that_is_said(mixed_up: Run, tmp_path: Path) -> None:
    assert mixed_up.metrics["suspects_skipped"] is None
    assert not_searched(mixed_up.metrics) == ""
    run = tmp_path / "run"
    shutil.copytree(mixed_up.folder, run)
    document = {**mixed_up.metrics, "suspects": None, "suspects_skipped": "too-large"}
    assert faults(document) == []
    (run / "metrics.json").write_text(json.dumps(document))
    (run / "suspects.csv").write_text(",".join(COLUMNS) + "\n")
    report(run)
    said = "No labels were searched for those that are probably wrong: with so many photos"
    assert said in (run / "report.html").read_text(encoding="utf-8")
    assert said in (run / "MODEL_CARD.md").read_text(encoding="utf-8")
    fixed = {"relabelled": 0, "left_out": 1, "kept": 0, "sha256": ""}
    (run / "metrics.json").write_text(json.dumps({**document, "decisions": fixed}))
    lines = told(Relabelled(Run.open(run), mixed_up, None))
    assert said in " ".join(lines.split())
    assert "still suspect" not in lines


def test_too_much_to_search_is_told_from_nothing_found(tmp_path: Path) -> None:
    photos = list_photos(put_digits(tmp_path / "digits", range(100)), OPTIONS)
    network = load_network(OPTIONS, photos.files, photos.keys)
    data = look_at(photos, network, OPTIONS, nobody)
    outcome = fit_head(data, network, OPTIONS, nobody)
    assert suspected(data, outcome).skipped is None
    # As wide as it takes, without the memory of it.
    wide = np.broadcast_to(np.float32(0), (len(data.labels), 3 * 10**6))
    assert suspected(replace(data, features=wide), outcome).skipped == "too-large"
    assert suspected(replace(data, features=wide[:, :0]), outcome).skipped == "no-features"


def test_a_list_without_a_decision_is_refused(mixed_up: Run, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="decides nothing"):
        relabel(mixed_up.folder, mixed_up.folder / "suspects.csv", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_list_for_other_photos_is_refused_before_anything_is_trained(
    call: Any, mixed_up: Run, tmp_path: Path
) -> None:
    (tmp_path / "fixes.csv").write_text("sample,decision,new_label\n9/nope.png,relabel,3\n")
    done = call("relabel", mixed_up.folder, tmp_path / "fixes.csv", "--out", tmp_path / "new")
    assert (done.code, "none of its decisions fits" in " ".join(done.err.split())) == (2, True)
    assert not (tmp_path / "new").exists()


def test_a_run_on_a_table_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    metrics = {"task": "table", "kind": "training", "hidden": [], "target": "y", "baselines": {}}
    metrics |= {"classes": [], "samples": {}, "test": {"accuracy": 1}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(ModelError, match="no run of `headstart train` on photos"):
        relabel(folder, tmp_path / "fixes.csv")


def test_in_its_own_place_a_run_is_compared_with_what_it_replaced(
    mixed_up: Run, tmp_path: Path
) -> None:
    shutil.copytree(mixed_up.folder, tmp_path / "run")
    stem = Path(mixed_up.suspects[0]["sample"]).stem
    fixes = fill(mixed_up, tmp_path, **{f"n{stem}": "leave out"})
    apart = relabel(mixed_up.folder, fixes, tmp_path / "other")
    inside = relabel(tmp_path / "run", fixes, tmp_path / "run", force=True)
    assert inside.change == apart.change
    # What was left out stands on no side any more.
    name = mixed_up.suspects[0]["sample"]
    fixes.write_text(f"sample,decision\n{name},keep\n")
    with pytest.raises(OptionError, match=f"decides on {name}, which an earlier decision left out"):
        relabel(tmp_path / "run", fixes, tmp_path / "third")


def test_decisions_that_empty_a_class_are_refused(mixed_up: Run, tmp_path: Path) -> None:
    zeros = [row["sample"] for row in mixed_up.split if row["label"] == "0"]
    fixes = tmp_path / "fixes.csv"
    fixes.write_text("sample,decision\n" + "".join(f"{name},leave out\n" for name in zeros))
    with pytest.raises(SourceError, match=r"fixes\.csv: the decisions leave no photo in '0'"):
        relabel(mixed_up.folder, fixes, tmp_path / "new")
    assert not (tmp_path / "new").exists()
