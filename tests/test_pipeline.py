"""The whole way, from photos to a finished run: on real cats and dogs, and on digits."""

import dataclasses
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from metrics_schema import faults
from photos import put_digits

from headstart.data.split_file import HEADER
from headstart.events import Event, Progress
from headstart.options import TrainOptions
from headstart.pipeline import train
from headstart.run import Run

FILES = {
    "suspects.csv",
    "options.json",
    "split.csv",
    "findings.json",
    "predictions.csv",
    "metrics.json",
    "confusion-matrix.png",
    "report.html",
    "MODEL_CARD.md",
    "model.headstart",
}
TIMED = {"metrics.json", "options.json", "report.html", "MODEL_CARD.md"}  # or with paths
ALIKE = FILES - TIMED


@dataclasses.dataclass(frozen=True)
class Finished:
    """A run with the photos that it was made from, and what it told."""

    run: Run
    source: Path
    heard: list[Event]


@pytest.fixture(scope="module")
def pets(shared, tmp_path_factory) -> Finished:
    """90 real cats and dogs trained on, 20 for validation, 20 for the test."""
    folder = tmp_path_factory.mktemp("pets")
    source = folder / "pets"
    source.mkdir()
    for kind in ("cat", "dog"):
        for number in range(65):
            shutil.copy(shared / "data" / "cats-dogs" / f"{kind}.{number}.jpg", source)
    heard: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(folder / "cache"))
        run = train(
            source,
            folder / "run",
            listen=heard.append,
            label_pattern=r"(?P<label>cat|dog)\.\d+",
            per_class=(45, 10, 10),
        )
    return Finished(run, source, heard)


@pytest.fixture(params=["pets", "digits"])
def finished(request) -> Finished:
    """Either run; that on digits needs no data from elsewhere."""
    if request.param == "pets":
        return request.getfixturevalue("pets")
    trained = request.getfixturevalue("trained")
    return Finished(trained.run, trained.source, [])


def without_seconds(run: Run) -> dict[str, object]:
    return {name: value for name, value in run.metrics.items() if name not in ("made", "seconds")}


def content(run: Run, names: set[str] = ALIKE) -> dict[str, str]:
    return {name: sha256((run.folder / name).read_bytes()).hexdigest() for name in sorted(names)}


def test_a_run_folder_holds_the_files_of_the_contract_and_no_others(finished):
    assert {path.name for path in finished.run.folder.iterdir()} == FILES


def test_the_figures_are_as_the_schema_says(finished):
    assert faults(finished.run.metrics) == []


def test_cats_are_told_from_dogs(pets):
    metrics = pets.run.metrics
    assert metrics["test"]["accuracy"] >= 0.9
    assert metrics["samples"] == {"train": 90, "validation": 20, "test": 20}
    assert metrics["baselines"]["majority"] == 0.5
    assert metrics["backbone"] == "efficientnet-lite0"
    assert metrics["size"] == 224
    assert metrics["parameters"] == 3_413_024 + 1281 * 2
    assert metrics["classes"] == ["cat", "dog"]


def test_digits_are_told_apart(trained):
    metrics = trained.run.metrics
    assert metrics["test"]["accuracy"] > 0.75
    assert metrics["test"]["accuracy_interval"][0] > metrics["baselines"]["majority"]
    assert metrics["classes"] == [str(digit) for digit in range(10)]


def test_progress_is_told_from_the_first_photo_to_the_last(pets):
    told = [event for event in pets.heard if isinstance(event, Progress)]
    assert told[0] == Progress("photos", 0, 130)
    assert Progress("features", 0, 130) in told
    assert told[-1] == Progress("features", 130, 130)


@pytest.mark.parametrize("side", ["validation", "test"])
def test_the_figures_are_those_that_scikit_learn_gets_from_predictions_csv(finished, side):
    metrics = finished.run.metrics
    scores, classes = metrics[side], metrics["classes"]
    rows = [row for row in finished.run.predictions if row["split"] == side]
    true = [row["label"] for row in rows]
    predicted = [row["predicted"] for row in rows]
    shares = np.array([[float(row[f"p:{name}"]) for name in classes] for row in rows])

    assert len(rows) == metrics["samples"][side]
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert [classes[j] for j in shares.argmax(axis=1)] == predicted
    assert scores["accuracy"] == sklearn.metrics.accuracy_score(true, predicted)
    shares /= shares.sum(axis=1, keepdims=True)  # six decimals do not sum to one
    loss = sklearn.metrics.log_loss(true, shares, labels=classes)
    assert scores["loss"] == pytest.approx(loss, rel=1e-3)
    matrix = sklearn.metrics.confusion_matrix(true, predicted, labels=classes)
    assert scores["confusion_matrix"] == matrix.tolist()
    f1 = sklearn.metrics.f1_score(true, predicted, average="macro", zero_division=0)
    assert scores["macro_f1"] == pytest.approx(f1)


def test_the_confusion_matrix_has_true_classes_down_and_predicted_ones_across(trained):
    matrix = np.zeros((10, 10), int)
    for row in trained.run.predictions:
        if row["split"] == "validation":
            matrix[int(row["label"]), int(row["predicted"])] += 1
    assert not np.array_equal(matrix, matrix.T)  # or this would show nothing
    assert trained.run.metrics["validation"]["confusion_matrix"] == matrix.tolist()


def test_the_split_lists_every_photo_with_its_side_and_its_content(finished):
    lines = (finished.run.folder / "split.csv").read_text().splitlines()
    assert lines[0] == ",".join(HEADER)
    rows = finished.run.split
    assert [row["sample"] for row in rows] == sorted(row["sample"] for row in rows)
    assert len(rows) == sum(1 for path in finished.source.rglob("*") if path.is_file())
    sides = [row["split"] for row in rows]
    assert {side: sides.count(side) for side in set(sides)} == finished.run.metrics["samples"]
    for row in rows[::17]:
        bytes_ = (finished.source / row["sample"]).read_bytes()
        assert row["sha256"] == sha256(bytes_).hexdigest()
    judged = {(row["sample"], row["split"]) for row in finished.run.predictions}
    assert judged == {(r["sample"], r["split"]) for r in rows if r["split"] != "train"}


def test_the_options_are_kept_with_where_the_photos_were(pets):
    options = pets.run.options
    assert options["source"] == str(pets.source.absolute())
    assert options["options"].keys() == TrainOptions.model_fields.keys()
    assert options["options"]["per_class"] == "45,10,10"
    assert TrainOptions(**options["options"]).label_pattern == r"(?P<label>cat|dog)\.\d+"


def test_the_bundle_answers_as_the_run_did_and_knows_its_figures(pets):
    rows = [row for row in pets.run.predictions if row["split"] == "test"]
    classifier = pets.run.bundle
    shares = classifier.predict_proba([pets.source / row["sample"] for row in rows])
    np.testing.assert_allclose(shares[:, 1], [float(row["p:dog"]) for row in rows], atol=2e-2)
    manifest = classifier.manifest
    assert manifest.metrics["test"].accuracy == pets.run.metrics["test"]["accuracy"]
    split = (pets.run.folder / "split.csv").read_bytes()
    assert manifest.split_sha256 == sha256(split).hexdigest()


def test_the_page_has_the_headline_figure_and_the_photos(pets):
    page = pets.run.report().read_text()
    assert "of 20 test photos" in page
    assert page.count("data:image/jpeg") > 10


def test_the_same_call_computes_nothing_and_gives_the_same_run(trained, same_cache, tmp_path):
    heard: list[Event] = []
    again = train(trained.source, tmp_path / "run", size=32, unfreeze="none", listen=heard.append)
    assert not [event for event in heard if isinstance(event, Progress)]
    assert without_seconds(again) == without_seconds(trained.run)
    assert content(again) == content(trained.run)


def test_from_an_empty_cache_too_the_same_call_gives_the_same_run(trained, tmp_path):
    again = train(trained.source, tmp_path / "run", size=32, unfreeze="none")
    assert without_seconds(again) == without_seconds(trained.run)
    assert content(again) == content(trained.run)


def test_ten_new_photos_cost_ten(trained, same_cache, tmp_path):
    source = tmp_path / "digits"
    shutil.copytree(trained.source, source)
    put_digits(source, range(300, 310))
    heard: list[Event] = []
    run = train(source, tmp_path / "run", size=32, unfreeze="none", listen=heard.append)
    told = [event for event in heard if isinstance(event, Progress)]
    assert told[0] == Progress("photos", 300, 310)
    assert Progress("features", 300, 310) in told
    assert told[-1] == Progress("features", 310, 310)
    assert sum(run.metrics["samples"].values()) == 310


def test_with_force_a_run_is_replaced_whole_here_by_one_of_another_seed(
    trained, same_cache, tmp_path
):
    shutil.copytree(trained.run.folder, tmp_path / "run")
    other = train(trained.source, tmp_path / "run", size=32, unfreeze="none", seed=1, force=True)
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert other.metrics["seed"] == 1
    assert other.split != trained.run.split
    split = (tmp_path / "run" / "split.csv").read_bytes()
    assert other.bundle.manifest.split_sha256 == sha256(split).hexdigest()


def test_balanced_classes_are_another_problem(trained, same_cache, tmp_path):
    fair = train(
        trained.source, tmp_path / "run", size=32, unfreeze="none", class_weight="balanced"
    )
    assert fair.split == trained.run.split
    assert fair.metrics["validation"]["loss"] != trained.run.metrics["validation"]["loss"]
    kernels = [run.bundle.members["weights.safetensors"] for run in (fair, trained.run)]
    assert bytes(kernels[0]) != bytes(kernels[1])
