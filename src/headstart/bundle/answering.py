"""An open bundle that answers: photos or rows in, classes and probabilities out, without
TensorFlow."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.quiet_openvino import openvino
from headstart.bundle import archive
from headstart.bundle.archive import Archive
from headstart.bundle.doubt import Answer, Doubt
from headstart.bundle.locate import locate
from headstart.bundle.manifest import REFERENCE, Backboned, Network
from headstart.bundle.refusal import Refused
from headstart.bundle.shape_check import check_shapes
from headstart.by_rows import by_rows
from headstart.errors import ModelError, OptionError, SourceError
from headstart.evaluation.metrics import softmax
from headstart.events import Listener, nobody
from headstart.parallel import side_by_side
from headstart.store.files import printable

_PHOTOS = 1024  # whose features are kept at once

Photo = str | os.PathLike[str] | bytes


class Answering:
    """An open bundle that answers; see `classifier.Classifier`, which can do more.

    Attributes:
        classes: the names of the classes; column j of every array belongs to `classes[j]`.
        manifest: what the bundle says about itself.
    """

    def __init__(self, found: Archive) -> None:
        self.manifest = found.manifest
        self.members = found.members
        self._path = found.path
        self._engine: OpenVinoEngine | None = None
        self._doubting: Doubt | None = None

    @classmethod
    def open(cls, model: str | Path) -> Self:
        """Open a bundle file or a run folder, verified whole.

        Raises:
            ModelError: it is not a bundle, a damaged one, or of a backbone or a decode not known
                here.
        """
        path = locate(model)
        found = archive.read(path)
        _check_network(found.manifest.network, path)
        if found.manifest.task == "table":
            return cls(found)
        _check_decode(found.manifest.image.decode_version, path)
        return cls(found)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    def predict(self, samples: Any, *, encoding: str = "utf-8") -> list[str]:
        """The class of each photo or row; `unknown` where a classifier that was trained with
        `abstain_at` does not know. See `predict_proba`."""
        return [answer.label for answer in self.answer(samples, encoding=encoding)]

    def answer(self, samples: Any, *, encoding: str = "utf-8") -> list[Answer]:
        """`predict` with the probability, the nearest class, and why something is unknown."""
        if self.manifest.task == "table":
            made = self.predict_proba(samples, encoding=encoding)
            return self.doubt.answers(made, None, self.classes)
        _refuse_encoding(encoding)
        made, far, faults = self.try_answer(samples)
        refuse_faults(samples, faults)
        return self.doubt.answers(made, far, self.classes)

    def predict_proba(self, samples: Any, *, encoding: str = "utf-8") -> NDArray[np.float32]:
        """Probabilities, float32 (n, n_classes), rows sum to one.

        Args:
            samples: of photos a list of paths, or of the content of image files; of rows a
                polars or pandas frame, an Arrow table, a list of records, or the path of a file.
            encoding: of a CSV file, as for `train`.

        Raises:
            OptionError: a photo was given instead of a list of photos, or what is no table; or
                an encoding for what is no CSV file.
            SourceError: photos that cannot be read, or columns that are missing; all are named.
        """
        if self.manifest.task == "table":
            if not isinstance(samples, str | os.PathLike):
                _refuse_encoding(encoding)
                return self.of_rows(samples)
            parts = self.of_file(Path(samples), encoding=encoding)
            return np.concatenate([made for _, made in parts])
        _refuse_encoding(encoding)
        photos: Sequence[Photo] = samples
        rows, faults = self.try_predict(photos)
        refuse_faults(photos, faults)
        return rows

    def of_rows(self, given: Any, listen: Listener = nobody) -> NDArray[np.float32]:
        """`predict_proba` of rows that are in memory.

        Args:
            listen: is told of columns and values that were not trained on.
        """
        from headstart.bundle import rows  # polars takes 0.15 s

        frame, where = rows.frame_of(given)
        reader = rows.Reader(self.manifest.table, where)
        made = self.of_matrix(reader.matrix(frame))
        reader.tell(listen)
        return made

    def of_file(
        self, source: Path, listen: Listener = nobody, encoding: str = "utf-8"
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """`predict_proba` of the rows of a file, some at a time, with the number of each as a
        spreadsheet counts them.

        Args:
            listen: is told at the end of columns and values that were not trained on.
            encoding: of a text file, as for `train`.
        """
        from headstart.bundle import rows  # polars takes 0.15 s

        reader = rows.Reader(self.manifest.table, printable(os.fspath(source)))
        for part in rows.in_pieces(self.manifest.table, source, encoding):
            yield part.rows, self.of_matrix(reader.matrix(part.frame))
        reader.tell(listen)

    def of_matrix(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """`predict_proba` of rows as the network takes them, float32 (n, width)."""
        engine = self._open_engine()
        return by_rows(lambda rows: self._probabilities(engine.run(rows)), matrix, engine.parallel)

    def try_predict(self, photos: Sequence[Photo]) -> tuple[NDArray[np.float32], dict[int, str]]:
        """As `predict_proba`, with photos that cannot be read reported instead of raised.

        Returns:
            The probabilities, NaN for unreadable photos, and position → reason for those.
        """
        rows, _, faults = self._run(photos, 0)
        return rows, faults

    def try_answer(
        self, photos: Sequence[Photo]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, dict[int, str]]:
        """`try_predict` with the distances from the training photos between the two, float32
        (n,), NaN for unreadable photos; None where the classifier looks at none."""
        doubt = self.doubt
        if not doubt.needs_features:
            rows, _, faults = self._run(photos, 0)
            return rows, None, faults
        assert isinstance(self.manifest.network, Backboned)
        width = self.manifest.network.backbone.features
        rows = np.empty((len(photos), len(self.classes)), np.float32)
        far = np.empty(len(photos), np.float32)
        faults = {}
        refuse_one(photos, "photo")
        for i in range(0, len(photos), _PHOTOS):
            part = slice(i, i + _PHOTOS)
            rows[part], features, found = self._run(photos[part], width)
            far[part] = doubt.distances(features)
            faults |= {i + j: why for j, why in found.items()}
        return rows, far, faults

    @property
    def doubt(self) -> Doubt:
        """What is not answered."""
        if self._doubting is None:
            threshold, reference = self.manifest.threshold, None
            if threshold is not None and threshold.references:
                reference = self._tensors("weights")[REFERENCE]
            self._doubting = Doubt(threshold, reference)
        return self._doubting

    def _run(
        self, photos: Sequence[Photo], width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[int, str]]:
        """Probabilities, features (n, width), and position → reason for unreadable photos.

        Args:
            width: of the features; 0: they are not wanted.
        """
        from headstart.data.pixels import Unreadable, decode  # not for rows: it takes 0.1 s

        refuse_one(photos, "photo")
        image, engine = self.manifest.image, self._open_engine()
        rows = np.full((len(photos), len(self.classes)), np.nan, np.float32)
        features = np.full((len(photos), width), np.nan, np.float32)
        outputs = ("logits", "features") if width else ("logits",)
        faults: dict[int, str] = {}

        def one_batch(batch: range) -> None:
            pixels, good = [], []
            for i in batch:
                try:
                    pixels.append(decode(content_of(photos[i]), image.size, image.resize))
                    good.append(i)
                except Unreadable as fault:
                    faults[i] = fault.reason
            if pixels:
                logits, *more = engine.run_for(np.stack(pixels), *outputs)
                rows[good] = self._probabilities(logits)
                for each in more:
                    features[good] = each

        n, size = len(photos), engine.batch
        batches = [range(i, min(i + size, n)) for i in range(0, n, size)]
        for _ in side_by_side(one_batch, batches, engine.parallel):
            pass
        return rows, features, dict(sorted(faults.items()))

    def _tensors(self, entry: str) -> dict[str, NDArray[Any]]:
        """The arrays of a safetensors entry; none if the bundle has no such entry."""
        content = self.members.get(f"{entry}.safetensors")
        return safetensors.numpy.load(bytes(content)) if content is not None else {}

    def graph(self) -> "openvino.Model":
        """The network as an OpenVINO model, from `pixels` to `features` and `logits`.

        Raises:
            ModelError: it is none, or computes what the manifest does not say.
        """
        weights = openvino.Tensor(np.frombuffer(self.members["model.bin"], np.uint8))
        with archive.blaming(self._path, "model.xml"):
            try:
                model = openvino.Core().read_model(bytes(self.members["model.xml"]), weights)
                check_shapes(model, self.manifest.inputs(), self.manifest.outputs())
            except RuntimeError as error:
                raise Refused("OpenVINO cannot make a network of it.") from error
        return model

    def _open_engine(self) -> OpenVinoEngine:
        if self._engine is None:
            manifest = self.manifest
            digest = manifest.entries["model.bin"].sha256
            self._engine = OpenVinoEngine(self.graph(), digest, manifest.precision, "logits")
        return self._engine

    def _probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the softmax makes of logits, float32 (n, n_classes), calibrated."""
        return softmax(logits / (self.manifest.temperature or 1.0)).astype(np.float32)


def refuse_one(given: object, what: str) -> None:
    """Refuse one where a list is wanted; a text is a sequence too, of its letters, which nobody
    means."""
    if isinstance(given, str | bytes | os.PathLike):
        raise OptionError(f"This is one {what}, not a list of them.", mend=f"Give [{what}].")


def _refuse_encoding(encoding: str) -> None:
    if encoding != "utf-8":
        raise OptionError(
            "would do nothing: it is that of a CSV file.", where="encoding", mend="Leave it out."
        )


def refuse_faults(photos: Sequence[Photo], faults: dict[int, str]) -> None:
    """Refuse photos that cannot be read, all of them named."""
    if faults:
        named = [f"{_name(photos[i], i)}: {why}" for i, why in faults.items()]
        raise SourceError(
            f"Photos that cannot be read: {'; '.join(named)}.",
            mend="Leave these photos out.",
        )


def content_of(photo: Photo) -> bytes:
    """The content of the file of a photo.

    Raises:
        Unreadable: it cannot be read.
    """
    from headstart.data.pixels import read_image

    return photo if isinstance(photo, bytes) else read_image(os.fspath(photo))


def _name(photo: Photo, i: int) -> str:
    return f"photo {i}" if isinstance(photo, bytes) else printable(os.fspath(photo))


def _check_network(network: Network, path: Path) -> None:
    """Refuse a backbone that is not the one this headstart knows by that name."""
    if not isinstance(network, Backboned):
        return
    from headstart.backbone import catalog  # not for rows

    row = network.backbone
    try:
        known = catalog.find(row.name)
    except OptionError as error:
        fault = f"the backbone {row.name!r}, which is not known here"
        raise _not_known_here(path, fault) from error
    if row.cut != "features":
        raise _not_known_here(path, f"the layer {row.cut!r} of {row.name}, which is no cut here")
    if row.features != known.features:
        fault = f"{row.features:,} features of {row.name}, which has {known.features:,}"
        raise _not_known_here(path, fault)


def _check_decode(version: int, path: Path) -> None:
    """Refuse a bundle whose photos were decoded otherwise: other pixels, other answers."""
    from headstart.data.pixels import DECODE_VERSION

    if version != DECODE_VERSION:
        raise _not_known_here(path, f"decode_version {version}, which is not {DECODE_VERSION}")


def _not_known_here(path: Path, fault: str) -> ModelError:
    return ModelError(
        f"names {fault}.",
        where=f"{printable(str(path))}: manifest.json",
        mend="A newer headstart may have made it: pip install --upgrade headstart.",
    )
