"""Features of photos, each computed once in its life.

A feature is kept under the content of its file, on a shelf of its own for everything else
that it depends on: decoding, size, network, cut, engine, processor and precision.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import numpy as np
import PIL
from numpy.typing import NDArray

from headstart.augmentation import Augmentation
from headstart.backbone.engine import Engine, Pixels
from headstart.data import augment
from headstart.data.pixels import DECODE_VERSION, Unreadable, decode, read_image, shape
from headstart.data.samples import Sample
from headstart.errors import OutputError, SourceError
from headstart.events import Listener, Notice, Progress, nobody
from headstart.options import Resize
from headstart.parallel import cores, side_by_side
from headstart.store.arrays import Shelf
from headstart.store.files import cache_root, key_of
from headstart.store.room import make_room
from headstart.store.rows import RowFile

_SEGMENT_ROWS = 256
_FILES = 32  # read in one go: to hand a thread one of them costs more than to read it


@dataclass(frozen=True)
class View:
    """A random view of every photo, to be looked at in its place.

    Attributes:
        augmentation: how far it may differ from the photo.
        number: which of the views, from 0 on.
        seed: of all that is left to chance.
    """

    augmentation: Augmentation
    number: int
    seed: int

    @property
    def key(self) -> str:
        """What a view depends on but the photo."""
        return f"{augment.key(self.augmentation)} seed={self.seed} number={self.number}"

    def of(self, pixels: Pixels, key: str) -> Pixels:
        """The view of one photo, whose file has the SHA-256 `key`."""
        return augment.view(
            pixels, self.augmentation, augment.view_seed(self.seed, key, self.number)
        )


@dataclass
class Features:
    """What came of a list of photos.

    Attributes:
        rows: (n, *engine.shape), float32, or float16 for maps, which are kept in a temporary
            file; the rows of unreadable photos are zero.
        unreadable: position in the list → why the photo could not be read.
        computed: how many forward passes it took.
        damaged: how many kept rows were damaged and computed again.
    """

    rows: Any
    unreadable: dict[int, str] = field(default_factory=dict)
    computed: int = 0
    damaged: int = 0


class Prints(NamedTuple):
    """What tells files apart.

    Attributes:
        keys: SHA-256 of each, empty for files that cannot be read.
        shapes: width and height of each in pixels; 0 for those, and for what is no photo.
        faults: position → why it cannot be read.
    """

    keys: list[str]
    shapes: list[tuple[int, int]]
    faults: dict[int, str]


def fingerprint(samples: Sequence[Sample]) -> Prints:
    """Read every sample's file once. Its pixels are not decoded, so it may be no photo."""

    def look(sample: Sample) -> tuple[str, tuple[int, int], str]:
        try:
            data = read_image(sample.path)
        except Unreadable as fault:
            return "", (0, 0), fault.reason
        size = (0, 0)
        with suppress(Unreadable):
            size = shape(data)
        return sha256(data).hexdigest(), size, ""

    parts = [samples[i : i + _FILES] for i in range(0, len(samples), _FILES)]
    looked = side_by_side(lambda part: [*map(look, part)], parts, cores())
    found = [result for _, results in looked for result in results]
    faults = {i: why for i, (_, _, why) in enumerate(found) if why}
    return Prints([key for key, _, _ in found], [size for _, size, _ in found], faults)


def pixels_key(size: int, resize: Resize) -> str:
    """A key over all that a photo's pixels depend on but its file."""
    return key_of(decode=DECODE_VERSION, pillow=PIL.__version__, size=size, resize=resize)


def shelf_for(
    engine: Engine, size: int, resize: Resize, dtype: str = "float32", view: View | None = None
) -> Shelf:
    """The shelf for features of this engine on photos, or views of them, decoded this way."""
    parts = {"pixels": pixels_key(size, resize), "engine": engine.key}
    parts |= {"view": view.key} if view else {}
    folder = cache_root() / "features" / key_of(**parts)
    return Shelf(folder if dtype == "float32" else folder / dtype, engine.shape, dtype)


def compute(
    samples: Sequence[Sample],
    keys: Sequence[str],
    engine: Engine,
    size: int,
    resize: Resize,
    listen: Listener = nobody,
    *,
    view: View | None = None,
    maps: Literal["float16", "float32", "uint8"] | None = None,
    stage: str = "features",
) -> Features:
    """Features of samples: read from the cache, computed where they are not in it.

    Decoding and the network run side by side on every core, batch by batch. What was computed
    is kept every few hundred photos, so that a run that is cut off loses little.

    Args:
        samples: length n.
        keys: the SHA-256 that each file had when it was listed.
        size, resize: how photos are decoded.
        view: look at this view of each photo.
        maps: what the engine gives is large: keep it in a file, as this dtype.
        stage: what `listen` is told is going on.

    Raises:
        OverflowError: a map has values that float16 does not hold.
        SourceError: a photo's content is not what it was when it was listed, or the network
            gives no numbers for it.
        OutputError: there is no room for maps.
    """
    dtype = maps or "float32"
    shelf = shelf_for(engine, size, resize, dtype, view)
    n = len(samples)
    if maps:
        found = Features(RowFile(cache_root() / "features", n, engine.shape, dtype))
    else:
        found = Features(np.zeros((n, *engine.shape), np.float32))
    missing: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        row = shelf.read(key)
        if row is None:
            missing.setdefault(key, []).append(i)
        else:
            found.rows[i] = row
    found.damaged = shelf.damaged
    if found.damaged:
        entries = "entry" if found.damaged == 1 else "entries"
        listen(Notice(f"{found.damaged:,} damaged {entries} of the cache: computed again."))
    if not missing:
        return found

    todo = list(missing.values())
    batches = [todo[i : i + engine.batch] for i in range(0, len(todo), engine.batch)]
    done = len(samples) - sum(map(len, todo))
    listen(Progress(stage, done, len(samples)))
    pending: list[int] = []
    keeping = True

    def keep() -> None:
        nonlocal keeping
        rows = pending.copy()
        pending.clear()  # first: an interruption between the two must not keep them twice
        if rows and keeping:
            try:
                shelf.append([keys[i] for i in rows], found.rows[rows])
            except OutputError as error:  # this run has them; the next one computes them again
                keeping = False
                listen(Notice(f"Features are not kept for the next time. {error}"))

    def one_batch(batch: list[list[int]]) -> list[str | None]:
        pixels: list[NDArray[np.uint8]] = []
        faults: list[str | None] = []
        for copies in batch:
            try:
                key = keys[copies[0]]
                photo = decode(content(samples[copies[0]], key), size, resize)
                pixels.append(view.of(photo, key) if view else photo)
                faults.append(None)
            except Unreadable as fault:
                faults.append(fault.reason)
        if pixels:
            good = [copies for copies, fault in zip(batch, faults, strict=True) if fault is None]
            made = engine.run(np.stack(pixels))
            finite = np.isfinite(made.reshape(len(made), -1)).all(axis=1)
            if not finite.all():
                raise _not_finite(samples[good[int(finite.argmin())][0]])
            if maps == "float16" and np.abs(made).max() > np.finfo(np.float16).max:
                raise OverflowError("a map has values that float16 does not hold")
            for copies, row in zip(good, made, strict=True):
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
            listen(Progress(stage, done, len(samples)))
            if len(pending) >= _SEGMENT_ROWS:
                keep()
    finally:
        keep()
    make_room(cache_root())
    return found


class PixelRows:
    """Photos, or views of them, decoded whenever they are asked for; rows are numbered as given.

    Args:
        samples, keys: photos that can be read, and their SHA-256.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        keys: Sequence[str],
        size: int,
        resize: Resize,
        view: View | None = None,
    ) -> None:
        self._samples, self._keys = samples, keys
        self._size, self._resize, self._view = size, resize, view

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, numbers: NDArray[np.int64]) -> Pixels:
        """uint8 (len(numbers), size, size, 3).

        Raises:
            SourceError: a photo's content is not what it was when it was listed.
        """
        return np.stack([row for _, row in side_by_side(self._row, numbers.tolist(), cores())])

    def _row(self, i: int) -> Pixels:
        key = self._keys[i]
        pixels = decode(content(self._samples[i], key), self._size, self._resize)
        return self._view.of(pixels, key) if self._view else pixels


def _not_finite(sample: Sample) -> SourceError:
    return SourceError(
        "the network's features of this photo are not finite numbers.",
        where=sample.name,
        mend="Give other --weights, or --precision float32; or leave the photo out with --ignore.",
    )


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
