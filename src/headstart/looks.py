"""Small grey pictures of photos, and which photos show one picture; both kept by content."""

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.backbone.engine import Floats, Pixels
from headstart.data.near_copies import SIDE, near_copies
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


def copies(
    keys: Sequence[str], shapes: Sequence[tuple[int, int]], grey: Any
) -> list[tuple[str, str]]:
    """Pairs of files whose photos show one picture, by their SHA-256.

    Args:
        keys: SHA-256 of each file, length n.
        shapes: width and height of each photo in pixels.
        grey: the rows of `pictures`.
    """
    first = {key: i for i, key in reversed([*enumerate(keys)])}  # each content once
    large = {key: i for key, i in first.items() if min(shapes[i]) >= LEAST}
    listed = sorted(large)  # so that it does not depend on names
    digest = sha256(" ".join(listed).encode()).hexdigest()
    kept = cache_root() / "copies" / f"{key_of(version=_VERSION, photos=digest)}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        found = [(str(a), str(b)) for a, b in json.loads(kept.read_bytes())["pairs"]]
        if large.keys() >= {key for pair in found for key in pair}:
            return found
    among = np.array([large[key] for key in listed], np.int64)
    pairs = [(keys[i], keys[j]) for i, j in near_copies(grey, among).tolist()]
    with suppress(OutputError):  # this run has them; the next one looks again
        write_json(kept, {"pairs": pairs})
    return pairs
