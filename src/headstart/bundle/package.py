"""Any live Keras model of photos as a bundle, proved on photos whose labels are known."""

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from headstart.backbone.engine import OpenVinoEngine
from headstart.bundle import archive, evidence, foreign
from headstart.bundle.classifier import Classifier
from headstart.bundle.evidence import Evidence, Source
from headstart.bundle.foreign import Foreign, Gives, Rule
from headstart.bundle.graph_check import check_graph
from headstart.bundle.manifest import Figures, ImageInput, Manifest, Packaged
from headstart.bundle.refusal import Refused
from headstart.bundle.save import serialized
from headstart.bundle.shape_check import check_shapes
from headstart.data.pixels import DECODE_VERSION, Unreadable
from headstart.errors import HeadstartError, ModelError, OptionError, SourceError
from headstart.evaluation.metrics import softmax
from headstart.evaluation.trust import scores
from headstart.events import Listener, Notice, Progress, nobody
from headstart.options import Resize
from headstart.store.files import printable
from headstart.store.target import made_beside, spare

TOLERANCE = 1e-3
"""How far a probability of the bundle may lie from Keras'."""

_BATCH = 32
_AGAIN = 64  # photos that go the whole way once more through the written bundle


def package(
    model: Any,
    classes: Sequence[str],
    preprocessing: Rule,
    validation: Source,
    *,
    out: str | Path | None = None,
    gives: Gives | None = None,
    resize: Resize = "squash",
    force: bool = False,
    listen: Listener = nobody,
) -> Classifier:
    """Make a bundle of a live Keras model, so that headstart predicts, judges and serves with it.

    The preprocessing becomes part of the network: the bundle takes photos as they are.

    Args:
        model: a `keras.Model` with one input of square RGB photos, and one output with a number
            for each class: logits or probabilities.
        classes: the names of the classes, in the order of the model's outputs.
        preprocessing: what the model was trained with: `"none"` if it takes pixels from 0 to
            255; the name of a backbone (`headstart backbones` lists them), as `"vgg16"` or
            `"mobilenet"`; or (scale, offset), one number or three: pixel × scale + offset.
        validation: the photos that prove it, whose labels are known: (x, y) with x uint8
            (n, size, size, 3), RGB from 0 to 255, not preprocessed, and y integer (n,), one-hot
            (n, n_classes), or names; or labelled photos in any layout that `train` takes.
        out: the file; None: in this folder, named after the model.
        gives: "logits" or "probabilities", for a model whose last layer and values do not tell.
        resize: how a photo becomes a square.
        force: replace the file that is there.
        listen: is told of progress and notices.

    Returns:
        The classifier, opened from the file. Its figures on `validation` are in its manifest.

    Raises:
        MissingError: TensorFlow is not installed.
        ModelError: the model is not as above, or has an operation that bundles do not take.
        OptionError: an argument is not as above.
        SourceError: the validation photos cannot be used.
        OutputError: the file is there already, or cannot be written.
        HeadstartError: OpenVINO does not compute what Keras computes. Nothing is left.
    """
    names = _distinct(classes)
    path = Path(f"{getattr(model, 'name', 'model')}.headstart" if out is None else out)
    spare(path, force)
    found = foreign.read(model, len(names), preprocessing, gives)
    photos = evidence.gather(validation, names, found.size, resize, listen)
    good, answers = _answers(found, photos, listen)
    manifest = Manifest(
        task="image",
        classes=names,
        input=ImageInput(size=found.size, resize=resize, decode_version=DECODE_VERSION),
        network=Packaged(name=model.name, preprocessing=found.preprocessing),
        precision="float32",
        parameters=_count(model.weights),
        trainable_parameters=_count(model.trainable_weights),
        temperature=None,
        threshold=None,
        metrics={"validation": Figures.of(scores(photos.labels[good], answers, names))},
        split_sha256=None,
        versions=_versions(),
    )
    with made_beside(path) as made:
        xml, weights = serialized(found.graph, made.parent)
        _check(found, manifest, xml, len(weights))
        nothing = safetensors.numpy.save({})
        archive.write(
            made,
            manifest,
            {"model.xml": xml, "model.bin": weights, "weights.safetensors": nothing},
        )
        files = [photos.photo(i) for i in good[:_AGAIN]]
        _compare(Classifier.open(made).predict_proba(files), answers[:_AGAIN])
    return Classifier.open(path)


def _answers(
    found: Foreign, photos: Evidence, listen: Listener
) -> tuple[list[int], NDArray[np.float64]]:
    """What the model says of the photos, proved to be what its graph says.

    Returns:
        The numbers of the photos that can be read, and Keras' probabilities, a row for each.
    """
    engine = OpenVinoEngine(found.graph, digest="", output="logits")
    n, good, rows, faults = len(photos.labels), list[int](), [], list[str]()
    for start in range(0, n, _BATCH):
        listen(Progress("packaging", start, n))
        pixels = []
        for i in range(start, min(start + _BATCH, n)):
            try:
                pixels.append(photos.pixels(i))
                good.append(i)
            except Unreadable as fault:
                faults.append(f"{photos.photo(i)!s}: {fault.reason}")
        if pixels:
            batch = np.stack(pixels)
            rows.append(found.probabilities(batch))
            _compare(softmax(engine.run(batch)), rows[-1])
    listen(Progress("packaging", n, n))
    if not rows:
        raise SourceError("No photo of it can be read.", where="validation", mend="Give others.")
    if faults:
        listen(Notice(f"{len(faults):,} photos left out, such as {printable(faults[0])}."))
    return good, np.concatenate(rows)


def _compare(ours: NDArray[Any], theirs: NDArray[Any]) -> None:
    difference = float(np.abs(ours - theirs).max())
    if not difference <= TOLERANCE:
        raise HeadstartError(
            f"The bundle gives other answers than Keras (by {difference:.2g}, and {TOLERANCE:g} is "
            "allowed).",
            mend="Nothing was kept. Please report it, with the layers of the model.",
        )


def _check(found: Foreign, manifest: Manifest, xml: bytes, weights: int) -> None:
    """Refuse what no bundle may hold before one is written.

    Raises:
        ModelError: it names the operation.
    """
    inputs, outputs = manifest.inputs(), manifest.outputs()
    try:
        check_graph(xml, weights, inputs=inputs, outputs=outputs)
        check_shapes(found.graph, inputs, outputs)
    except Refused as refusal:
        raise ModelError(
            f"As a graph it is nothing that a bundle may hold: {refusal.reason}",
            where=found.network.name,
            mend="Replace the Keras layer that needs it; convolutions, pooling, dense layers, "
            "normalizations and the usual activations are taken.",
        ) from refusal


def _distinct(classes: Sequence[str]) -> tuple[str, ...]:
    """The names of the classes, checked."""
    names = () if isinstance(classes, str) else tuple(classes)
    if len(names) < 2 or not all(isinstance(name, str) and name for name in names):
        raise OptionError(
            f"{classes!r} is no list of two names or more.",
            where="classes",
            mend='Give the names in the order of the model\'s outputs: ["cat", "dog"].',
        )
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise OptionError(
            f"Two classes have the same name: {', '.join(twins)}.",
            where="classes",
            mend="Give each a name of its own.",
        )
    return names


def _count(weights: Iterable[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def _versions() -> dict[str, str]:
    packages = ("headstart", "numpy", "pillow", "openvino", "keras")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
