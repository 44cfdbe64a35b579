"""Photos of textures, as many classes of them as are wanted: waves in colours of their own."""

from pathlib import Path

import numpy as np
from PIL import Image

_SIDE = 40  # pixels


def put_textures(folder: Path, classes: int, of_each: int) -> None:
    """Write JPEG files into one folder a class; the same ones each time.

    A class is two directions and wavelengths and three colours; its photos differ in phase, in
    noise, and a little in all of these, so that classes can be learned and mistaken.
    """
    y, x = np.mgrid[:_SIDE, :_SIDE] / _SIDE
    for number in range(classes):
        kind = np.random.default_rng([0, number])
        angles, waves = kind.uniform(0, np.pi, 2), kind.uniform(1, 7, 2)
        colours = kind.uniform(0, 255, (3, 3))
        place = folder / f"texture {number:04}"
        place.mkdir(parents=True)
        for i in range(of_each):
            chance = np.random.default_rng([1, number, i])
            first, second = (
                0.5 + 0.5 * np.sin(2 * np.pi * (wave * (x * np.cos(a) + y * np.sin(a)) + phase))
                for a, wave, phase in zip(
                    angles + chance.normal(0, 0.1, 2),
                    waves * chance.normal(1, 0.06, 2),
                    chance.uniform(size=2),
                    strict=True,
                )
            )
            shares = np.stack([first * second, first * (1 - second), 1 - first], axis=-1)
            photo = shares @ (colours + chance.normal(0, 20, (3, 3)))
            photo += chance.normal(0, 20, (_SIDE, _SIDE, 1))
            pixels = photo.clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{i:03}.jpg", quality=85)
