"""Labelled photos made ready: listed, fingerprinted, looked at once by the frozen network."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.backbone import catalog, convert, networks, weights
from headstart.backbone.accelerator import gpus
from headstart.backbone.catalog import Backbone
from headstart.backbone.choice import PHOTOS, Agreement, choose
from headstart.backbone.engine import (
    Engine,
    Floats,
    KerasEngine,
    OpenVinoEngine,
    Pixels,
    has_bfloat16,
)
from headstart.backbone.graphs import Graph
from headstart.backbone.weights import Weights
from headstart.data import duplicates
from headstart.data.pixels import Unreadable, decode, read_image
from headstart.data.samples import Sample, Samples, scan
from headstart.errors import SourceError
from headstart.evaluation.metrics import Labels
from headstart.events import Listener, Notice, nobody
from headstart.findings import LeftOut
from headstart.options import Layout, Resize, TrainOptions
from headstart.store.files import key_of, printable


@dataclass(frozen=True)
class Photos:
    """Labelled photos of known content.

    Attributes:
        source: absolute path of where they are from.
        samples: sorted by name.
        keys: SHA-256 of each sample's file.
        classes: every class of the source; each has a sample.
        left_out: what takes no part, and why, sorted by name.
        ignored: how many files were junk.
    """

    source: str
    samples: list[Sample]
    keys: list[str]
    classes: tuple[str, ...]
    left_out: list[LeftOut]
    ignored: int

    def without(self, unreadable: Mapping[int, str]) -> "Photos":
        """The same but for samples that could not be read.

        Args:
            unreadable: number of the sample → why.

        Raises:
            SourceError: a class would have none left. Classes never vanish without a word,
                for with them the numbers of the others would shift.
        """
        good = [i for i in range(len(self.samples)) if i not in unreadable]
        samples = [self.samples[i] for i in good]
        out = [LeftOut(self.samples[i].name, why) for i, why in unreadable.items()]
        empty = sorted(set(self.classes) - {sample.label for sample in samples})
        if empty:
            example = next(
                (
                    f" ({self.samples[i].name}: {why})"
                    for i, why in unreadable.items()
                    if self.samples[i].label == empty[0]
                ),
                "",
            )
            raise SourceError(
                f"No photo that can be read in {', '.join(map(repr, empty))}{example}.",
                where=printable(self.source),
                mend="Add photos there, or take the class away.",
            )
        return replace(
            self,
            samples=samples,
            keys=[self.keys[i] for i in good],
            left_out=sorted([*self.left_out, *out], key=lambda item: item.name),
        )


def scan_with(source: str | Path, options: Layout) -> Samples:
    """`scan`, as the options say."""
    return scan(source, **{name: getattr(options, name) for name in Layout.model_fields})


def list_photos(source: str | Path, options: Layout) -> Photos:
    """Scan a source and fingerprint its files."""
    found = scan_with(source, options)
    keys, faults = features.fingerprint(found.items)
    photos = Photos(
        found.source, list(found.items), keys, found.classes, list(found.left_out), found.ignored
    )
    return photos.without(faults)


@dataclass(frozen=True)
class Network:
    """The frozen backbone, ready to run."""

    backbone: Backbone
    weights: Weights
    graph: Graph
    engine: Engine
    agreement: Agreement | None
    size: int
    resize: Resize


def load_network(
    options: TrainOptions, samples: Sequence[Sample], keys: Sequence[str], listen: Listener = nobody
) -> Network:
    """The backbone that the options name, on the engine that suits these photos."""
    backbone = catalog.find(options.backbone)
    size = options.size or backbone.size
    catalog.check_size(backbone, size)
    found = weights.resolve(backbone, options.weights, listen)
    graph = convert.graph(backbone, found, size, listen)

    def first_photos() -> Pixels:
        decoded = []
        for sample in samples[:PHOTOS]:
            with suppress(Unreadable):
                decoded.append(decode(read_image(sample.path), size, options.resize))
        return np.stack(decoded) if decoded else np.zeros((0, size, size, 3), np.uint8)

    on_gpu = bool(gpus())

    def engine_of(precision: Floats) -> Engine:
        if on_gpu:
            return KerasEngine(networks.keras_model(backbone, found, size), graph.digest)
        return OpenVinoEngine(graph.read(), graph.digest, precision)

    photos = key_of(pixels=features.pixels_key(size, options.resize), files=" ".join(keys[:PHOTOS]))
    engine, agreement = choose(
        engine_of,
        options.precision,
        first_photos,
        photos,
        bfloat16=not on_gpu and has_bfloat16(),
    )
    return Network(backbone, found, graph, engine, agreement, size, options.resize)


@dataclass(frozen=True)
class Data:
    """Photos that could be read, with their features.

    Attributes:
        labels: int64 (n,), the class of each sample, an index into `photos.classes`.
        features: float32 (n, n_features).
        clusters: int64 (n,), samples of one number are copies of one photo.
    """

    photos: Photos
    labels: Labels
    features: NDArray[np.float32]
    clusters: NDArray[np.int64]


def look_at(photos: Photos, network: Network, listen: Listener) -> Data:
    """Features of every photo that can be read.

    Raises:
        SourceError: a class has no such photo.
    """
    found = features.compute(
        photos.samples, photos.keys, network.engine, network.size, network.resize, listen
    )
    if found.damaged:
        entries = "entry" if found.damaged == 1 else "entries"
        listen(Notice(f"{found.damaged:,} damaged {entries} of the cache: computed again."))
    rows = np.delete(found.rows, list(found.unreadable), axis=0) if found.unreadable else found.rows
    photos = photos.without(found.unreadable)
    if photos.left_out:
        listen(Notice(f"{len(photos.left_out):,} left out; the report names each and says why."))
    number = {name: j for j, name in enumerate(photos.classes)}
    labels = np.array([number[sample.label] for sample in photos.samples], np.int64)
    return Data(photos, labels, rows, duplicates.identical(photos.keys))
