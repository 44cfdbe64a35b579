"""`headstart compare`, on real runs."""

import csv
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photos import put_digits

import headstart
from headstart.comparing import compare
from headstart.errors import InputError, ModelError, OptionError
from headstart.judging import evaluate
from headstart.pipeline import train
from headstart.report.contest import lines, verdict
from headstart.run import Run

Edit = Callable[[list[dict[str, str]]], Any]


@pytest.fixture
def other(trained: Any, tmp_path: Path) -> Run:
    """Another network on the same split: photos of 48 pixels."""
    split = trained.run.folder / "split.csv"
    return train(trained.source, tmp_path / "other", size=48, unfreeze="none", split=str(split))


def copied(run: Run, to: Path, name: str, edit: Edit) -> Path:
    """A copy of a run with the rows of one of its tables edited."""
    shutil.copytree(run.folder, to)
    with (to / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    edit(rows)
    with (to / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return to


def of_test(run: Run) -> dict[str, dict[str, str]]:
    return {row["sample"]: row for row in run.predictions if row["split"] == "test"}


def test_two_networks_are_compared_by_the_photos_that_both_are_judged_by(
    trained: Any, other: Run
) -> None:
    found = compare(trained.run, other)
    ours, theirs = of_test(trained.run), of_test(other)
    assert found["samples"] == len(ours) == len(theirs)
    assert found["a"]["accuracy"] == trained.run.metrics["test"]["accuracy"]
    assert found["b"]["accuracy"] == other.metrics["test"]["accuracy"]
    assert found["a"]["accuracy_interval"] == trained.run.metrics["test"]["accuracy_interval"]
    assert found["b"]["loss"] == pytest.approx(other.metrics["test"]["loss"], rel=1e-3)
    loss = found["b"]["loss"] - found["a"]["loss"]
    assert found["loss_difference"] == pytest.approx(loss)
    assert found["loss_difference_interval"][0] < loss < found["loss_difference_interval"][1]
    alone = {
        name: {
            sample
            for sample in ours
            if one[sample]["predicted"] == one[sample]["label"]
            and two[sample]["predicted"] != two[sample]["label"]
        }
        for name, one, two in (("only_a", ours, theirs), ("only_b", theirs, ours))
    }
    for name, samples in alone.items():
        assert {row["sample"] for row in found[name]} == samples
    a, b, n = len(alone["only_a"]), len(alone["only_b"]), len(ours)
    assert found["difference"] == pytest.approx((b - a) / n)
    exact = sum(math.comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b - 1)
    assert found["p"] == pytest.approx(min(1.0, exact))
    middle = (b - a) / (n + 2)  # Agresti and Min, by hand
    half = 1.959964 * math.sqrt(a + b + 1 - (b - a) ** 2 / (n + 2)) / (n + 2)
    assert found["difference_interval"] == pytest.approx([middle - half, middle + half])
    assert set(found["not_counted"].values()) == {0}
    assert found["verdict"] in " ".join(lines(found).split())


def test_cats_and_dogs_by_two_sizes_and_the_other_way_round(shared: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    for kind in ("cat", "dog"):
        for path in sorted((shared / "data" / "cats-dogs").glob(f"{kind}.*.jpg"))[:150]:
            shutil.copy(path, source)
    options: Any = {"label_pattern": r"(?P<label>cat|dog)\.", "unfreeze": "none"}
    large = train(source, tmp_path / "large", size=96, **options)
    split = str(large.folder / "split.csv")
    small = train(source, tmp_path / "small", size=32, split=split, **options)
    found, back = compare(small, large), compare(large, small)
    assert found["verdict"].startswith("B is better: ")
    assert back["verdict"].startswith("A is better: ")
    assert found["verdict"][1:] == back["verdict"][1:]
    assert found["difference"] == -back["difference"] > 0.1
    assert found["p"] == back["p"] < 0.05


def test_photos_that_the_other_was_trained_on_are_not_counted(
    trained: Any, same_cache: Path, tmp_path: Path
) -> None:
    drawn = train(trained.source, tmp_path / "seed", size=32, unfreeze="none", seed=1)
    found = compare(trained.run, drawn)
    sides = [{row["sha256"]: row["split"] for row in run.split} for run in (trained.run, drawn)]
    both = [key for key in sides[0] if sides[0][key] == sides[1][key] == "test"]
    assert 0 < found["samples"] == len(both)
    left_out = found["not_counted"]
    in_a = [key for key in sides[1] if sides[1][key] == "test" and sides[0][key] == "train"]
    in_b = [key for key in sides[0] if sides[0][key] == "test" and sides[1][key] == "train"]
    assert left_out["trained_on_by_a"] == len(in_a)
    assert left_out["trained_on_by_b"] == len(in_b)
    judged_by_a = sum(side == "test" for side in sides[0].values())
    assert len(both) + len(in_b) + left_out["judged_by_a_alone"] == judged_by_a


def test_evaluations_are_compared_without_what_either_was_trained_on(
    trained: Any, other: Run, tmp_path: Path
) -> None:
    photos = put_digits(tmp_path / "more", range(280, 360))  # 20 of them were in the split
    for run, name in ((trained.run, "a"), (other, "b")):
        evaluate(run.folder, photos, out=tmp_path / name)
    found = compare(tmp_path / "a", tmp_path / "b")
    keys = {row["sha256"] for row in trained.run.split if row["split"] == "train"}
    known = [row for row in Run.open(tmp_path / "a").split if row["sha256"] in keys]
    assert 0 < len(known) < 20
    assert found["samples"] == 80 - len(known)
    assert found["not_counted"]["trained_on_by_b"] == len(known)


def test_what_a_bundle_away_from_its_run_was_trained_on_is_said_not_to_be_known(
    trained: Any, other: Run, tmp_path: Path
) -> None:
    photos = put_digits(tmp_path / "more", range(280, 360))
    bundle = shutil.copy(trained.run.folder / "model.headstart", tmp_path)
    evaluate(bundle, photos, out=tmp_path / "away")
    evaluate(other.folder, photos, out=tmp_path / "b")
    found = compare(tmp_path / "away", tmp_path / "b")
    assert (found["a"]["trained_on_known"], found["b"]["trained_on_known"]) == (False, True)
    told = " ".join(lines(found).split())
    assert "Whether A was trained on some of these photos is not known" in told
    known = compare(trained.run, other)
    assert known["a"]["trained_on_known"]
    assert known["b"]["trained_on_known"]
    assert "not known" not in lines(known)


def test_photos_are_the_same_by_what_they_hold_not_by_their_names(
    trained: Any, tmp_path: Path
) -> None:
    def rename(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["sample"] = f"elsewhere/{row['sample']}"

    renamed = copied(trained.run, tmp_path / "renamed", "split.csv", rename)
    (renamed / "predictions.csv").unlink()
    shutil.move(
        copied(trained.run, tmp_path / "again", "predictions.csv", rename) / "predictions.csv",
        renamed,
    )
    found = compare(trained.run, renamed)
    assert found["samples"] == len(of_test(trained.run))
    assert found["difference"] == 0
    assert found["p"] == 1
    assert not found["only_a"] + found["only_b"]


def test_photos_under_another_label_are_counted_apart(trained: Any, tmp_path: Path) -> None:
    def relabel(rows: list[dict[str, str]]) -> None:
        for row in [row for row in rows if row["split"] == "test"][:3]:
            row["label"] = "9" if row["label"] != "9" else "1"

    changed = copied(trained.run, tmp_path / "relabelled", "predictions.csv", relabel)
    found = compare(trained.run, changed)
    assert found["not_counted"]["labelled_differently"] == 3
    assert found["samples"] == len(of_test(trained.run)) - 3


def test_a_probability_that_was_written_as_nothing_is_not_taken_for_nothing(
    trained: Any, tmp_path: Path
) -> None:
    def sure_and_wrong(rows: list[dict[str, str]]) -> None:
        next(row for row in rows if row["split"] == "test")["p_label"] = "0.000000"

    changed = copied(trained.run, tmp_path / "sure", "predictions.csv", sure_and_wrong)
    found = compare(trained.run, changed)
    assert found["loss_difference"] * found["samples"] < -math.log(5e-7)


def test_runs_without_a_photo_in_common_are_refused_with_the_way_out(
    trained: Any, tmp_path: Path, call: Any
) -> None:
    photos = put_digits(tmp_path / "more", range(400, 420))
    evaluate(trained.run.folder, photos, out=tmp_path / "elsewhere")
    with pytest.raises(InputError, match="no photos in common") as caught:
        compare(trained.run, tmp_path / "elsewhere")
    assert f"--split {trained.run.folder}/split.csv" in caught.value.mend
    answer = call("compare", trained.folder, tmp_path / "elsewhere")
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_a_run_is_not_compared_with_itself_nor_with_no_run(trained: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="itself"):
        compare(trained.run, trained.run.folder)
    with pytest.raises(ModelError, match="finished run"):
        compare(trained.run, tmp_path)


def test_photos_and_rows_are_not_compared(trained: Any, tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    shutil.copytree(trained.run.folder, rows)
    document = json.loads((rows / "metrics.json").read_text())
    document |= {"task": "table", "hidden": [4], "target": "ill"}
    (rows / "metrics.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"judged by rows, the other by photos\."):
        compare(trained.run, rows)


def test_the_command_prints_a_document_or_text_of_80_columns(
    trained: Any, other: Run, call: Any
) -> None:
    answer = call("compare", trained.folder, other.folder, "--json")
    assert answer.code == 0
    assert json.loads(answer.out) == json.loads(json.dumps(headstart.compare(trained.run, other)))
    answer = call("compare", trained.folder, other.folder)
    assert all(len(line) <= 80 for line in answer.out.splitlines()[3:])
    assert call("compare", trained.folder, other.folder, "--quiet").out == ""


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ((0.021, (0.004, 0.038), 0.0112), "B is better: 2.1 points more accuracy, 95% interval 0.4 "
         "to 3.8; chance hardly explains it (p = 0.011)."),
        ((-0.05, (-0.08, -0.02), 1e-5), "A is better: 5.0 points more accuracy, 95% interval 2.0 "
         "to 8.0; chance hardly explains it (p < 0.001)."),
        ((0.005, (-0.03, 0.04), 0.7), "The difference is within chance: B less A is 0.5 points, "
         "95% interval −3.0 to 4.0 (p = 0.7). 200 photos do not tell which is better."),
        ((0.0, (-0.01, 0.01), 1.0), "They are as good as each other: B less A is 0.0 points, 95% "
         "interval −1.0 to 1.0 (p = 1)."),
    ],
)  # fmt: skip
def test_the_verdict_is_one_plain_sentence(figures: Any, said: str) -> None:
    difference, interval, p = figures
    contest = {
        "task": "image",
        "samples": 200,
        "difference": difference,
        "difference_interval": interval,
        "p": p,
        "loss_difference": -0.02,
        "loss_difference_interval": [-0.05, 0.01],
    }
    assert verdict(contest) == said
    surer = verdict(contest | {"loss_difference_interval": [-0.03, -0.01]})
    assert surer.endswith("log loss is lower by 0.020 (95% interval 0.010 to 0.030).") == (p > 0.05)


def test_which_photos_were_named_by_one_alone_is_told_of_the_first_few() -> None:
    side = {"run": "/r", "judged": "test", "accuracy": 0.5, "accuracy_interval": [0.4, 0.6]}
    side |= {"loss": 0.7, "loss_interval": [0.6, 0.8]}
    names = [{"sample": f"{i}.jpg", "label": "cat", "a": "cat", "b": "dog"} for i in range(8)]
    text = lines(
        {
            "task": "image", "samples": 100, "a": side, "b": side, "difference": -0.08,
            "difference_interval": [-0.14, -0.02], "p": 0.01, "loss_difference": 0.0,
            "loss_difference_interval": [-0.1, 0.1], "only_a": names, "only_b": [],
            "not_counted": {"trained_on_by_a": 0, "trained_on_by_b": 12},
            "verdict": "A is better.",
        }
    )  # fmt: skip
    assert "8 photos that A alone named correctly" in text
    assert "and 3 more" in text
    assert "Not counted: 12 that B was trained on." in " ".join(text.split())
    assert np.array(list(map(len, text.splitlines()))).max() <= 80
