"""Labelled photos made ready: listed, fingerprinted, looked at once by the frozen network."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headstart import features, looks
from headstart.backbone import catalog, convert, networks, weights
from headstart.backbone.accelerator import gpus
from headstart.backbone.catalog import Backbone
from headstart.backbone.choice import Agreement, choose, drawn_photos
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
from headstart.data import augment, duplicates, split
from headstart.data.decisions import Decided, decided
from headstart.data.labelled import Divided, Labelled
from headstart.data.pixels import Unreadable, decode, read_image
from headstart.data.samples import Sample, Samples, refuse_one_class, scan
from headstart.errors import SourceError, few
from headstart.events import Listener, Notice, nobody
from headstart.features import View
from headstart.findings import LeftOut
from headstart.options import Division, Layout, Resize, TrainOptions
from headstart.store.files import key_of, printable

BY_DECISION = "left out by decision"


@dataclass(frozen=True)
class Photos(Labelled):
    """Labelled photos of known content, sorted by name; `keys` are SHA-256 of their files.

    Attributes:
        files: where each lies.
        shapes: width and height of each in pixels.
        decided: what was decided about doubtful labels; it is done already.
    """

    files: Sequence[Sample]
    shapes: Sequence[tuple[int, int]]
    decided: Decided = field(default_factory=Decided)

    noun: ClassVar[str] = "photo"

    @classmethod
    def of(cls, found: Samples, prints: features.Prints) -> "Photos":
        """What a scan found."""
        return cls(
            source=found.source,
            names=[item.name for item in found.items],
            labels=[item.label for item in found.items],
            given=[item.split for item in found.items],
            keys=prints.keys,
            classes=found.classes,
            left_out=found.left_out,
            ignored=found.ignored,
            files=found.items,
            shapes=prints.shapes,
        )

    def but(self, unreadable: Mapping[int, str]) -> "Photos":
        """The same but for samples that could not be read: number of the sample → why."""
        good = [i for i in range(len(self)) if i not in unreadable]
        out = [LeftOut(self.names[i], why) for i, why in unreadable.items()]
        return replace(
            self,
            names=[self.names[i] for i in good],
            labels=[self.labels[i] for i in good],
            given=[self.given[i] for i in good],
            keys=[self.keys[i] for i in good],
            files=[self.files[i] for i in good],
            shapes=[self.shapes[i] for i in good],
            left_out=sorted([*self.left_out, *out], key=lambda item: item.name),
        )

    def without(self, unreadable: Mapping[int, str]) -> "Photos":
        """`but`, in training.

        Raises:
            SourceError: a class would have none left. Classes never vanish without a word,
                for with them the numbers of the others would shift.
        """
        left = self.but(unreadable)
        empty = sorted(set(self.classes) - set(left.labels))
        if empty:
            example = next(
                (
                    f" ({self.names[i]}: {why})"
                    for i, why in unreadable.items()
                    if self.labels[i] == empty[0]
                ),
                "",
            )
            raise SourceError(
                f"No photo that can be read in {', '.join(map(repr, empty))}{example}.",
                where=printable(self.source),
                mend="Add photos there, or take the class away."
                if not self.decided.found
                else "Add photos there, or decide to leave fewer of it out.",
            )
        return left


def scan_with(source: str | Path, options: Layout, listen: Listener = nobody) -> Samples:
    """`scan`, as the options say."""
    of_photos = Layout.model_fields.keys() - {"drop_unlabelled", "most_rows"}
    layout = {name: getattr(options, name) for name in of_photos}
    group = options.group if isinstance(options, Division) else None
    return scan(source, **layout, group=group, listen=listen)


def list_photos(
    source: str | Path, options: Layout, listen: Listener = nobody, *, to_train: bool = False
) -> Photos:
    """Scan a source and fingerprint its files.

    Args:
        to_train: there must be two classes or more.
    """
    found = scan_with(source, options, listen)
    if to_train:
        refuse_one_class(found)
    prints = features.fingerprint(found.items)
    photos = Photos.of(found, prints).without(prints.faults)
    files = options.decisions if isinstance(options, Division) else ()
    return _by_decisions(photos, files, listen) if files else photos


def _by_decisions(photos: Photos, files: Sequence[str], listen: Listener) -> Photos:
    """The photos as lists of decisions want them.

    Raises:
        SourceError: as `decisions.decided`; or a class would have none left.
    """
    made = decided(files, photos.names, photos.keys, photos.classes)
    if made.idle:
        many = f"{len(made.idle):,} of the decisions fit no photo that is there"
        listen(Notice(f"{many} ({few([*map(printable, made.idle)])})."))
    labels = [
        made.found[name].label if made.what(name) == "relabel" else label
        for name, label in zip(photos.names, photos.labels, strict=True)
    ]
    out = [i for i, name in enumerate(photos.names) if made.what(name) == "leave out"]
    left = {label for i, label in enumerate(labels) if i not in {*out}}
    if empty := [label for label in photos.classes if label not in left]:
        raise SourceError(
            f"the decisions leave no photo in {', '.join(map(repr, empty))}.",
            where=", ".join(printable(file) for file in files),
            mend="Keep some of each class, or take its folder away.",
        )
    gone = dict.fromkeys(out, BY_DECISION)
    return replace(photos, labels=labels, decided=made).without(gone)


@dataclass(frozen=True)
class Looked(Divided):
    """Photos that can be decoded, on their sides.

    Attributes:
        plain: bool (n,), which are of one shade.
    """

    samples: Photos
    plain: NDArray[np.bool_]


def parted(photos: Photos, options: Division, listen: Listener = nobody) -> Looked:
    """Photos on their sides: those that show one picture, or are of one group, on the same.

    Raises:
        OptionError, SourceError: as `split.divide`; or a class has no photo that can be read.
    """
    seen = looks.known(photos.keys)
    if seen is None:
        grey = looks.pictures(photos.files, photos.keys, listen)
        if grey.unreadable:
            photos = photos.without(grey.unreadable)
            grey = looks.pictures(photos.files, photos.keys, listen)
        seen = looks.seen(photos.keys, photos.shapes, grey.rows)
    place = {key: i for i, key in enumerate(photos.keys)}
    plain = np.array([key in seen.plain for key in photos.keys], np.bool_)
    same = ((place[a], place[b]) for a, b in seen.pairs)
    clusters = duplicates.joined(duplicates.identical(photos.keys), same)
    first: dict[str, int] = {}
    groups = [file.group for file in photos.files]
    shared = ((i, first.setdefault(group, i)) for i, group in enumerate(groups) if group)
    together = duplicates.joined(clusters, shared)
    return Looked(photos, clusters, split.divide(photos, together, options), together, plain)


@dataclass(frozen=True)
class Network:
    """The backbone, ready to run with the weights that it begins with.

    A network that is trained from nothing has neither graph nor engine: what it would make of
    photos tells nothing.
    """

    backbone: Backbone
    weights: Weights
    graph: Graph | None
    engine: Engine | None
    agreement: Agreement | None
    size: int
    resize: Resize


def load_network(
    options: TrainOptions, files: Sequence[Sample], keys: Sequence[str], listen: Listener = nobody
) -> Network:
    """The backbone that the options name, on the engine that suits these photos."""
    backbone = catalog.find(options.backbone)
    size = options.size or backbone.size
    catalog.check_size(backbone, size)
    if backbone.scratch:
        found = weights.resolve(backbone, options.weights or f"random-{options.seed}")
        return Network(backbone, found, None, None, None, size, options.resize)
    found = weights.resolve(backbone, options.weights, listen)
    graph = convert.graph(backbone, found, size, listen)

    drawn = drawn_photos(keys)

    def some_photos() -> Pixels:
        decoded = []
        for i in drawn:
            with suppress(Unreadable):
                decoded.append(decode(read_image(files[i].path), size, options.resize))
        return np.stack(decoded) if decoded else np.zeros((0, size, size, 3), np.uint8)

    on_gpu = bool(gpus())

    def engine_of(precision: Floats) -> Engine:
        if on_gpu:
            return KerasEngine(networks.keras_model(backbone, found, size), graph.digest)
        return OpenVinoEngine(graph.read(), graph.digest, precision)

    drawn_keys = " ".join(keys[i] for i in drawn)
    checked = key_of(pixels=features.pixels_key(size, options.resize), files=drawn_keys)
    engine, agreement = choose(
        engine_of,
        options.precision,
        some_photos,
        checked,
        bfloat16=not on_gpu and has_bfloat16(),
    )
    return Network(backbone, found, graph, engine, agreement, size, options.resize)


def views(options: TrainOptions) -> list[View]:
    """The random views of each training photo that are trained on beside it."""
    count = (2 if augment.key(options) else 0) if options.views is None else options.views
    return [View(options, number, options.seed) for number in range(count)]


@dataclass(frozen=True)
class Data(Looked):
    """Photos with their features.

    Attributes:
        features: float32 (n, n_features); zero for photos that take no part.
    """

    features: NDArray[np.float32]


def look_at(photos: Photos, network: Network, options: Division, listen: Listener) -> Data:
    """Divide photos, and look at those that take part; the features of the others are zero.

    Where a photo cannot be read, the others are divided anew. From a network without an engine
    the features are (n, 0).

    Raises:
        OptionError, SourceError: as `split.divide`; or a class has no photo that can be read.
    """
    while True:
        parts = parted(photos, options, listen)
        photos = parts.samples
        used = np.flatnonzero(parts.sides != "unused")
        found = _seen(photos, used, network, listen)
        if not found.unreadable:
            rows = found.rows
            if len(used) < len(photos):
                rows = np.zeros((len(photos), *found.rows.shape[1:]), found.rows.dtype)
                rows[used] = found.rows
            break
        photos = photos.without({int(used[i]): why for i, why in found.unreadable.items()})
        if len(used) == len(parts.sides):  # nothing is left that another division could draw
            rows = _without(found.rows, found.unreadable)
            parts = parted(photos, options, listen)
            break
    if photos.left_out:
        listen(Notice(f"{len(photos.left_out):,} left out; the report names each and says why."))
    return Data(photos, parts.clusters, parts.sides, parts.together, parts.plain, rows)


def _seen(
    photos: Photos, numbers: NDArray[np.int64], network: Network, listen: Listener
) -> features.Features:
    """The features of the numbered photos."""
    if network.engine is None:  # whether they can be read is known
        return features.Features(np.zeros((len(numbers), 0), np.float32))
    work = [photos.files[i] for i in numbers], [photos.keys[i] for i in numbers]
    return features.compute(*work, network.engine, network.size, network.resize, listen)


def _without(rows: NDArray[np.float32], gone: Collection[int]) -> NDArray[np.float32]:
    """The rows but some, moved together where they lie: there may be no room for a copy."""
    if not gone:
        return rows
    kept = [i for i in range(len(rows)) if i not in gone]
    for to, i in enumerate(kept):
        rows[to] = rows[i]
    return rows[: len(kept)]
