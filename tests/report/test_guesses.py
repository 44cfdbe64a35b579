"""The sheet of photos beside their classes."""

from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.errors import OutputError
from headstart.report.guesses import MOST_CLASSES, MOST_PHOTOS, Photo, save_sheet, sheet

SHAPES = [(300, 200), (20, 200), (200, 20)]
GUESSES = [("American chameleon", 0.7626), ("green lizard", 0.158), ("agama", 0.0001)]


def picture(width: int = 30, height: int = 20) -> bytes:
    """A JPEG of one colour."""
    file = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(file, "JPEG")
    return file.getvalue()


def test_a_row_has_the_photo_and_name_share_and_bar_of_each_class() -> None:
    (axes,) = sheet([Photo("lizard.jpg", picture(), GUESSES)]).axes
    (shown,) = axes.images
    assert np.asarray(shown.get_array()).shape[:2] == (20, 30)
    assert [text.get_text() for text in axes.texts] == [
        "lizard.jpg",
        "American chameleon",
        "76.3%",
        "green lizard",
        "15.8%",
        "agama",
        "under 0.1%",
    ]
    tracks, bars = ([bar.get_width() for bar in drawn] for drawn in axes.containers)
    assert [bar / track for bar, track in zip(bars, tracks, strict=True)] == pytest.approx(
        [share for _, share in GUESSES]
    )


def test_photos_names_bars_and_figures_stay_on_the_sheet_and_off_each_other() -> None:
    guesses = [("American Staffordshire terrier", 0.99999), ("x", 0.00001)]
    figure = sheet([Photo("W" * 300 + ".jpg", picture(*size), guesses) for size in SHAPES])
    figure.canvas.draw()
    (axes,) = figure.axes
    title, name, share, *_ = texts = [text.get_window_extent() for text in axes.texts]
    tracks = [bar.get_window_extent() for bar in axes.containers[0]]
    photos = [image.get_window_extent() for image in axes.images]
    assert all(box.x0 >= 0 and box.x1 < figure.bbox.width for box in texts)
    assert max(photo.x1 for photo in photos) < title.x0
    assert name.x1 < tracks[0].x0 < tracks[0].x1 < share.x0
    assert title.y0 > name.y1
    assert all(above.y0 > below.y1 for above, below in pairwise(photos))
    assert photos[0].y1 <= figure.bbox.height
    assert photos[-1].y0 >= 0
    assert [photo.width / photo.height for photo in photos] == pytest.approx(
        [width / height for width, height in SHAPES], rel=0.02
    )
    assert axes.texts[0].get_text().endswith("WW.jpg")


def test_a_name_that_matplotlib_would_take_for_a_formula_stays_as_it_is() -> None:
    figure = sheet([Photo("a$^b$.jpg", picture(), [("x", 0.5)])])
    figure.canvas.draw()
    (axes,) = figure.axes
    assert axes.texts[0].get_text() == "a$^b$.jpg"
    assert not axes.texts[0].get_parse_math()


@pytest.mark.parametrize(("photos", "classes"), [(1, 1), (3, 5), (4, 1000)])
def test_a_sheet_of_any_number_is_a_picture_of_bounded_size(photos: int, classes: int) -> None:
    guesses = [("x", 1 / classes)] * classes
    figure = sheet([Photo("x.jpg", picture(2, 60), guesses)] * photos)
    width, height = figure.get_size_inches() * figure.dpi
    assert width == pytest.approx(1092, abs=1)
    assert height / photos * MOST_PHOTOS < 2**15
    assert len(figure.axes[0].texts) == photos * (1 + 2 * min(classes, MOST_CLASSES))


def test_a_sheet_with_a_name_in_any_script_is_written_as_a_png(tmp_path: Path) -> None:
    save_sheet([Photo("蜥蜴.jpg", picture(), GUESSES)], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.format == "PNG"


def test_fault_67_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"sheet\.png: cannot be written"):
        save_sheet([Photo("x", picture(), GUESSES)], tmp_path / "file" / "sheet.png")
