"""Plots, and what drawing one leaves behind."""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.errors import OptionError
from headstart.report.plots import plot_confusion_matrix, plot_images

MATRIX = [[49, 1, 0], [2, 47, 1], [0, 0, 0]]
CLASSES = ["cat", "dog", "emu"]


def texts(figure: Any) -> dict[tuple[int, int], str]:
    """What stands in each cell (row, column)."""
    return {
        (int(t.get_position()[1]), int(t.get_position()[0])): t.get_text()
        for t in figure.axes[0].texts
    }


def test_the_plot_holds_every_count_and_both_axes() -> None:
    figure = plot_confusion_matrix(MATRIX, CLASSES)
    assert texts(figure) == {(i, j): str(MATRIX[i][j]) for i in range(3) for j in range(3)}
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == CLASSES
    assert [label.get_text() for label in axes.get_yticklabels()] == CLASSES
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_normalized_the_plot_holds_shares_of_each_row() -> None:
    shown = texts(plot_confusion_matrix(MATRIX, CLASSES, normalize=True))
    assert [shown[1, j] for j in range(3)] == ["0.04", "0.94", "0.02"]
    assert shown[2, 2] == "–"


def test_right_is_blue_wrong_is_orange_and_nothing_is_white() -> None:
    (picture,) = plot_confusion_matrix(MATRIX, CLASSES).axes[0].images
    colours = np.asarray(picture.get_array()).astype(int)
    assert colours[0, 0, 2] > colours[0, 0, 0]
    assert colours[1, 0, 0] > colours[1, 0, 2]
    assert colours[0, 2].tolist() == [255, 255, 255]


def test_a_notebook_shows_the_figure() -> None:
    picture = plot_confusion_matrix(MATRIX, CLASSES)._repr_png_()
    with Image.open(BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert min(image.size) > 200


@pytest.mark.parametrize("k", [1, 20, 60, 1000])
def test_any_number_of_classes_makes_a_picture_of_bounded_size(k: int) -> None:
    figure = plot_confusion_matrix(np.eye(k, dtype=int), [f"species {i}" for i in range(k)])
    with Image.open(BytesIO(figure.to_png())) as image:
        assert max(image.size) < 1800
        assert np.asarray(image.convert("L")).min() < 200


@pytest.mark.parametrize("matrix", [[[1, 2]], [[1]], [1, 2]])
def test_a_matrix_that_does_not_fit_its_classes_is_an_error(matrix: Any) -> None:
    with pytest.raises(OptionError, match=r"Give a matrix of shape \(2, 2\)"):
        plot_confusion_matrix(matrix, ["cat", "dog"])


@pytest.mark.parametrize("name", ["$x_{", "a\nb", "<script>", "x" * 300])
def test_fault_23_any_class_name_can_be_drawn(name: str) -> None:
    picture = plot_confusion_matrix([[1, 0], [0, 1]], [name, "dog"]).to_png()
    with Image.open(BytesIO(picture)) as image:
        assert max(image.size) < 1000


def test_photos_are_drawn_as_they_are_with_their_titles() -> None:
    photos = [np.full((20, 30, 3), i, np.uint8) for i in range(7)] + [np.zeros((9, 9))]
    figure = plot_images(photos, [f"photo ${i}" for i in range(8)])
    assert [axes.get_title() for axes in figure.axes] == [f"photo ${i}" for i in range(8)]
    assert np.array_equal(figure.axes[6].images[0].get_array(), photos[6])
    assert figure.to_png()


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        ([], None, "no image at all"),
        ([np.zeros((4, 4, 2))], None, r"image 0 has shape \(4, 4, 2\)"),
        ([np.zeros((4, 4, 3))], ["one", "two"], "1 images but 2 titles"),
    ],
)
def test_what_cannot_be_drawn_is_said(images: Any, titles: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        plot_images(images, titles)


def test_a_script_keeps_its_own_matplotlib_when_headstart_draws(tmp_path: Path) -> None:
    settings = tmp_path / ".config" / "matplotlib"
    settings.mkdir(parents=True)
    (settings / "matplotlibrc").write_text("font.size: 7")
    code = (
        "import os, sys; from headstart import plot_confusion_matrix as plot;"
        "assert 'matplotlib' not in sys.modules;"
        "before = dict(os.environ);"
        "plot([[1, 0], [0, 1]], ['cat', 'dog']).to_png();"
        "assert dict(os.environ) == before;"
        "assert 'matplotlib.pyplot' not in sys.modules;"
        "import matplotlib;"
        "print(matplotlib.get_configdir(), matplotlib.rcParams['font.size'])"
    )
    clean = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT") if key in os.environ}
    places = {
        "HOME": tmp_path,
        "XDG_CONFIG_HOME": settings.parent,
        "HEADSTART_CACHE_DIR": tmp_path / "cache",
    }
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | {key: str(place) for key, place in places.items()},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == f"{settings} 7.0\n"
    assert not (tmp_path / "cache").exists()
