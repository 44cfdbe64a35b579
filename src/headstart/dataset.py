"""Labelled photos made ready: listed, fingerprinted, looked at once by the frozen network."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.backbone import catalog, convert, weights
from headstart.backbone.catalog import Backbone
from headstart.backbone.choice import PHOTOS, Agreement, choose
from headstart.backbone.engine import OpenVinoEngine, Pixels
from headstart.backbone.graphs import Graph
from headstart.backbone.weights import Weights
from headstart.data import duplicates
from headstart.data.pixels import Unreadable, decode, read_image
from headstart.data.samples import Sample, Samples, scan
from headstart.errors import SourceError
from headstart.evaluation.metrics import Labels
from headstart.events import Listener, Notice
from headstart.findings import LeftOut
from headstart.options import Resize, TrainOptions
from headstart.store.files import printable


@dataclass(frozen=True)
class Listing:
    """Photos whose content is known, before any was decoded."""

    source: str
    samples: list[Sample]
    keys: list[str]
    classes: tuple[str, ...]
    left_out: list[LeftOut]
    ignored: int


def scan_with(source: str | Path, options: TrainOptions) -> Samples:
    """`scan`, read as the options say."""
    return scan(
        source,
        label_pattern=options.label_pattern,
        image_column=options.image_column,
        target=options.target,
        encoding=options.encoding,
        ignore=options.ignore,
    )


def list_photos(source: str | Path, options: TrainOptions) -> Listing:
    """Scan a source and fingerprint its files."""
    found = scan_with(source, options)
    keys, faults = features.fingerprint(found.items)
    known = [(sample, key) for sample, key in zip(found.items, keys, strict=True) if key]
    return Listing(
        found.source,
        [sample for sample, _ in known],
        [key for _, key in known],
        found.classes,
        [*found.left_out, *(LeftOut(found.items[i].name, why) for i, why in faults.items())],
        found.ignored,
    )


@dataclass(frozen=True)
class Network:
    """The frozen backbone, ready to run."""

    backbone: Backbone
    weights: Weights
    graph: Graph
    engine: OpenVinoEngine
    agreement: Agreement | None
    size: int
    resize: Resize


def load_network(options: TrainOptions, listing: Listing, listen: Listener) -> Network:
    """The backbone that the options name, on the engine that suits these photos."""
    backbone = catalog.find(options.backbone)
    size = options.size or backbone.size
    catalog.check_size(backbone, size)
    found = weights.resolve(backbone, options.weights, listen)
    graph = convert.graph(backbone, found, size, listen)

    def first_photos() -> Pixels:
        decoded = []
        for sample in listing.samples[:PHOTOS]:
            with suppress(Unreadable):
                decoded.append(decode(read_image(sample.path), size, options.resize))
        return np.stack(decoded) if decoded else np.zeros((0, size, size, 3), np.uint8)

    engine, agreement = choose(graph, options.precision, listing.keys[:PHOTOS], first_photos)
    return Network(backbone, found, graph, engine, agreement, size, options.resize)


@dataclass(frozen=True)
class Data:
    """Photos that could be read, with their features.

    Attributes:
        labels: int64 (n,), the class of each sample, an index into `classes`.
        features: float32 (n, n_features).
        clusters: int64 (n,), samples of one number are copies of one photo.
    """

    source: str
    samples: list[Sample]
    keys: list[str]
    classes: tuple[str, ...]
    labels: Labels
    features: NDArray[np.float32]
    clusters: NDArray[np.int64]
    left_out: list[LeftOut]
    ignored: int


def look_at(listing: Listing, network: Network, listen: Listener) -> Data:
    """Features of every photo that can be read.

    Raises:
        SourceError: a class has no such photo.
    """
    found = features.compute(
        listing.samples, listing.keys, network.engine, network.size, network.resize, listen
    )
    if found.damaged:
        listen(Notice(f"{found.damaged:,} damaged entries of the cache were computed again."))
    good = [i for i in range(len(listing.samples)) if i not in found.unreadable]
    samples = [listing.samples[i] for i in good]
    left_out = [LeftOut(listing.samples[i].name, why) for i, why in found.unreadable.items()]
    left_out = sorted([*listing.left_out, *left_out], key=lambda item: item.name)
    if left_out:
        listen(Notice(f"{len(left_out):,} files were left out; the report names each with why."))
    empty = sorted(set(listing.classes) - {sample.label for sample in samples})
    if empty:
        raise SourceError(
            f"No photo that can be read in {', '.join(map(repr, empty))}"
            + (f" ({left_out[0].name}: {left_out[0].reason})." if left_out else "."),
            where=printable(listing.source),
            mend="Add photos there, or take the class away.",
        )
    keys = [listing.keys[i] for i in good]
    number = {name: j for j, name in enumerate(listing.classes)}
    return Data(
        listing.source,
        samples,
        keys,
        listing.classes,
        np.array([number[sample.label] for sample in samples], np.int64),
        found.rows[good],
        duplicates.identical(keys),
        left_out,
        listing.ignored,
    )
