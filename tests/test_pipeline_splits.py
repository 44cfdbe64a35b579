"""Who trains and who judges: by split file, by folders, by shares, by cross-validation."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from metrics_schema import faults
from photos import put_colours, put_digits

from headstart.errors import OptionError, SourceError
from headstart.events import Event, Notice
from headstart.pipeline import train
from headstart.run import Run


def sides(run: Run) -> dict[str, str]:
    return {row["sample"]: row["split"] for row in run.split}


def kinds(run: Run) -> dict[str, list[list[str]]]:
    return {found["kind"]: found["samples"] for found in run.findings["findings"]}


def test_a_split_file_gives_the_same_sides_whatever_the_seed(trained, same_cache, tmp_path):
    split = Path(trained.folder, "split.csv")
    again = train(trained.source, tmp_path / "run", size=32, unfreeze="none", split=split, seed=7)
    assert (tmp_path / "run" / "split.csv").read_bytes() == split.read_bytes()
    # The seed draws the folds that the temperature is fitted by, so how sure it is may differ.
    for name in ("accuracy", "confusion_matrix"):
        assert again.metrics["test"][name] == trained.run.metrics["test"][name]


def test_a_split_file_of_other_photos_is_an_error_and_leaves_no_run(trained, same_cache, tmp_path):
    source = tmp_path / "digits"
    shutil.copytree(trained.source, source)
    put_digits(source, range(300, 302))
    with pytest.raises(SourceError, match=r"split\.csv: does not fit .*photos not in it: 2"):
        train(
            source,
            tmp_path / "run",
            size=32,
            unfreeze="none",
            split=Path(trained.folder, "split.csv"),
        )
    assert not (tmp_path / "run").exists()


def split_folders(root: Path) -> Path:
    """Digits in train, valid and test folders."""
    put_digits(root / "train", range(0, 120))
    put_digits(root / "valid", range(120, 160))
    put_digits(root / "test", range(160, 200))
    return root


def test_split_folders_are_honoured_and_a_copy_that_stands_in_two_is_told_loudly(tmp_path):
    source = split_folders(tmp_path / "photos")
    shutil.copy(source / "train/0/0000.png", source / "test/0/again.png")
    heard: list[Event] = []
    run = train(source, tmp_path / "run", size=32, unfreeze="none", listen=heard.append)
    assert run.metrics["samples"] == {"train": 120, "validation": 40, "test": 41}
    given = {"train": "train", "valid": "validation", "test": "test"}
    assert all(given[name.split("/")[0]] == side for name, side in sides(run).items())
    assert run.metrics["selected_on"] == "validation"
    assert kinds(run)["duplicate-across-splits"] == [["test/0/again.png", "train/0/0000.png"]]
    assert any("better than they should be" in e.text for e in heard if isinstance(e, Notice))
    assert "test/0/again.png" in run.report().read_text()


def test_a_side_that_has_no_folder_is_drawn_from_training(tmp_path):
    source = split_folders(tmp_path / "photos")
    shutil.rmtree(source / "test")
    run = train(source, tmp_path / "run", size=32, unfreeze="none")
    found = Counter((name.split("/")[0], side) for name, side in sides(run).items())
    assert found["valid", "validation"] == 40
    assert found["train", "test"] == pytest.approx(0.15 * 120, abs=5)
    assert found["train", "train"] == 120 - found["train", "test"]


def test_copies_stay_on_one_side_of_a_drawn_split_and_are_only_noted(tmp_path):
    source = put_digits(tmp_path / "photos", range(210))
    for number in range(0, 60, 3):
        (original,) = source.glob(f"*/{number:04}.png")
        shutil.copy(original, original.with_name(f"copy-{number}.png"))
    heard: list[Event] = []
    run = train(source, tmp_path / "run", size=32, unfreeze="none", listen=heard.append)
    groups = kinds(run)["duplicate"]
    assert len(groups) == 20
    placed = sides(run)
    assert all(placed[one] == placed[other] for one, other in groups)
    assert not [event for event in heard if isinstance(event, Notice)]


def test_under_200_photos_every_one_is_judged_once_by_cross_validation(tmp_path):
    source = put_digits(tmp_path / "photos", range(90))
    run = train(source, tmp_path / "run", size=32, unfreeze="none")
    metrics = run.metrics
    assert faults(metrics) == []
    assert (metrics["validation"], metrics["test"]) == (None, None)
    assert metrics["samples"] == {"train": 90, "validation": 0, "test": 0}
    assert metrics["selected_on"] == "cross-validation"
    rows = run.predictions
    assert {row["split"] for row in rows} == {"cross-validation"}
    assert sorted(row["sample"] for row in rows) == [row["sample"] for row in run.split]
    right = sum(row["label"] == row["predicted"] for row in rows)
    assert metrics["cross_validation"]["accuracy"] == right / 90
    assert metrics["train"]["accuracy"] > metrics["cross_validation"]["accuracy"] > 0.5
    assert "cross-validation" in run.report().read_text()
    assert run.bundle.manifest.metrics.keys() == {"train", "cross_validation"}


def test_without_validation_the_strength_is_chosen_by_cross_validation(tmp_path):
    source = put_digits(tmp_path / "photos", range(90))
    run = train(source, tmp_path / "run", size=32, unfreeze="none", validation=0, test=0.3)
    assert faults(run.metrics) == []
    assert run.metrics["validation"] is None
    assert run.metrics["cross_validation"] is None  # shares that are asked for are drawn
    assert run.metrics["samples"]["test"] == pytest.approx(27, abs=5)
    assert run.metrics["selected_on"] == "cross-validation"
    assert {row["split"] for row in run.predictions} == {"test"}


def test_without_a_test_set_the_validation_figures_are_the_last(tmp_path):
    source = put_digits(tmp_path / "photos", range(90))
    run = train(source, tmp_path / "run", size=32, unfreeze="none", validation=0.3, test=0)
    assert run.metrics["test"] is None
    assert run.metrics["validation"]["accuracy"] > 0.5
    assert "There is no test set" in run.report().read_text()


def test_photos_drawn_by_number_leave_the_others_unused(trained, same_cache, tmp_path):
    run = train(trained.source, tmp_path / "run", size=32, unfreeze="none", per_class="10,3,4")
    per_class = Counter((row["label"], row["split"]) for row in run.split)
    for digit in map(str, range(10)):
        counts = [per_class[digit, side] for side in ("train", "validation", "test")]
        assert counts == [10, 3, 4]
    assert run.metrics["samples"] == {"train": 100, "validation": 30, "test": 40}


def test_more_photos_than_a_class_has_are_an_error_that_names_it(trained, same_cache, tmp_path):
    with pytest.raises(OptionError, match=r"--per-class asks for more than there is: .* of 56"):
        train(trained.source, tmp_path / "run", size=32, unfreeze="none", per_class="50,3,3")
    assert not (tmp_path / "run").exists()


def test_fault_18_a_class_with_one_photo_is_trained_on_and_not_scored(tmp_path):
    source = put_digits(tmp_path / "photos", range(90))
    put_colours(source, "alone", 1)
    heard: list[Event] = []
    run = train(source, tmp_path / "run", size=32, unfreeze="none", listen=heard.append)
    assert "alone" in run.metrics["classes"]
    assert kinds(run)["not-scored"] == [["alone"]]
    assert any("nothing says how well" in e.text for e in heard if isinstance(e, Notice))
    figures = run.metrics["cross_validation"]["per_class"]["alone"]
    assert figures.pop("support") == 0
    assert set(figures.values()) == {None}
    assert "Not scored" in run.report().read_text()
    assert all("p:alone" in row and row["label"] != "alone" for row in run.predictions)


def test_fault_18_where_every_class_has_one_photo_nothing_could_be_judged(tmp_path):
    for label in ("ape", "bee"):
        put_colours(tmp_path / "photos", label, 1)
    with pytest.raises(SourceError, match=r"No class has two different photos: nothing"):
        train(tmp_path / "photos", tmp_path / "run", size=32, unfreeze="none")
    assert not (tmp_path / "run").exists()


def test_two_photos_a_class_are_enough(tmp_path):
    for label in ("ape", "bee"):
        put_colours(tmp_path / "photos", label, 2)
    run = train(tmp_path / "photos", tmp_path / "run", size=32, unfreeze="none")
    assert faults(run.metrics) == []
    assert len(run.predictions) == 4
