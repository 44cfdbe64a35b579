"""Features of photos, each computed once in its life.

A feature is kept under the content of its file, on a shelf of its own for everything else
that it depends on: decoding, size, network, cut, engine, processor and precision.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import PIL
from numpy.typing import NDArray

from headstart.backbone.engine import Engine
from headstart.data.pixels import DECODE_VERSION, Unreadable, decode, read_image
from headstart.data.samples import Sample
from headstart.errors import SourceError
from headstart.events import Listener, Progress, nobody
from headstart.options import Resize
from headstart.parallel import cores, side_by_side
from headstart.store.arrays import Shelf, make_room
from headstart.store.files import cache_root, key_of

_SEGMENT_ROWS = 256


@dataclass
class Features:
    """What came of a list of photos.

    Attributes:
        rows: float32 (n, n_features); the rows of unreadable photos are zero.
        unreadable: position in the list → why the photo could not be read.
        computed: how many forward passes it took.
        damaged: how many kept rows were damaged and computed again.
    """

    rows: NDArray[np.float32]
    unreadable: dict[int, str] = field(default_factory=dict)
    computed: int = 0
    damaged: int = 0


def fingerprint(samples: Sequence[Sample]) -> tuple[list[str], dict[int, str]]:
    """SHA-256 of every sample's file.

    Returns:
        The keys, empty for files that cannot be read, and position → reason for those.
    """

    def key(sample: Sample) -> tuple[str, str]:
        try:
            return sha256(read_image(sample.path)).hexdigest(), ""
        except Unreadable as fault:
            return "", fault.reason

    found = [result for _, result in side_by_side(key, samples, cores())]
    return [key for key, _ in found], {i: why for i, (_, why) in enumerate(found) if why}


def pixels_key(size: int, resize: Resize) -> str:
    """A key over all that a photo's pixels depend on but its file."""
    return key_of(decode=DECODE_VERSION, pillow=PIL.__version__, size=size, resize=resize)


def shelf_for(engine: Engine, size: int, resize: Resize) -> Shelf:
    """The shelf for features of this engine on photos decoded this way."""
    folder = key_of(pixels=pixels_key(size, resize), engine=engine.key)
    return Shelf(cache_root() / "features" / folder, (engine.features,))


def compute(
    samples: Sequence[Sample],
    keys: Sequence[str],
    engine: Engine,
    size: int,
    resize: Resize,
    listen: Listener = nobody,
) -> Features:
    """Features of samples: read from the cache, computed where they are not in it.

    Decoding and the network run side by side on every core, batch by batch. What was computed
    is kept every few hundred photos, so that a run that is cut off loses little.

    Args:
        samples: length n.
        keys: the SHA-256 that each file had when it was listed.
        size, resize: how photos are decoded.

    Raises:
        SourceError: a photo's content is not what it was when it was listed.
        OutputError: the cache cannot be written to.
    """
    shelf = shelf_for(engine, size, resize)
    found = Features(np.zeros((len(samples), engine.features), np.float32))
    missing: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        row = shelf.read(key)
        if row is None:
            missing.setdefault(key, []).append(i)
        else:
            found.rows[i] = row
    found.damaged = shelf.damaged
    if not missing:
        return found

    todo = list(missing.values())
    batches = [todo[i : i + engine.batch] for i in range(0, len(todo), engine.batch)]
    done = len(samples) - sum(map(len, todo))
    listen(Progress("features", done, len(samples)))
    pending: list[int] = []

    def keep() -> None:
        rows = pending.copy()
        pending.clear()  # first: an interruption between the two must not keep them twice
        if rows:
            shelf.append([keys[i] for i in rows], found.rows[rows])

    def one_batch(batch: list[list[int]]) -> list[str | None]:
        pixels: list[NDArray[np.uint8]] = []
        faults: list[str | None] = []
        for copies in batch:
            try:
                pixels.append(decode(content(samples[copies[0]], keys[copies[0]]), size, resize))
                faults.append(None)
            except Unreadable as fault:
                faults.append(fault.reason)
        if pixels:
            good = [copies for copies, fault in zip(batch, faults, strict=True) if fault is None]
            for copies, row in zip(good, engine.run(np.stack(pixels)), strict=True):
                found.rows[copies] = row
        return faults

    try:
        for batch, faults in side_by_side(one_batch, batches, engine.parallel):
            for copies, fault in zip(batch, faults, strict=True):
                if fault is None:
                    pending.append(copies[0])
                    found.computed += 1
                else:
                    found.unreadable.update(dict.fromkeys(copies, fault))
                done += len(copies)
            listen(Progress("features", done, len(samples)))
            if len(pending) >= _SEGMENT_ROWS:
                keep()
    finally:
        keep()
    make_room(cache_root() / "features")
    return found


def content(sample: Sample, key: str) -> bytes:
    """The bytes of a sample's file, which could be read when it was listed.

    Raises:
        SourceError: they are not what they were then.
    """
    data = None
    with suppress(Unreadable):
        data = read_image(sample.path)
    if data is None or sha256(data).hexdigest() != key:
        raise SourceError(
            "changed or was removed while it was being worked on.",
            where=sample.name,
            mend="Start again when nothing else writes to the source.",
        )
    return data
