"""Small grey pictures of photos, and which photos show one picture, or nothing; kept by content."""

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.backbone.engine import Floats, Pixels
from headstart.data.near_copies import SIDE, described, near_copies
from headstart.data.samples import Sample
from headstart.errors import OutputError
from headstart.events import Listener, nobody
from headstart.features import Features
from headstart.parallel import cores
from headstart.store.files import cache_root, key_of, write_json

_VERSION = 1  # of what is kept: raise it with any change of `data.near_copies` or of `_Grey`
LEAST = 32
"""Pixels on the shorter side: of smaller photos too many look the same."""


class _Grey:
    """An `Engine` whose features are the photo itself in shades of grey, uint8."""

    name = "grey"
    precision: Floats = "float32"
    key = key_of(grey=_VERSION)
    shape = (SIDE, SIDE)
    batch = 16
    parallel = cores()

    def run(self, pixels: Pixels) -> NDArray[Any]:
        """By the weights of ITU-R BT.601, as in JPEG."""
        return np.rint(pixels @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.uint8)


def pictures(samples: Sequence[Sample], keys: Sequence[str], listen: Listener = nobody) -> Features:
    """Grey pictures of photos, uint8 (n, 64, 64), in a file, and which could not be read.

    Raises:
        SourceError, OutputError: as `features.compute`.
    """
    return features.compute(
        samples, keys, _Grey(), SIDE, "squash", listen, maps="uint8", stage="photos"
    )


class Seen(NamedTuple):
    """What small pictures show, by the SHA-256 of the files.

    Attributes:
        pairs: files whose photos show one picture.
        plain: files whose photos are of one shade.
    """

    pairs: list[tuple[str, str]]
    plain: set[str]


def known(keys: Sequence[str]) -> Seen | None:
    """What `seen` said of these contents, all of which could be read; None: it was not asked.

    Args:
        keys: SHA-256 of each file.
    """
    with suppress(OSError, ValueError, TypeError, KeyError):
        told = json.loads(_kept(keys).read_bytes())
        pairs = [(str(a), str(b)) for a, b in told["pairs"]]
        plain = {str(key) for key in told["plain"]}
        if set(keys) >= plain.union(*pairs):
            return Seen(pairs, plain)
    return None


def seen(keys: Sequence[str], shapes: Sequence[tuple[int, int]], grey: Any) -> Seen:
    """Which photos show one picture, or none; what is `known` is not looked for again.

    Of photos that are too small (`LEAST`) no copies are looked for.

    Args:
        keys: SHA-256 of each file, length n.
        shapes: width and height of each photo in pixels.
        grey: the rows of `pictures`.
    """
    told = known(keys)
    if told is not None:
        return told
    first = {key: i for i, key in reversed([*enumerate(keys)])}  # each content once
    listed = sorted(first)  # so that it does not depend on names
    looked = described(grey, np.array([first[key] for key in listed], np.int64))
    plain = {listed[i] for i in np.flatnonzero(looked.plain).tolist()}
    large = np.array([min(shapes[first[key]]) >= LEAST for key in listed], np.bool_)
    pairs = [(keys[i], keys[j]) for i, j in near_copies(grey, looked.where(large)).tolist()]
    with suppress(OutputError):  # this run has them; the next one looks again
        write_json(_kept(keys), {"pairs": pairs, "plain": sorted(plain)})
    return Seen(pairs, plain)


def _kept(keys: Sequence[str]) -> Path:
    """Where it is kept what photos of these contents show."""
    contents = sha256(" ".join(sorted({*keys})).encode()).hexdigest()
    pixels = features.pixels_key(SIDE, "squash")
    return cache_root() / "copies" / f"{key_of(version=_VERSION, pixels=pixels, of=contents)}.json"
