"""Photos for tests that need no data from elsewhere: the digits that scikit-learn brings."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


@cache
def _digits() -> Any:
    return load_digits()


def put_digits(folder: Path, numbers: Iterable[int], name: str = "{label}/{number:04}.png") -> Path:
    """Write handwritten digits as PNG files of 8 × 8 pixels.

    Args:
        numbers: which of the 1,797; those of one number are the same, byte for byte. The labels
            go round from 0 to 9 for the most part.
        name: the path of each below `folder`.

    Returns:
        The folder.
    """
    digits = _digits()
    for number in numbers:
        path = folder / name.format(label=digits.target[number], number=number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.round(digits.images[number] * (255 / 16)).astype(np.uint8)).save(path)
    return folder


def put_colours(folder: Path, label: str, n: int, seed: int = 0) -> list[Path]:
    """Write n photos of noise, no two alike, as one class; returns their paths."""
    chance = np.random.default_rng([seed, *label.encode("utf-8", "surrogateescape")])
    paths = [folder / label / f"{i}.png" for i in range(n)]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
    return paths
