"""Heat maps in colour: over the right part of the photo, in colours that anyone can order."""

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image

from headstart.data.pixels import Unreadable
from headstart.evaluation.explain import Explanation
from headstart.report.overlay import RAMP, laid_over, overlay, picture, strongest


def spot(row: int, column: int) -> np.ndarray:
    """A map of 8 × 8 places, nothing but in one."""
    values = np.zeros((8, 8), np.float32)
    values[row, column] = 1
    return values


def middle(spread: np.ndarray) -> tuple[float, float]:
    """Where the spot lies, row and column as shares of the photo."""
    seen = np.clip(np.nan_to_num(spread), 0, None)
    rows, columns = (np.arange(side) + 0.5 for side in seen.shape)
    total = seen.sum()
    return (
        float(seen.sum(axis=1) @ rows / total / len(rows)),
        float(seen.sum(axis=0) @ columns / total / len(columns)),
    )


def test_a_squashed_photo_has_the_map_from_edge_to_edge() -> None:
    spread = laid_over(spot(1, 6), (120, 240), "squash")
    assert (spread.shape, spread.dtype) == ((120, 240), np.float32)
    assert not np.isnan(spread).any()
    assert middle(spread) == pytest.approx((1.5 / 8, 6.5 / 8), abs=0.005)


@pytest.mark.parametrize(
    ("shape", "where"),
    [((120, 240), (1.5 / 8, 0.25 + 0.5 * 6.5 / 8)), ((241, 120), (0.25 + 0.5 * 1.5 / 8, 6.5 / 8))],
)
def test_a_cropped_photo_has_it_over_its_middle_and_nothing_beside(shape, where) -> None:
    spread = laid_over(spot(1, 6), shape, "crop")
    assert spread.shape == shape
    assert np.count_nonzero(~np.isnan(spread)) == 120 * 120
    assert np.isnan(spread[0, 0])
    assert np.isnan(spread[-1, -1])
    assert middle(spread) == pytest.approx(where, abs=0.006)


@pytest.mark.parametrize(
    ("shape", "where"),
    [((120, 240), ((3.5 - 2) / 4, 4.5 / 8)), ((240, 120), (3.5 / 8, (4.5 - 2) / 4))],
)
def test_a_padded_photo_has_the_part_of_it_that_lay_over_the_photo(shape, where) -> None:
    spread = laid_over(spot(3, 4), shape, "pad")
    assert spread.shape == shape
    assert not np.isnan(spread).any()
    assert middle(spread) == pytest.approx(where, abs=0.02)


def test_and_nothing_of_what_lay_over_the_padding() -> None:
    assert np.abs(laid_over(spot(3, 7), (240, 120), "pad")).max() < 0.1
    assert np.abs(laid_over(spot(3, 7), (120, 240), "pad")).max() > 0.9


def test_a_square_photo_is_the_same_whatever_the_resizing() -> None:
    values = np.random.default_rng(0).standard_normal((7, 7)).astype(np.float32)
    one, *others = (laid_over(values, (90, 90), how) for how in ("squash", "crop", "pad"))
    for other in others:
        np.testing.assert_allclose(other, one, atol=1e-5)


def test_the_colours_are_those_of_inferno_and_rise_in_lightness_evenly() -> None:
    inferno = matplotlib.colormaps["inferno"]
    at = np.linspace(0, 1, 256)
    wanted = np.array([inferno(0.25 + 0.72 * x)[:3] for x in at]) * 255
    stops = np.linspace(0, 1, len(RAMP))
    ours = np.stack([np.interp(at, stops, part) for part in zip(*RAMP, strict=True)], axis=1)
    assert np.abs(ours - wanted).max() < 6
    linear = (np.array(RAMP) / 255) ** 2.2
    lightness = 116 * np.cbrt(linear @ np.array([0.2126, 0.7152, 0.0722])) - 16
    steps = np.diff(lightness)
    assert steps.min() > 0.6 * steps.mean()
    assert lightness[-1] - lightness[0] > 60


def test_what_speaks_against_or_not_at_all_leaves_the_photo_pale_and_without_colour() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    against = overlay(photo, np.full((4, 4), -3, np.float32), "squash", 3.0)
    nothing = overlay(photo, np.zeros((4, 4), np.float32), "squash", 0.0)
    np.testing.assert_array_equal(against, nothing)
    assert np.ptp(against.astype(int), axis=2).mean() < np.ptp(photo.astype(int), axis=2).mean() / 3


def test_the_strongest_place_is_yellow_and_the_unseen_dark() -> None:
    photo = np.full((40, 80, 3), 120, np.uint8)
    drawn = overlay(photo, spot(4, 4), "crop", 1.0).astype(int)
    red, _, blue = drawn[22, 42]
    assert red - blue > 40
    assert (drawn[:, :20] == 48).all()
    assert (drawn[2, 22:30] == 120).all()


def explained(values: np.ndarray, method: str = "class activation", name: str = "cat"):
    return Explanation(name, 0.987, method, values.astype(np.float32), 0.0)


def test_maps_to_compare_have_one_scale_and_a_small_fall_is_not_blown_up() -> None:
    strong, weak = explained(3 * spot(0, 0)), explained(-7 * spot(1, 1))
    assert strongest([strong, weak]) == 7
    assert strongest([explained(1e-4 * spot(0, 0), "occlusion")]) == 1
    assert strongest([explained(1e-4 * spot(0, 0))]) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("size", "drawn"), [((8, 6), (360, 270)), ((640, 480), (640, 510)), ((3000, 500), (1024, 201))]
)
def test_a_picture_is_a_png_in_the_photo_s_shape_over_a_line(size, drawn) -> None:
    file = io.BytesIO()
    Image.new("RGB", size, (10, 200, 90)).save(file, "JPEG")
    made = Image.open(io.BytesIO(picture(file.getvalue(), explained(spot(2, 2)), "squash")))
    assert (made.format, made.size) == ("PNG", drawn)


def test_a_long_name_is_cut_so_that_the_colours_stay_explained() -> None:
    file = io.BytesIO()
    Image.new("RGB", (400, 300)).save(file, "PNG")
    short, long = (
        np.asarray(
            Image.open(
                io.BytesIO(picture(file.getvalue(), explained(spot(2, 2), name=name), "pad"))
            )
        )
        for name in ("cat", "a very long name of a class " * 9 + "\n")
    )
    assert long.shape == short.shape
    np.testing.assert_array_equal(long[-30:, 240:], short[-30:, 240:])


def test_what_is_no_photo_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        picture(b"<html>", explained(spot(2, 2)), "squash")
