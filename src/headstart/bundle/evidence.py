"""Photos whose labels are known, given as arrays or as files, to judge a network by."""

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.backbone.engine import Pixels
from headstart.bundle.answering import Photo
from headstart.data.pixels import decode, read_image
from headstart.dataset import list_photos
from headstart.errors import OptionError, SourceError
from headstart.evaluation.metrics import Labels
from headstart.events import Listener
from headstart.options import Layout, Resize

Source = str | os.PathLike[str] | tuple[Any, Any]


@dataclass(frozen=True)
class Evidence:
    """Photos whose labels are known.

    Attributes:
        labels: int64 (n,), numbers of classes.
        pixels: of a photo by its number: uint8 (size, size, 3); raises `Unreadable`.
        photo: its file: a path, or the bytes of one.
    """

    labels: Labels
    pixels: Callable[[int], Pixels]
    photo: Callable[[int], Photo]


def gather(
    source: Source, classes: Sequence[str], size: int, resize: Resize, listen: Listener
) -> Evidence:
    """The photos to judge by.

    Args:
        source: (x, y), or labelled photos in any layout that `train` takes; see `package`.

    Raises:
        SourceError: the photos cannot be used, or a label is none of the classes.
        OptionError: the arrays are not as they should be.
    """
    if isinstance(source, str | os.PathLike):
        return _of_files(source, classes, size, resize, listen)
    try:
        x, y = (np.asarray(part) for part in source)
    except (TypeError, ValueError) as error:
        raise OptionError(
            "It is neither a place with photos nor two arrays.",
            where="validation",
            mend="Give a folder with one folder a class, or (x, y).",
        ) from error
    return _of_arrays(x, y, classes, size)


def _of_files(
    source: str | os.PathLike[str],
    classes: Sequence[str],
    size: int,
    resize: Resize,
    listen: Listener,
) -> Evidence:
    photos = list_photos(os.fspath(source), Layout(), listen)
    unknown = sorted(set(photos.classes) - set(classes))
    if unknown:
        raise SourceError(
            f"Labels that are none of the classes: {', '.join(unknown)}.",
            where=photos.source,
            mend=f"The classes are {', '.join(classes)}.",
        )
    labels = np.array([classes.index(label) for label in photos.labels], np.int64)
    paths = [file.path for file in photos.files]
    return Evidence(
        labels, lambda i: decode(read_image(paths[i]), size, resize), lambda i: paths[i]
    )


def _of_arrays(x: NDArray[Any], y: NDArray[Any], classes: Sequence[str], size: int) -> Evidence:
    if x.dtype != np.uint8 or x.shape[1:] != (size, size, 3) or len(x) == 0:
        raise OptionError(
            f"x is {x.dtype} {x.shape}; photos are uint8 (n, {size}, {size}, 3).",
            where="validation",
            mend="Give them as they were before any preprocessing, RGB from 0 to 255, in the "
            "model's size.",
        )
    return Evidence(numbers_of(y, len(x), classes), lambda i: x[i], lambda i: _png(x[i]))


def numbers_of(y: NDArray[Any], n: int, classes: Sequence[str]) -> Labels:
    """Numbers of classes from numbers, one-hot rows, or names."""
    if y.shape == (n, len(classes)) and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all():
        return np.asarray(y.argmax(axis=1), np.int64)
    if y.shape == (n,) and y.dtype.kind in "iu" and y.min() >= 0 and y.max() < len(classes):
        return y.astype(np.int64)
    if y.shape == (n,) and y.dtype.kind in "UTO" and set(y.tolist()) <= set(classes):
        return np.array([classes.index(name) for name in y.tolist()], np.int64)
    raise OptionError(
        f"y is {y.dtype} {y.shape}, and no label for each of {n:,} samples.",
        where="validation",
        mend=f"Give numbers from 0 to {len(classes) - 1}, one-hot rows, or names of classes.",
    )


def _png(pixels: Pixels) -> bytes:
    """The file of a photo that is given as pixels; nothing is lost in it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()
