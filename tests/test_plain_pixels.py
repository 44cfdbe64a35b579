"""Plain pixels beside a network, on real photos."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from samples import divided, labelled
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from headstart.data.samples import Sample
from headstart.evaluation.trust import Answers
from headstart.plain_pixels import SIZE, answers_of, thumbnails
from headstart.store.files import sha256_of_file


def network(name: str, samples: Any, labels: Any) -> Answers:
    """What a network that is always right says of some samples."""
    sure = np.ones(len(samples))
    return Answers(name, samples, labels, labels, sure, sure, np.empty((len(samples), 0)))


def digits(sides: list[str]) -> tuple[Any, Any]:
    found = load_digits()
    n = len(sides)
    names, labels = [f"{i}" for i in range(n)], [str(label) for label in found.target[:n]]
    pixels = np.round(found.images[:n] * 15).astype(np.uint8)
    return pixels, divided(labelled(names, labels), sides, list(range(n)))


def test_they_do_as_well_as_scikit_learns_logistic_regression() -> None:
    sides = (["train"] * 3 + ["validation", "test"]) * 200
    pixels, data = digits(sides)
    judged, train = data.on("test"), data.on("train")
    answers = answers_of(
        pixels, np.arange(1000), data, network("test", judged, data.labels[judged]), 0
    )
    flat = pixels.reshape(1000, -1).astype(float)
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit(flat[train] / 16, data.labels[train])
    theirs = model.score(flat[judged] / 16, data.labels[judged])
    ours = np.mean(answers.predicted == answers.labels)
    assert ours == pytest.approx(theirs, abs=0.03)
    assert ours > 0.9
    np.testing.assert_array_equal(answers.samples, judged)


def test_under_cross_validation_each_is_judged_by_one_that_did_not_learn_it() -> None:
    pixels, data = digits(["train"] * 150)
    noise = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    every = np.arange(150)
    judge = network("cross-validation", every, data.labels)
    right = [
        np.mean(answers_of(images, every, data, judge, 0).predicted == data.labels)
        for images in (pixels, noise)
    ]
    assert right[0] > 0.75
    assert right[1] < 0.25  # learned by heart it would be 1


def test_without_validation_some_training_samples_choose_the_penalty() -> None:
    pixels, data = digits(["train", "train", "test"] * 100)
    judged = data.on("test")
    judge = network("test", judged, data.labels[judged])
    answers = answers_of(pixels, np.arange(300), data, judge, 0)
    assert np.mean(answers.predicted == answers.labels) > 0.8


def test_thumbnails_are_shrunk_once_and_then_read(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    files = []
    for i in range(5):
        path = tmp_path / f"{i}.png"
        Image.fromarray(random.integers(0, 256, (40, 30, 3), np.uint8)).save(path)
        files.append(Sample(str(path), f"{i}.png", "a", None))
    keys = [sha256_of_file(file.path) for file in files]
    first = thumbnails(files[:4], keys[:4])
    assert first.shape == (4, SIZE, SIZE, 3)
    mean = np.asarray(Image.open(files[0].path)).mean()
    assert first[0].mean() == pytest.approx(mean, abs=3)
    for file in files[:4]:
        Path(file.path).unlink()  # from here on only the cache has them
    np.testing.assert_array_equal(thumbnails(files, keys)[:4], first)
