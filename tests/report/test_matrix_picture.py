"""The confusion matrix as a PNG file."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.errors import OutputError
from headstart.report.matrix import cell_colours
from headstart.report.matrix_picture import picture, save_confusion_matrix

MATRIX = np.array([[49, 1, 0], [2, 47, 1], [0, 0, 0]])
CLASSES = ["cat", "dog", "emu"]


def pixels(matrix: np.ndarray, classes: list[str]) -> np.ndarray:
    return np.asarray(picture(matrix, classes)).astype(int)


def inside(image: np.ndarray) -> tuple[int, int, int]:
    """The frame's left and top inner edge and the matrix's side."""
    frame = (image == 204).all(axis=-1)
    columns = np.flatnonzero(frame.sum(axis=0) > 200)
    rows = np.flatnonzero(frame.sum(axis=1) > 200)
    assert np.ptp(columns) == np.ptp(rows)
    return int(columns[0]) + 1, int(rows[0]) + 1, int(np.ptp(columns)) - 1


def cells(image: np.ndarray, k: int) -> np.ndarray:
    """int (k, k, cell, cell, 3)."""
    left, top, side = inside(image)
    matrix = image[top : top + side, left : left + side]
    return matrix.reshape(k, side // k, k, side // k, 3).swapaxes(1, 2)


def inked(cell: np.ndarray) -> bool:
    return bool((cell < 60).all(axis=-1).any())


def test_true_classes_stand_down_and_each_cell_has_its_colour() -> None:
    shown = cells(pixels(MATRIX, CLASSES), 3)
    assert np.array_equal(shown[:, :, 4, 4], cell_colours(MATRIX, 0.65))
    assert shown[0, 0, 4, 4, 2] > shown[0, 0, 4, 4, 0]
    assert shown[1, 0, 4, 4, 0] > shown[1, 0, 4, 4, 2]
    assert (shown[0, 2, 4, 4] == 255).all()


@pytest.mark.parametrize(("k", "zeros", "numbers"), [(5, True, True), (6, False, True)])
def test_zeros_are_written_where_they_hide_nothing(k: int, zeros: bool, numbers: bool) -> None:
    shown = cells(pixels(np.eye(k, dtype=int), list("abcdef"[:k])), k)
    for i, j in np.ndindex(k, k):
        assert inked(shown[i, j]) == (numbers if i == j else zeros)


def test_numbers_stand_alone_in_cells_that_can_hold_them() -> None:
    names = [str(i) for i in range(21)]
    few, many = (cells(pixels(np.eye(k, dtype=int), names[:k]), k) for k in (20, 21))
    assert all(inked(few[i, i]) for i in range(20))
    assert not any(inked(cell) for cell in many.reshape(21 * 21, *many.shape[2:]))


@pytest.mark.parametrize("k", [2, 10, 20])
def test_a_large_number_stays_within_its_cell(k: int) -> None:
    shown = cells(pixels(np.full((k, k), 12_345_678), [str(i) for i in range(k)]), k)
    dark = (shown < 60).all(axis=-1)
    assert dark.any(axis=(2, 3)).all()
    assert not dark[..., :1].any()
    assert not dark[..., -1:].any()


def test_names_that_do_not_fit_their_column_stand_upright_and_are_cut() -> None:
    def beneath(names: list[str]) -> int:
        image = pixels(np.eye(10, dtype=int), names)
        _, top, side = inside(image)
        return len(image) - top - side

    short, long, endless = ([f"{i}{'x' * n}" for i in range(10)] for n in (1, 18, 300))
    assert beneath(short) < 90 < beneath(long) < beneath(endless) < 450


def test_more_classes_than_can_be_named_are_coloured_alone() -> None:
    image = pixels(np.eye(41, dtype=int), ["a long name"] * 41)
    left, _, _ = inside(image)
    assert left < 60


@pytest.mark.parametrize("k", [1, 2, 20, 40, 60, 700, 1000, 2500])
def test_any_number_of_classes_makes_a_picture_of_bounded_size(k: int) -> None:
    image = pixels(np.eye(k, dtype=int), [f"species {i}" for i in range(k)])
    assert max(image.shape) < 1800
    _, _, side = inside(image)
    assert 240 <= side <= 1200
    assert (image.max(axis=-1) - image.min(axis=-1)).max() > 60  # the blue


def test_one_mistake_among_thousands_of_classes_is_not_lost() -> None:
    matrix = np.eye(2500, dtype=int)
    matrix[2000, 100] = 1
    image = pixels(matrix, [""] * 2500)
    assert (image[..., 0] - image[..., 2] > 60).sum() == 1


@pytest.mark.parametrize(
    "name", ["$x_{", "日本語", "قطة", "a\nb", "\x00", "", "x" * 300, "W" * 300]
)
def test_fault_23_any_class_name_can_be_drawn_and_saved(name: str, tmp_path: Path) -> None:
    save_confusion_matrix([[1, 0], [0, 1]], [name, "dog"], tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as image:
        assert image.format == "PNG"
        assert 250 < max(image.size) < 1200


def test_a_title_wider_than_the_matrix_is_there_whole() -> None:
    image = pixels(np.array([[10**15, 1], [1, 10**15]]), ["a", "b"])
    dark = (image < 100).all(axis=-1)[:45].any(axis=0)
    assert dark.any()
    assert not dark[:15].any()
    assert not dark[-15:].any()


def test_it_takes_no_time_to_speak_of_and_does_not_import_matplotlib(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from headstart.report.matrix_picture import save_confusion_matrix as save;"
        "save([[1, 0], [0, 1]], ['cat', 'dog'], Path('matrix.png'));"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    taken = []
    for _ in range(5):
        start = time.process_time()
        save_confusion_matrix(np.eye(10, dtype=int), list("abcdefghij"), tmp_path / "matrix.png")
        taken.append(time.process_time() - start)
    assert min(taken) < 0.1  # a fifth of it as a rule


def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        save_confusion_matrix(MATRIX, CLASSES, tmp_path / "file" / "matrix.png")
