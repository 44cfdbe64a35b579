"""The contact sheet."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from headstart.report.sheet import Strip, contact_sheet


def drawn(strips: list[Strip], title: str = "a title") -> np.ndarray:
    with Image.open(BytesIO(contact_sheet(title, strips))) as image:
        assert image.format == "PNG"
        return np.asarray(image).astype(int)


def strip(n: int, shape: tuple[int, int] = (224, 224), caption: str = "cat.jpg") -> Strip:
    photos = [np.full((*shape, 3), (10, 200, 20 + i), np.uint8) for i in range(n)]
    return Strip(caption, photos, [f"photo {i}" for i in range(n)])


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (5, 1), (6, 2), (11, 3)])
def test_photos_stand_pixel_for_pixel_five_in_a_row(n, rows):
    sheet = drawn([strip(n)])
    for i in range(n):
        ys, xs = np.nonzero((sheet == (10, 200, 20 + i)).all(axis=-1))
        assert len(ys) == 224 * 224
        assert xs.min() == 12 + i % 5 * 236
    assert sheet.shape[0] < 60 + rows * 270


def test_a_large_photo_is_made_smaller_in_its_shape_and_a_small_one_is_not_changed():
    for shape, expected in (((896, 448), (224, 112)), ((20, 40), (20, 40))):
        sheet = drawn([strip(1, shape)])
        ys, xs = np.nonzero((sheet == (10, 200, 20)).all(axis=-1))
        assert (np.ptp(ys) + 1, np.ptp(xs) + 1) == expected


def test_strips_lie_one_under_another():
    one, two = drawn([strip(6)]), drawn([strip(6), strip(3)])
    assert two.shape[1] == one.shape[1]
    assert one.shape[0] < two.shape[0] < 2 * one.shape[0]
    assert (two[:280] == one[:280]).all()


def test_a_long_title_is_wrapped_and_a_long_caption_cut():
    short = drawn([strip(5)])
    long = drawn([strip(5, caption="x" * 500)], "many words " * 40)
    assert long.shape[0] > short.shape[0]
    assert (long[:, -4:] == 255).all()
    ink = (long < 100).all(axis=-1).any(axis=0).nonzero()[0]
    assert np.ptp(ink) > 400  # most of the caption is there
