"""How far plain pixels get: a logistic regression on photos shrunk to a few pixels, no network.

Where it does nearly as well as the network, background or light may give the classes away.
"""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from headstart.data import split
from headstart.data.labelled import Divided, spread
from headstart.data.pixels import decode
from headstart.data.samples import Sample
from headstart.dataset import Photos
from headstart.errors import OutputError
from headstart.evaluation.trust import Answers, answered
from headstart.features import content, pixels_key
from headstart.parallel import cores, side_by_side
from headstart.store.arrays import Shelf
from headstart.store.files import cache_root
from headstart.store.room import make_room
from headstart.training.blas import one_thread
from headstart.training.folds import cross_validate
from headstart.training.head import Problem, select

SIZE = 8  # pixels across and down; 16 take four times as long and tell no more

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.int64]

_MOST = 5_000  # photos that train, and that choose the penalty: more tell this baseline no more
_COMPONENTS = 64  # of all pixels' colours: what is left hardly differs between photos
_SEGMENT_ROWS = 4096


def plain_pixels(data: Divided, network: Answers, seed: int) -> Answers:
    """What plain pixels say of the photos that the network is judged by.

    Args:
        data: its samples are photos.
        network: the answers that it is judged by.
        seed: that of the training, whose folds are used where a cross-validation judges.

    Raises:
        SourceError: the content of a photo has changed.
    """
    photos = data.samples
    assert isinstance(photos, Photos)
    crossed = network.name == "cross-validation"
    used = np.unique(np.concatenate([*_learning(data, crossed), network.samples]))
    files, keys = [photos.files[i] for i in used], [photos.keys[i] for i in used]
    return answers_of(thumbnails(files, keys), used, data, network, seed)


def answers_of(
    pixels: Pixels, numbers: Numbers, data: Divided, network: Answers, seed: int
) -> Answers:
    """A logistic regression on small pictures, judged by the samples that the network is.

    It is fitted to their principal components (Turk and Pentland, Eigenfaces for Recognition,
    1991), for neighbouring pixels tell the same. Its penalty is chosen as that of the head on
    features.

    Args:
        pixels: uint8 (m, h, w) or (m, h, w, channels).
        numbers: int64 (m,), ascending: the sample that each is of.
    """
    labels, n_classes = data.labels[numbers], len(data.classes)
    crossed = network.name == "cross-validation"
    train, kept = (np.searchsorted(numbers, each) for each in _learning(data, crossed))
    flat = _components(pixels.reshape(len(pixels), -1).astype(np.float32), train)
    judged = np.searchsorted(numbers, network.samples)
    if crossed:
        known = data.samples
        names, keys = ([column[i] for i in numbers[train]] for column in (known.labels, known.keys))
        fold = split.folds(names, data.together[numbers[train]], keys, split.FOLDS, seed)
        found = np.zeros((len(numbers), n_classes))
        found[train] = cross_validate(flat[train], labels[train], fold, n_classes)
        return answered(network.name, network.samples, network.labels, [found[judged]])
    if not len(kept):  # a fifth of the training samples chooses the penalty
        kept, train = np.split(
            np.random.default_rng(seed).permutation(train), [-(-len(train) // 5)]
        )
    head = select(Problem(flat, labels, n_classes, samples=train), flat, labels, kept)
    return answered(network.name, network.samples, network.labels, head.pieces(flat, judged))


def _components(flat: NDArray[np.float32], train: Numbers) -> NDArray[np.float32]:
    """Small pictures, float32 (m, d), by the directions in which those that train differ most."""
    flat = flat - flat[train].mean(axis=0)
    with one_thread:
        _, directions = np.linalg.eigh(flat[train].T @ flat[train])  # the largest come last
        found: NDArray[np.float32] = flat @ directions[:, -_COMPONENTS:]
    return found


def _learning(data: Divided, crossed: bool) -> tuple[Numbers, Numbers]:
    """The samples that train, and those that choose the penalty; with very many, some of them.

    Args:
        crossed: those that train are judged too, so it is all of them.
    """
    train, kept = data.on("train"), data.on("validation")
    return train if crossed else spread(train, _MOST), spread(kept, _MOST)


def thumbnails(files: Sequence[Sample], keys: Sequence[str]) -> Pixels:
    """Photos of `SIZE` × `SIZE` pixels, uint8 (n, SIZE, SIZE, 3), from the cache where they are.

    Args:
        keys: the SHA-256 of each file.

    Raises:
        SourceError: a photo's content is not what it was when it was listed.
    """
    shape = (SIZE, SIZE, 3)
    folder = cache_root() / "features" / pixels_key(SIZE, "squash") / "uint8"
    shelf = Shelf(folder, shape, "uint8")
    found = np.zeros((len(files), *shape), np.uint8)
    missing = []
    for i, key in enumerate(keys):
        row = shelf.read(key)
        if row is None:
            missing.append(i)
        else:
            found[i] = row
    if not missing:
        return found

    def shrink(i: int) -> Pixels:
        return decode(content(files[i], keys[i]), SIZE, "squash")

    for i, pixels in side_by_side(shrink, missing, cores()):
        found[i] = pixels
    with suppress(OutputError):  # then the next run shrinks them again; the features told it
        for start in range(0, len(missing), _SEGMENT_ROWS):
            rows = missing[start : start + _SEGMENT_ROWS]
            shelf.append([keys[i] for i in rows], found[rows])
    make_room(cache_root())
    return found
