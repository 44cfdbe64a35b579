"""Random views: what they are by Keras' names, and what they are not."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from headstart.augmentation import PRESETS, Augmentation
from headstart.data.augment import affine, key, transformed, view, view_seed
from headstart.data.pixels import decode, read_image

RANGES = [name for name in Augmentation.model_fields if name != "augment"]


def slope(axis: int, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """A photo that grows lighter along one axis and is the same along the other."""
    ramp = np.linspace(0, 255, (height, width)[axis]).astype(np.uint8)
    plane = np.broadcast_to(ramp if axis else ramp[:, None], (height, width))
    return np.repeat(plane[..., None], 3, axis=2)


NOISE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)


@pytest.fixture(scope="module")
def cat(shared) -> NDArray[np.uint8]:
    return decode(read_image(shared / "data" / "cats-dogs" / "cat.1.jpg"), 224, "squash")


# Options


def test_the_preset_standard_has_the_values_of_the_tutorial(shared):
    published = json.loads((shared / "reference" / "tutorial.json").read_text())["augmentation"]
    del published["previewed"]
    found = Augmentation(augment="standard").model_dump()
    assert {name: found[name] for name in published} == published
    assert not any(found[name] for name in RANGES if name not in published)


def test_the_presets_grow_stronger():
    none, light, standard, strong = (Augmentation(augment=name) for name in PRESETS)
    for name in RANGES:
        values = [float(getattr(preset, name)) for preset in (none, light, standard, strong)]
        assert values == sorted(values), name
        assert values[0] == 0, name
        assert values[-1] > 0, name


def test_a_single_range_stands_beside_the_preset_and_before_it():
    found = Augmentation(augment="standard", rotation_range=3, horizontal_flip=False)
    assert (found.rotation_range, found.horizontal_flip) == (3, False)
    assert found.zoom_range == 0.1
    alone = Augmentation(rotation_range=3)
    assert (alone.augment, alone.rotation_range, alone.zoom_range) == ("none", 3, 0)


def test_options_come_back_from_their_json_as_they_were():
    options = Augmentation(augment="strong", zoom_range=0, random_crop=0.5)
    assert Augmentation.model_validate_json(options.model_dump_json()) == options


@pytest.mark.parametrize(
    "options",
    [
        {"augment": "fierce"},
        {"augment": ["light"]},
        {"rotation_range": 181},
        {"rotation_range": float("nan")},
        {"width_shift_range": 0.91},
        {"shear_range": -1},
        {"zoom_range": 1},
        {"channel_shift_range": 256},
        {"brightness_range": (0.8, 1.2)},
        {"fill_mode": "nearest"},
    ],
)
def test_an_option_that_is_out_of_range_or_unknown_is_refused(options):
    with pytest.raises(ValidationError) as caught:
        Augmentation(**options)
    assert [error["loc"] for error in caught.value.errors()] == [tuple(options)]


# Views


def test_a_view_depends_on_its_arguments_alone_and_changes_none(cat):
    before = cat.copy()
    strong = Augmentation(augment="strong")
    first = view(cat, strong, (0, 1, 2))
    np.random.default_rng().random()
    assert np.array_equal(view(cat, strong, (0, 1, 2)), first)
    assert np.array_equal(cat, before)
    assert not np.array_equal(view(cat, strong, (0, 1, 3)), first)
    assert (first.shape, first.dtype) == (cat.shape, np.uint8)


@pytest.mark.parametrize("name", RANGES)
def test_every_range_by_itself_changes_a_photo(name):
    value = {"rotation_range": 20, "shear_range": 20, "channel_shift_range": 20}.get(name, 0.5)
    options = Augmentation(**{name: True if name == "horizontal_flip" else value})
    assert any(not np.array_equal(view(NOISE, options, (i,)), NOISE) for i in range(8))


def test_an_augmentation_that_does_nothing_gives_the_pixels_themselves():
    assert view(NOISE, Augmentation(), (0,)) is NOISE
    assert view(NOISE, Augmentation(augment="light", **dict.fromkeys(RANGES, 0)), (0,)) is NOISE


def test_half_of_the_views_are_mirrored_exactly():
    mirror = Augmentation(horizontal_flip=True)
    views = [view(NOISE, mirror, (0, i)) for i in range(400)]
    mirrored = sum(np.array_equal(each, NOISE[:, ::-1]) for each in views)
    same = sum(np.array_equal(each, NOISE) for each in views)
    assert mirrored + same == 400
    assert 160 < mirrored < 240


@pytest.mark.parametrize(("name", "axis"), [("width_shift_range", 1), ("height_shift_range", 0)])
def test_a_shift_moves_along_the_axis_of_its_name_and_repeats_the_edge(name, axis):
    shift = Augmentation(**{name: 0.5})
    along, across = slope(axis), slope(1 - axis)
    length = along.shape[axis]
    moves = []
    for i in range(200):
        assert np.abs(view(across, shift, (i,)).astype(int) - across).max() <= 1  # rounding
        line = np.moveaxis(view(along, shift, (i,)), axis, 0)[:, 0, 0].astype(int)
        assert (np.diff(line) >= 0).all()  # what was moved in from outside repeats the edge
        moves.append((line[length // 2] - 127) / 255)
    assert -0.52 < min(moves) < -0.45
    assert 0.45 < max(moves) < 0.52


def test_zoom_goes_both_ways_on_each_axis_by_itself():
    zoom = Augmentation(zoom_range=0.2)
    scales = []
    for i in range(200):
        lines = (
            view(slope(1), zoom, (i,))[0, 24:72, 0].astype(int),
            view(slope(0), zoom, (i,))[16:48, 0, 0].astype(int),
        )
        scales.append([2 * (line[-1] - line[0]) / 255 for line in lines])
    across, down = np.array(scales).T
    for scale in (across, down):
        assert 0.77 < scale.min() < 0.84
        assert 1.16 < scale.max() < 1.23
    assert abs(np.corrcoef(across, down)[0, 1]) < 0.25


def test_a_crop_shows_a_part_of_the_photo_and_nothing_from_outside():
    crop = Augmentation(random_crop=0.4)
    shares = []
    for i in range(200):
        line = view(slope(1), crop, (i,))[0, :, 0].astype(int)
        assert (np.diff(line) > 0).mean() > 0.9  # no edge is repeated
        shares.append((line[-1] - line[0]) / 255)
    assert 0.55 < min(shares) < 0.65
    assert 0.95 < max(shares) <= 1


def test_channel_shift_keeps_to_the_values_that_the_photo_has():
    shift = Augmentation(channel_shift_range=60)
    photo = NOISE // 4 + 100
    for i in range(50):
        moved = view(photo, shift, (i,)).astype(int)
        assert moved.min() >= photo.min()
        assert moved.max() <= photo.max()
        inside = (moved > photo.min()) & (moved < photo.max())
        steps = (moved - photo)[inside]
        assert steps.size == 0 or np.ptp(steps) <= 1


def test_brightness_is_a_factor_and_contrast_keeps_the_mean_grey():
    photo = NOISE // 4 + 100
    bright = [view(photo, Augmentation(brightness_range=0.3), (i,)) for i in range(100)]
    factors = np.array([each.mean() / photo.mean() for each in bright])
    assert 0.69 < factors.min() < 0.75
    assert 1.25 < factors.max() < 1.31
    grey = np.asarray(Image.fromarray(photo).convert("L")).mean()
    spreads = []
    for i in range(100):
        each = view(photo, Augmentation(contrast_range=0.3), (i,))
        assert abs(np.asarray(Image.fromarray(each).convert("L")).mean() - grey) < 1
        spreads.append(each.std() / photo.std())
    assert 0.69 < min(spreads) < 0.75
    assert 1.25 < max(spreads) < 1.31


def test_one_range_changes_nothing_about_what_another_does():
    flip = Augmentation(horizontal_flip=True)
    both = Augmentation(horizontal_flip=True, brightness_range=0.1, rotation_range=1)
    photo = slope(1)
    for i in range(40):
        alone, beside = view(photo, flip, (i,)), view(photo, both, (i,))
        assert (alone[0, 0, 0] > 127) == (beside[32, 4, 0] > 127)


@settings(deadline=None, max_examples=60)
@given(
    st.fixed_dictionaries(
        {
            "rotation_range": st.floats(0, 180),
            "width_shift_range": st.floats(0, 0.9),
            "height_shift_range": st.floats(0, 0.9),
            "shear_range": st.floats(0, 60),
            "zoom_range": st.floats(0, 0.9),
            "horizontal_flip": st.booleans(),
            "random_crop": st.floats(0, 0.9),
        }
    ),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 2**32),
)
def test_no_geometry_brings_in_a_colour_that_is_not_in_the_photo(options, size, seed):
    photo = np.full((*size, 3), (200, 100, 50), np.uint8)
    found = view(photo, Augmentation(**options), (seed,))
    assert found.shape == photo.shape
    assert np.abs(found.astype(int) - photo).max() <= 1  # rounding


# Against Keras


@pytest.fixture(scope="module")
def generator(keras) -> Any:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator()


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@pytest.mark.parametrize(
    "parameters",
    [
        {"theta": 25.0},
        {"tx": 31.5},
        {"ty": -17.25},
        {"shear": 20.0},
        {"zx": 0.75},
        {"zy": 1.3},
        {"theta": -140.0, "tx": -20.3, "ty": 41.0, "shear": -12.0, "zx": 1.2, "zy": 0.8},
        {"theta": 9.0, "tx": 12.0, "ty": 3.0, "shear": 0.15, "zx": 0.93, "zy": 1.06},
    ],
    ids=" ".join,
)
def test_geometry_is_that_of_image_data_generator(generator, cat, parameters):
    expected = generator.apply_transform(cat.astype(np.float32), parameters)
    found = np.asarray(transformed(cat, affine(**parameters)))
    difference = expected - found  # both bilinear; Pillow rounds down
    assert difference.min() > -0.01
    assert difference.max() < 1.01


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
def test_the_preset_standard_differs_as_much_from_the_photo_as_the_generator_makes_it(keras, cat):
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    standard = Augmentation(augment="standard")
    ranges = standard.model_dump(exclude={"augment", "contrast_range", "random_crop"})
    theirs = ImageDataGenerator(**ranges | {"brightness_range": None})
    np.random.seed(0)  # that is where Keras draws from
    small = cat[::4, ::4]

    def distance(other: Any) -> float:
        return float(np.abs(other - small.astype(float)).mean())

    expected = [distance(theirs.random_transform(small.astype(np.float32))) for _ in range(300)]
    found = [distance(view(small, standard, (i,))) for i in range(300)]
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.05)
    assert np.std(found) == pytest.approx(np.std(expected), rel=0.2)


# Keys


def test_the_key_names_what_changes_something_and_nothing_else():
    assert key(Augmentation()) == ""
    assert key(Augmentation(rotation_range=10, horizontal_flip=True, zoom_range=0)) == (
        "augment-1 horizontal_flip=1.0 rotation_range=10.0"
    )
    values = Augmentation(augment="light").model_dump(exclude={"augment"})
    assert key(Augmentation(augment="light")) == key(Augmentation(**values))
    assert len({key(Augmentation(augment=name)) for name in PRESETS}) == len(PRESETS)


def test_the_same_key_gives_the_same_view_from_one_version_to_the_next():
    """If this fails, raise AUGMENT_VERSION: features of other views are in people's caches."""
    found = view(slope(0), Augmentation(augment="strong"), view_seed(7, "ff" * 32, 2))
    expected = [[89, 93, 97, 100], [137, 142, 145, 149], [185, 189, 193, 196], [234] * 4]
    assert np.abs(found[::16, ::24, 0].astype(int) - expected).max() <= 1  # rounding


def test_seeds_of_views_differ_by_photo_and_by_number():
    assert view_seed(1, "0a", 2) == (1, 10, 2)
    first = Augmentation(augment="standard")
    seeds = [view_seed(s, k, n) for s in (0, 1) for k in ("ab" * 32, "cd" * 32) for n in (0, 1)]
    views = {view(NOISE, first, seed).tobytes() for seed in seeds}
    assert len(views) == len(seeds)
