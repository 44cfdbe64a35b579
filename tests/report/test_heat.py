"""Heat maps beside the worst mistakes of a page: there where they are true, else nowhere."""

import base64
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from photos import put_digits
from PIL import Image

from headstart.bundle import archive
from headstart.judging import evaluate
from headstart.pipeline import train
from headstart.report.heat import Heat, heat_maps
from headstart.report.mistakes import worst
from headstart.report.page import render
from headstart.report.predictions import Prediction, read

Photos = Callable[[str], bytes]

MANY = 100


@pytest.fixture(scope="module")
def mistakes(trained) -> list[Prediction]:
    """Of the run that all tests share; they are there, or nothing here would be tested."""
    found = worst(read(trained.run.folder / "predictions.csv", "test"), 12)
    assert found.wrong >= 3
    return found.shown


@pytest.fixture
def photos(trained) -> Photos:
    return lambda name: (trained.source / name).read_bytes()


@pytest.fixture
def copy(trained, tmp_path: Path) -> Path:
    """The run, to be damaged."""
    return shutil.copytree(trained.run.folder, tmp_path / "copy")


def shown(heat: Heat) -> list[np.ndarray]:
    """The two pictures."""
    uris = (heat.called, heat.labelled)
    files = (io.BytesIO(base64.b64decode(uri.split(",")[1])) for uri in uris)
    return [np.asarray(Image.open(file), int) for file in files]


def test_each_mistake_has_a_map_for_what_it_was_called_and_for_its_label(
    trained, mistakes, photos
) -> None:
    found = heat_maps(trained.folder, mistakes, photos, MANY)
    assert found.keys() == {row.sample for row in mistakes}
    explained = trained.run.bundle.explain(
        [photos(row.sample) for row in mistakes], [row.predicted for row in mistakes]
    )
    for row, told in zip(mistakes, explained, strict=True):
        called, labelled = shown(found[row.sample])
        assert called.shape == labelled.shape == (200, 200, 3)
        assert np.abs(called - labelled).max() > 20
        assert found[row.sample].method == told.method
        # The photo is grey: what has colour is the map.
        i, j = np.unravel_index(told.map.argmax(), told.map.shape)
        redness = (called[..., 0] - called[..., 2]).reshape(8, 25, 8, 25).mean(axis=(1, 3))
        assert redness[i, j] > 25


def test_the_page_shows_them_and_says_what_they_are(trained, mistakes, photos) -> None:
    document = render(trained.run.folder, photos)
    row = mistakes[0]  # on a busy machine there is no time for all
    assert f'alt="The same photo with what speaks for {row.predicted}"' in document
    assert f'alt="The same photo with what speaks for {row.label}"' in document
    n = document.count("The same photo with what speaks for")
    assert n % 2 == 0
    assert 2 <= n <= 2 * len(mistakes)
    assert "how far the odds of the class fall where it is covered in grey" in document
    assert "linear-gradient(to right, rgb(87 16 110)" in document


def test_so_does_the_page_of_evaluate_whose_classifier_lies_elsewhere(trained, tmp_path) -> None:
    source = put_digits(tmp_path / "others", range(300, 420))
    metrics = evaluate(trained.folder, source, out=tmp_path / "judged")
    matrix = np.array(metrics["test"]["confusion_matrix"])
    wrong = int(matrix.sum() - matrix.trace())
    assert wrong > 0
    document = (tmp_path / "judged" / "report.html").read_text()
    assert 2 <= document.count("The same photo with what speaks for") <= 2 * min(wrong, 12)


@pytest.mark.skipif(os.name == "nt", reason="Windows renames no folder with a file in use")
def test_a_training_draws_them_with_the_classifier_it_has_proved(
    trained, tmp_path, same_cache, monkeypatch
) -> None:
    opened = []
    read = archive.read
    monkeypatch.setattr(archive, "read", lambda path: opened.append(path) or read(path))
    run = train(trained.source, tmp_path / "run", size=32, unfreeze="none")
    assert len(opened) == 1
    assert "what speaks for" in run.report().read_text()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no more"])
def test_without_the_classifier_the_page_is_there_without_maps(copy, photos, content) -> None:
    (copy / "model.headstart").unlink()
    if content is not None:
        (copy / "model.headstart").write_bytes(content)
    document = render(copy, photos)
    assert "Worst mistakes" in document
    assert "what speaks for" not in document
    assert "explained" not in document.split("</style>")[1]


def test_a_photo_that_is_gone_has_none_and_the_others_have(trained, mistakes, photos) -> None:
    gone, *others = mistakes
    found = heat_maps(
        trained.folder, mistakes, lambda name: None if name == gone.sample else photos(name), MANY
    )
    assert found.keys() == {row.sample for row in others}
    damaged = heat_maps(
        trained.folder,
        mistakes,
        lambda name: b"<html>" if name == gone.sample else photos(name),
        MANY,
    )
    assert damaged.keys() == {row.sample for row in others}
    assert heat_maps(trained.folder, mistakes, lambda name: None) == {}


def test_the_page_says_which_mistakes_have_none(trained, mistakes, photos) -> None:
    first, *_ = mistakes
    document = render(
        trained.run.folder, lambda name: photos(name) if name == first.sample else None
    )
    assert document.count("The same photo with what speaks for") == 2
    n = len(mistakes) - 1
    assert f"{n} photos have no such picture: the photo is gone, or it" in document


def test_where_no_photo_is_covered_there_are_none(trained, mistakes, photos) -> None:
    assert heat_maps(trained.folder, mistakes, photos, 0) == {}


def test_a_classifier_that_says_something_else_now_explains_nothing(copy, mistakes, photos) -> None:
    found = archive.read(copy / "model.headstart")
    members = {name: bytes(content) for name, content in found.members.items()}
    other = structs.replace(found.manifest, temperature=3.0)
    archive.write(copy / "model.headstart", other, members)
    assert heat_maps(str(copy), mistakes, photos, MANY) == {}


def test_mistakes_of_cross_validation_were_made_by_other_networks(tmp_path, same_cache) -> None:
    run = train(put_digits(tmp_path / "few", range(100)), tmp_path / "run", size=32)
    assert run.metrics["cross_validation"]["accuracy"] < 1
    document = run.report().read_text()
    assert "Worst mistakes" in document
    assert "what speaks for" not in document
    assert "There are no heat maps beside them" in document
