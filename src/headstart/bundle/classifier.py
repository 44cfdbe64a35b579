"""A bundle that is open: photos in, classes and probabilities out, without TensorFlow."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from headstart.backbone import catalog
from headstart.backbone.catalog import Backbone
from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.quiet_openvino import openvino
from headstart.backbone.weights import Weights, resolve
from headstart.bundle import archive
from headstart.bundle.locate import locate
from headstart.bundle.manifest import BackboneRef, Manifest
from headstart.data.pixels import Unreadable, decode, read_image
from headstart.errors import ModelError, OptionError, SourceError
from headstart.evaluation.metrics import softmax
from headstart.evaluation.trust import scores
from headstart.parallel import side_by_side
from headstart.store.files import printable

if TYPE_CHECKING:
    import keras

Photo = str | os.PathLike[str] | bytes


class Classifier:
    """A finished classifier.

    Attributes:
        classes: the names of the classes; column j of every array belongs to `classes[j]`.
        manifest: what the bundle says about itself.
    """

    def __init__(self, manifest: Manifest, members: Mapping[str, memoryview]) -> None:
        self.manifest = manifest
        self.members = members
        self._engine: OpenVinoEngine | None = None

    @classmethod
    def open(cls, model: str | Path) -> Self:
        """Open a bundle file or a run folder, verified whole.

        Raises:
            ModelError: it is not a bundle, a damaged one, or of a backbone not known here.
        """
        path = locate(model)
        found = archive.read(path)
        _check_backbone(found.manifest.backbone, path)
        return cls(found.manifest, found.members)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def backbone(self) -> Backbone:
        """The row of the frozen network."""
        return catalog.find(self.manifest.backbone.name)

    def predict(self, photos: Sequence[Photo]) -> list[str]:
        """The most probable class of each photo; see `predict_proba`."""
        return [self.classes[j] for j in self.predict_proba(photos).argmax(axis=1)]

    def predict_proba(self, photos: Sequence[Photo]) -> NDArray[np.float32]:
        """Probabilities, float32 (n, n_classes), rows sum to one.

        Args:
            photos: paths, or the content of image files.

        Raises:
            SourceError: photos that cannot be read; all of them are named.
        """
        rows, faults = self.try_predict(photos)
        if faults:
            named = [f"{_name(photos[i], i)}: {why}" for i, why in faults.items()]
            raise SourceError(
                f"Photos that cannot be read: {'; '.join(named)}.",
                mend="Leave these photos out.",
            )
        return rows

    def try_predict(self, photos: Sequence[Photo]) -> tuple[NDArray[np.float32], dict[int, str]]:
        """As `predict_proba`, with photos that cannot be read reported instead of raised.

        Returns:
            The probabilities, NaN for unreadable photos, and position → reason for those.
        """
        image, engine = self.manifest.image, self._open_engine()
        rows = np.full((len(photos), len(self.classes)), np.nan, np.float32)
        faults: dict[int, str] = {}

        def one_batch(batch: range) -> None:
            pixels, good = [], []
            for i in batch:
                try:
                    pixels.append(decode(_content(photos[i]), image.size, image.resize))
                    good.append(i)
                except Unreadable as fault:
                    faults[i] = fault.reason
            if pixels:
                rows[good] = self._probabilities(engine.run(np.stack(pixels)))

        n, size = len(photos), engine.batch
        batches = [range(i, min(i + size, n)) for i in range(0, n, size)]
        for _ in side_by_side(one_batch, batches, engine.parallel):
            pass
        return rows, dict(sorted(faults.items()))

    def evaluate(self, photos: Sequence[Photo], labels: Sequence[str]) -> dict[str, Any]:
        """The scores of `metrics.json` on photos whose labels are known.

        Raises:
            SourceError: a photo cannot be read, or a label is none of the classes.
        """
        self.check_labels(labels)
        true = np.array([self.classes.index(label) for label in labels], np.int64)
        return scores(true, self.predict_proba(photos), self.classes)

    def check_labels(self, labels: Iterable[str]) -> None:
        """Refuse labels that are none of the classes.

        Raises:
            SourceError: it names them.
        """
        unknown = sorted(set(labels) - set(self.classes))
        if unknown:
            raise SourceError(
                f"Labels that this classifier does not know: {', '.join(unknown)}.",
                mend=f"It knows {', '.join(self.classes)}.",
            )

    def to_keras(self, weights: str | None = None) -> "keras.Model":
        """The whole network as a Keras model: the backbone with a softmax Dense on it.

        Args:
            weights: the backbone's weight file, where it is neither in its package nor in
                Keras' cache.

        Raises:
            MissingError: TensorFlow, or the backbone's weights, are not here.
        """
        from headstart.backbone.networks import keras_model
        from headstart.backbone.quiet_keras import keras

        row = self.manifest.backbone
        found = _same_weights(self.backbone, row.weights, weights)
        base = keras_model(self.backbone, found, row.size)
        kept = safetensors.numpy.load(bytes(self.members["weights.safetensors"]))
        scale = 1 / (self.manifest.temperature or 1.0)
        dense = keras.layers.Dense(len(self.classes), activation="softmax", name="predictions")
        model = keras.Model(base.input, dense(base.output), name="classifier")
        dense.set_weights([kept["head.kernel"] * scale, kept["head.bias"] * scale])
        return model

    def graph(self) -> "openvino.Model":
        """The network as an OpenVINO model, from `pixels` to `features` and `logits`."""
        weights = openvino.Tensor(np.frombuffer(self.members["model.bin"], np.uint8))
        return openvino.Core().read_model(bytes(self.members["model.xml"]), weights)

    def _open_engine(self) -> OpenVinoEngine:
        if self._engine is None:
            manifest = self.manifest
            digest = manifest.entries["model.bin"].sha256
            self._engine = OpenVinoEngine(self.graph(), digest, manifest.precision, "logits")
        return self._engine

    def _probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        return softmax(logits / (self.manifest.temperature or 1.0)).astype(np.float32)


def load(model: str | Path) -> Classifier:
    """Open a bundle file or a run folder; see `Classifier.open`."""
    return Classifier.open(model)


def _content(photo: Photo) -> bytes:
    return photo if isinstance(photo, bytes) else read_image(os.fspath(photo))


def _name(photo: Photo, i: int) -> str:
    return f"photo {i}" if isinstance(photo, bytes) else printable(os.fspath(photo))


def _check_backbone(row: BackboneRef, path: Path) -> None:
    """Refuse a backbone that is not the one this headstart knows by that name."""
    try:
        known = catalog.find(row.name)
    except OptionError as error:
        fault = f"the backbone {row.name!r}, which is not known here"
        raise _foreign_backbone(path, fault) from error
    if row.cut != "features":
        raise _foreign_backbone(path, f"the layer {row.cut!r} of {row.name}, which is no cut here")
    if row.features != known.features:
        fault = f"{row.features:,} features of {row.name}, which has {known.features:,}"
        raise _foreign_backbone(path, fault)


def _foreign_backbone(path: Path, fault: str) -> ModelError:
    return ModelError(
        f"names {fault}.",
        where=f"{printable(str(path))}: manifest.json",
        mend="A newer headstart may have made it: pip install --upgrade headstart.",
    )


def _same_weights(backbone: Backbone, digest: str, given: str | None) -> Weights:
    """The weights that a bundle was made with, found again."""
    if digest.startswith("random-"):
        return Weights(None, digest)
    found = resolve(backbone, given)
    if found.digest != digest:
        raise ModelError(
            f"holds other weights of {backbone.name} than the bundle was made with.",
            where=printable(str(found.path)),
            mend="Give the file with the SHA-256 " + digest + ".",
        )
    return found
