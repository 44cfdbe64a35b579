"""Random views of a photo: turned, moved, slanted, zoomed, cropped, mirrored, re-toned.

The names and meanings are those of Keras' `ImageDataGenerator`, so is the order: geometry, then
channel shift, then brightness (then contrast, which Keras lacks). Three differences, on purpose:

- `width_shift_range` moves along the width and `height_shift_range` along the height. Keras has
  them exchanged (https://github.com/keras-team/keras/issues/17398).
- A photo is turned about its middle whatever its shape; Keras' middle is off where width and
  height differ.
- `brightness_range` is one number, 0.2 for Keras' (0.8, 1.2).

What lies beyond the edge is the nearest pixel of the edge (`fill_mode="nearest"`).
"""

import math
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.augmentation import Augmentation

AUGMENT_VERSION = 1  # part of every key of a view: raise it with any change to what `view` gives

_RANGES = tuple(name for name in Augmentation.model_fields if name != "augment")
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow makes grey of RGB


def key(augmentation: Augmentation) -> str:
    """The ranges that change something, as stable text; empty where none does."""
    values = {name: float(getattr(augmentation, name)) for name in sorted(_RANGES)}
    changes = [f"{name}={value!r}" for name, value in values.items() if value]
    return " ".join([f"augment-{AUGMENT_VERSION}", *changes]) if changes else ""


def view_seed(seed: int, content_key: str, number: int) -> tuple[int, ...]:
    """The seed of view `number` of a photo, wherever it lies and whatever lies beside it.

    Args:
        seed: the seed of all that is left to chance.
        content_key: SHA-256 of the photo's content, in hexadecimal.
        number: 0 or more.
    """
    return seed, int(content_key, 16), number


def view(
    pixels: NDArray[np.uint8], augmentation: Augmentation, seed: tuple[int, ...]
) -> NDArray[np.uint8]:
    """One random view of a photo: a pure function of its arguments.

    Every range draws its own numbers, whether it is in use or not: another range changes
    nothing about what this one does.

    Args:
        pixels: uint8 (H, W, 3), RGB.
        augmentation: how far the view may differ.
        seed: whole numbers of 0 or more; see `view_seed`.

    Returns:
        uint8 (H, W, 3); `pixels` itself where the augmentation changes nothing.
    """
    if not any(getattr(augmentation, name) for name in _RANGES):
        return pixels
    height, width = pixels.shape[:2]
    draws = np.random.default_rng(seed).uniform(-1, 1, 13).tolist()
    turn, right, down, slant, zoom_x, zoom_y, cut, cut_x, cut_y, side, *tones = draws
    cropped = augmentation.random_crop * (1 + cut) / 2  # share of the sides that is left off
    mirrored = augmentation.horizontal_flip and side < 0
    matrix = (
        affine(
            theta=augmentation.rotation_range * turn,
            tx=augmentation.width_shift_range * width * right,
            ty=augmentation.height_shift_range * height * down,
            shear=augmentation.shear_range * slant,
            zx=1 + augmentation.zoom_range * zoom_x,
            zy=1 + augmentation.zoom_range * zoom_y,
        )
        @ affine(tx=cropped * width * cut_x / 2, ty=cropped * height * cut_y / 2)
        @ affine(zx=(1 - cropped) * (-1 if mirrored else 1), zy=1 - cropped)
    )
    image = transformed(pixels, matrix)
    channel_shift, brightness, contrast = tones
    return np.asarray(
        _toned(
            image,
            augmentation.channel_shift_range * channel_shift,
            1 + augmentation.brightness_range * brightness,
            1 + augmentation.contrast_range * contrast,
        )
    )


def affine(
    *,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
) -> NDArray[np.float64]:
    """float64 (3, 3): (x, y, 1) of a view → that of the photo, in pixels from the middle.

    The parameters of Keras' `apply_affine_transform`, angles in degrees, and its order: what
    stands first in rotation · shift · shear · zoom is done last on the way into the photo.
    """
    turn, slant = math.radians(theta), math.radians(shear)
    rotation = [[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0]]
    shifted = [[1, 0, tx], [0, 1, ty]]
    sheared = [[1, -math.sin(slant), 0], [0, math.cos(slant), 0]]
    zoomed = [[zx, 0, 0], [0, zy, 0]]
    steps = (np.array([*rows, [0, 0, 1]]) for rows in (rotation, shifted, sheared, zoomed))
    matrix: NDArray[np.float64] = reduce(np.matmul, steps)
    return matrix


def transformed(pixels: NDArray[np.uint8], matrix: NDArray[np.float64]) -> Image.Image:
    """The view that a matrix of `affine` shows, by bilinear interpolation.

    Pillow paints black whatever lies beyond the edge. So the photo is first widened by its
    edge pixels, exactly as far as the corners of the view reach.

    Args:
        pixels: uint8 (H, W, 3).
        matrix: float64 (3, 3).
    """
    height, width = pixels.shape[:2]
    middle = np.array([width / 2, height / 2])
    inside = matrix[:2, :2]
    offset = matrix[:2, 2] + middle - inside @ middle
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ inside.T + offset
    left, top = np.maximum(0, np.ceil(-corners.min(axis=0))).astype(int).tolist()
    far = np.ceil(corners.max(axis=0) - (width, height))
    right, bottom = np.maximum(0, far).astype(int).tolist()
    wider = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode="edge")
    (a, b), (d, e) = inside.tolist()
    c, f = np.add(offset, (left, top)).tolist()
    return Image.fromarray(wider).transform(
        (width, height),
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        Image.Resampling.BILINEAR,
    )


def _toned(image: Image.Image, shift: float, brightness: float, contrast: float) -> Image.Image:
    """An RGB image with each value replaced by one table of 256 entries.

    Args:
        shift: added to all channels, within the least and greatest value that the image has.
        brightness: factor of every value.
        contrast: factor of the distance from the mean grey, which stays.
    """
    if (shift, brightness, contrast) == (0, 1, 1):
        return image
    counts = np.array(image.histogram()).reshape(3, 256)
    (present,) = np.nonzero(counts.sum(axis=0))
    table = np.clip(np.arange(256.0) + shift, present[0], present[-1])
    table = np.clip(table * brightness, 0, 255)
    grey = float(_LUMA @ counts @ table) / (image.width * image.height)
    table = np.clip(grey + contrast * (table - grey), 0, 255)
    return image.point(np.rint(table).astype(int).tolist() * 3)
