"""Any live Keras model of photos or rows as a bundle, proved on samples whose labels are known."""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from headstart.bundle.manifest import ColumnsInput, Figures, ImageInput, Manifest, Packaged
from headstart.bundle.refusal import Refused
from headstart.bundle.save import serialized
from headstart.bundle.shape_check import check_shapes
from headstart.by_rows import pieces
from headstart.data.pixels import DECODE_VERSION, Unreadable
from headstart.errors import HeadstartError, ModelError, OptionError, SourceError
from headstart.evaluation.metrics import Labels, softmax
from headstart.evaluation.trust import scores
from headstart.events import Listener, Notice, Progress, nobody
from headstart.options import Resize
from headstart.store.files import printable
from headstart.store.target import made_beside, spare

TOLERANCE = 1e-3
"""How far a probability of the bundle may lie from Keras'."""

_BATCH = 32
_AGAIN = 64  # samples that go the whole way once more through the written bundle


def package(
    model: Any,
    classes: Sequence[str],
    preprocessing: Any = None,
    validation: Any = None,
    *,
    columns: Sequence[str] | None = None,
    out: str | Path | None = None,
    gives: Gives | None = None,
    resize: Resize | None = None,
    force: bool = False,
    listen: Listener = nobody,
) -> Classifier:
    """Make a bundle of a live Keras model, so that headstart predicts, judges and serves with it.

    The preprocessing becomes part of the bundle, which takes photos and rows as they are.

    Args:
        model: a `keras.Model` with one input, square RGB photos or rows of numbers, and one output
            with a number for each class: logits or probabilities.
        classes: the names of the classes, in the order of the model's outputs.
        preprocessing: what the model was trained with. Of photos: `"none"` if it takes pixels from
            0 to 255; the name of a backbone (`headstart backbones` lists them), as `"vgg16"` or
            `"mobilenet"`; or (scale, offset), one number or three: pixel × scale + offset. Of rows:
            `"none"`, as by default; the scaler of scikit-learn that was fitted, as a
            `MinMaxScaler`; or (scale, offset), one number or one for each column.
        validation: the samples that prove it, whose labels are known: (x, y), y being integer (n,),
            one-hot (n, n_classes), or names. Of photos x is uint8 (n, size, size, 3), RGB from 0 to
            255, not preprocessed; labelled photos in any layout that `train` takes stand for both.
            Of rows x is a frame, a file, or float (n, width), not scaled; y may be the name of the
            column of the frame that holds the labels.
        columns: of a model of rows: the names of what it takes, in its order.
        out: the file; None: in this folder, named after the model.
        gives: "logits" or "probabilities", for a model whose last layer and values do not tell.
        resize: how a photo becomes a square; `squash` if nothing is said.
        force: replace the file that is there.
        listen: is told of progress and notices.

    Returns:
        The classifier, opened from the file. Its figures on `validation` are in its manifest.

    Raises:
        MissingError: TensorFlow is not installed.
        ModelError: the model is not as above, or has an operation that bundles do not take.
        OptionError: an argument is not as above.
        SourceError: the validation samples cannot be used.
        OutputError: the file is there already, or cannot be written.
        HeadstartError: OpenVINO does not compute what Keras computes. Nothing is left.
    """
    names = _distinct(classes, "classes", 2, 'in the order of the model\'s outputs: ["cat", "dog"]')
    path = Path(f"{getattr(model, 'name', 'model')}.headstart" if out is None else out)
    spare(path, force)
    if validation is None:
        raise OptionError(
            "Nothing is there to prove it by.", where="validation", mend="Give (x, y)."
        )
    if columns is None:
        proved = _by_photos(model, names, preprocessing, validation, gives, resize, listen)
    else:
        if resize is not None:
            raise OptionError("resize would do nothing: rows are no photos.", mend="Leave it out.")
        proved = _by_rows(model, names, preprocessing, validation, gives, columns, listen)
    found, answers = proved.found, proved.answers
    manifest = Manifest(
        task="image" if columns is None else "table",
        classes=names,
        input=proved.input,
        network=Packaged(name=model.name, preprocessing=proved.preprocessing),
        precision="float32",
        parameters=_count(model.weights),
        trainable_parameters=_count(model.trainable_weights),
        temperature=None,
        threshold=None,
        metrics={"validation": Figures.of(scores(proved.labels, answers, names))},
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
        _compare(Classifier.open(made).predict_proba(proved.again), answers[:_AGAIN])
    return Classifier.open(path)


@dataclass(frozen=True)
class _Proved:
    """A model that was read, and samples for which its graph gives what Keras gives.

    Attributes:
        input, preprocessing: for the manifest.
        labels: int64 (n,), numbers of classes.
        answers: Keras' probabilities, float64 (n, n_classes).
        again: the first `_AGAIN` of the samples, as predictions take them.
    """

    found: Foreign
    input: ImageInput | ColumnsInput
    preprocessing: str
    labels: Labels
    answers: NDArray[np.float64]
    again: Any


def _by_photos(
    model: Any,
    classes: Sequence[str],
    preprocessing: Rule | None,
    validation: Source,
    gives: Gives | None,
    resize: Resize | None,
    listen: Listener,
) -> _Proved:
    found = foreign.read(model, len(classes), preprocessing, gives)
    taken = ImageInput(size=found.size, resize=resize or "squash", decode_version=DECODE_VERSION)
    photos = evidence.gather(validation, classes, taken.size, taken.resize, listen)
    good, answers = _answers(found, photos, listen)
    files = [photos.photo(i) for i in good[:_AGAIN]]
    return _Proved(found, taken, found.preprocessing, photos.labels[good], answers, files)


def _by_rows(
    model: Any,
    classes: Sequence[str],
    preprocessing: Any,
    validation: Any,
    gives: Gives | None,
    columns: Sequence[str],
    listen: Listener,
) -> _Proved:
    from headstart.bundle import row_evidence  # polars takes 0.15 s

    names = _distinct(columns, "columns", 1, 'in the order of the model\'s input: ["age", "dose"]')
    found = foreign.read_of_rows(model, len(classes), len(names), gives)
    rows = row_evidence.gather(validation, classes, names, preprocessing)
    engine = OpenVinoEngine(found.graph, digest="", output="logits")
    n, answers = len(rows.labels), list[NDArray[np.float64]]()
    for piece in pieces(n):
        listen(Progress("packaging", piece.start, n))
        answers.append(found.probabilities(rows.matrix[piece]))
        _compare(softmax(engine.run(rows.matrix[piece])), answers[-1])
    listen(Progress("packaging", n, n))
    again = rows.frame.head(_AGAIN)
    return _Proved(
        found, rows.input, rows.preprocessing, rows.labels, np.concatenate(answers), again
    )


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


def _distinct(given: Sequence[str], what: str, least: int, order: str) -> tuple[str, ...]:
    """Names of classes or columns, checked."""
    names = () if isinstance(given, str) else tuple(given)
    if len(names) < least or not all(isinstance(name, str) and name for name in names):
        many = "two names or more" if least > 1 else "names"
        raise OptionError(
            f"{given!r} is no list of {many}.", where=what, mend=f"Give the names {order}."
        )
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise OptionError(
            f"Two {what} have the same name: {', '.join(twins)}.",
            where=what,
            mend="Give each a name of its own.",
        )
    return names


def _count(weights: Iterable[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def _versions() -> dict[str, str]:
    packages = ("headstart", "numpy", "pillow", "polars", "openvino", "keras")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
