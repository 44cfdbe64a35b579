"""tuning.py, and what a training by gradient leaves: whole runs on small photos."""

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photos import put_digits

from headstart.backbone import catalog
from headstart.bundle.classifier import Classifier
from headstart.errors import ModelError, OptionError, SourceError
from headstart.evaluation.trust import answered
from headstart.events import Epoch, Event, Notice, nobody
from headstart.options import TrainOptions
from headstart.pipeline import train
from headstart.run import Run
from headstart.training.plan import planned
from headstart.tuning import promising

pytestmark = pytest.mark.usefixtures("keras")

TAIL: dict[str, Any] = {"size": 32, "unfreeze": "block_15_expand_convolution", "epochs": 3}
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_digits(tmp_path_factory.mktemp("tuning") / "digits", range(300))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tuning-cache")


@pytest.fixture(autouse=True)
def _shared_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(cache))


@pytest.fixture(scope="module")
def tuned(digits: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose tail was trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(cache))
        return train(digits, tmp_path_factory.mktemp("tuned") / "run", **TAIL)


@pytest.fixture
def start(digits: Path) -> Start:
    """Starts `headstart train` on the digits in a process of its own."""

    def begin(out: Path, *more: str, **other: Any) -> "subprocess.Popen[str]":
        options = [f"--{name}={value}" for name, value in (TAIL | other).items()]
        command = [sys.executable, "-m", "headstart", "train", str(digits), "--out", str(out)]
        return subprocess.Popen(
            [*command, *options, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )

    return begin


def trained_bits(run: Path) -> str:
    """SHA-256 over what was trained: the weights, and the optimizer."""
    members = Classifier.open(run).members
    both = bytes(members["weights.safetensors"]) + bytes(members["optimizer.safetensors"])
    return hashlib.sha256(both).hexdigest()


def test_a_tail_is_trained_judged_and_saved(tuned: Run) -> None:
    metrics = tuned.metrics
    assert metrics["head"]["kind"] == "dense"
    assert metrics["training"]["used"]
    assert metrics["training"]["first"] == TAIL["unfreeze"]
    assert metrics["trainable_parameters"] > 1_000_000
    assert metrics["train"]["accuracy"] > 0.5
    history = list(csv.DictReader((tuned.folder / "history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in history] == ["1", "2", "3"][: len(history)]
    assert tuned.history[0]["val_loss"] == float(history[0]["val_loss"])
    assert tuned.report().is_file()
    assert not (tuned.folder / "checkpoint").exists()


def test_its_bundle_gives_the_probabilities_of_the_run(tuned: Run, digits: Path) -> None:
    rows = [row for row in tuned.predictions if row["split"] == "test"]
    paths = [digits / row["sample"] for row in rows]
    wanted = [[float(row[f"p:{name}"]) for name in tuned.metrics["classes"]] for row in rows]
    assert np.abs(tuned.bundle.predict_proba(paths) - wanted).max() < 1e-4


def test_the_saved_weights_are_those_of_the_layers_that_were_trained(tuned: Run) -> None:
    manifest = tuned.bundle.manifest
    names = set(manifest.tensors["weights.safetensors"])
    assert {"head.kernel", "head.bias", "backbone/block_15_expand_convolution/kernel"} <= names
    assert not any(name.startswith("backbone/block_14") for name in names)
    assert manifest.tensors["optimizer.safetensors"]


def test_the_same_training_gives_the_same_bits(tuned: Run, digits: Path, tmp_path: Path) -> None:
    again = train(digits, tmp_path / "again", **TAIL)
    assert trained_bits(again.folder) == trained_bits(tuned.folder)


def test_fault_65_a_killed_training_is_resumed_to_the_same_bits(
    tuned: Run, start: Start, tmp_path: Path
) -> None:
    kills = 0
    for wait in (0.0, 1.0, 0.3):  # seconds after the first, the second, the last epoch
        with start(tmp_path / "run", *(["--resume"] if kills else [])) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("epoch"):
                    time.sleep(wait)
                    process.send_signal(signal.SIGKILL)
                    break
        kills += process.returncode == -signal.SIGKILL
    assert kills
    with start(tmp_path / "run", "--resume") as process:
        _, said = process.communicate()
    assert process.returncode == 0 or "finished" in said
    assert trained_bits(tmp_path / "run") == trained_bits(tuned.folder)


def test_fault_74_a_training_that_is_stopped_says_how_to_go_on(
    start: Start, tmp_path: Path
) -> None:
    with start(tmp_path / "run", epochs=50, patience=50) as process:
        assert process.stderr is not None
        assert any(line.startswith("epoch") for line in process.stderr)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert time.monotonic() - asked < 10
    assert process.returncode == 130
    assert "--resume" in rest
    assert (tmp_path / ".run.part" / "checkpoint" / "last.safetensors").is_file()


def test_fault_73_what_changed_since_is_listed(digits: Path, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Epoch):
            raise KeyboardInterrupt

    with pytest.raises(Exception, match="--resume"):
        train(digits, tmp_path / "run", listen=stop, **TAIL)
    with pytest.raises(ModelError, match=r"options\.epochs was 3, is 4"):
        train(digits, tmp_path / "run", resume=True, **{**TAIL, "epochs": 4})
    assert train(digits, tmp_path / "run", resume=True, **TAIL).metrics["training"]["epochs"] == 3


def test_a_layer_that_is_not_there_is_told_before_photos_are_looked_at(
    digits: Path, tmp_path: Path
) -> None:
    heard: list[Event] = []
    with pytest.raises(OptionError, match="Did you mean block_11"):
        train(digits, tmp_path / "run", unfreeze="block_11_expnd", listen=heard.append)
    assert heard == []
    assert list(tmp_path.iterdir()) == []


def test_auto_keeps_the_head_where_it_validates_better(digits: Path, tmp_path: Path) -> None:
    run = train(digits, tmp_path / "run", size=32, epochs=1, learning_rate=1e-6)
    training = run.metrics["training"]
    assert not training["used"]
    assert run.metrics["head"]["kind"] == "logistic"
    assert training["candidates"]["head"]["accuracy"] > training["candidates"]["tail"]["accuracy"]
    assert run.metrics["validation"]["accuracy"] == training["candidates"]["head"]["accuracy"]


def test_without_tensorflow_the_head_is_kept_and_the_way_to_more_is_told(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    heard: list[Event] = []
    run = train(digits, tmp_path / "run", size=32, listen=heard.append)
    assert run.metrics["training"] is None
    assert any("headstart[tensorflow]" in e.text for e in heard if isinstance(e, Notice))


def answers(errors: int) -> Any:
    labels = np.array([0, 1] * 20)
    said = labels.copy()
    said[:errors] = 1 - said[:errors]
    return answered("validation", np.arange(40), labels, [np.eye(2)[said]])


def auto(**options: Any) -> Any:
    return planned(TrainOptions(**options), catalog.find("efficientnet-lite0"))


def test_no_tail_is_tried_where_validation_leaves_no_room(trained: Any) -> None:
    assert not promising(auto(), [answers(5)], 1000, nobody)
    assert promising(auto(), [answers(6)], 1000, nobody)
    assert not promising(auto(), [], 1000, nobody)
    assert trained.run.metrics["training"] is None


def test_no_tail_is_tried_where_an_epoch_would_outlast_the_budget() -> None:
    heard: list[Event] = []
    assert not promising(auto(), [answers(20)], 70_000, heard.append)
    (notice,) = heard
    assert "about 14 minutes" in notice.text
    assert "more than 840 seconds by --budget" in notice.text
    assert promising(auto(budget=900), [answers(20)], 70_000, heard.append)
    assert promising(auto(epochs=2), [answers(20)], 70_000, heard.append)
    assert len(heard) == 1


def test_a_network_from_scratch_is_trained_from_photos(digits: Path, tmp_path: Path) -> None:
    run = train(digits, tmp_path / "run", backbone="simple-cnn", per_class="6,3,3", epochs=1)
    assert run.metrics["parameters"] == run.metrics["trainable_parameters"]
    assert run.metrics["engine"] == "openvino"
    assert Classifier.open(run.folder).predict([next(digits.rglob("*.png"))])


def test_views_are_trained_on_beside_their_photos(digits: Path, tmp_path: Path) -> None:
    plain = train(digits, tmp_path / "plain", size=32, unfreeze="none")
    views = train(digits, tmp_path / "views", size=32, unfreeze="none", augment="light", views=2)
    assert plain.metrics["samples"] == views.metrics["samples"]
    one, other = (Classifier.open(run.folder) for run in (plain, views))
    assert bytes(one.members["weights.safetensors"]) != bytes(other.members["weights.safetensors"])
    both = train(digits, tmp_path / "both", **TAIL, augment="light")
    assert both.metrics["training"]["used"]


def test_views_that_would_show_the_photo_itself_are_refused(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="say with augment"):
        train(digits, tmp_path / "run", size=32, views=2)


def test_too_few_photos_to_judge_by_are_told(tmp_path: Path) -> None:
    few = put_digits(tmp_path / "few", range(60))
    with pytest.raises(SourceError, match="--unfreeze none"):
        train(few, tmp_path / "run", **TAIL)


def test_the_tutorials_recipe_trains_a_head_by_gradient(digits: Path, tmp_path: Path) -> None:
    run = train(
        digits,
        tmp_path / "run",
        backbone="mobilenet-0.25",
        weights="random",
        size=32,
        recipe="tutorial",
        unfreeze="none",
        epochs=2,
    )
    training = run.metrics["training"]
    assert training["recipe"]["optimizer"] == "adam"
    assert run.metrics["trainable_parameters"] == (256 + 1) * 10
    assert run.bundle.manifest.network.head.first == "logits"
