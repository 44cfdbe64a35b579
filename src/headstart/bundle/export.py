"""A bundle written in other programs' formats, each loaded again by them and compared.

Keras' own forms are written here: the whole model with its compile state and optimizer, as
`.keras` or the older `.h5`; the weights alone; the architecture alone.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.engine import OpenVinoEngine, Pixels
from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import BUNDLE
from headstart.bundle.manifest import ImageInput, Manifest
from headstart.errors import HeadstartError, OptionError
from headstart.evaluation.metrics import softmax
from headstart.events import Listener, Notice, nobody
from headstart.store.files import printable
from headstart.store.target import made_beside, spare

Form = Literal["keras", "h5", "weights", "json"]

TOLERANCE = 1e-3
"""How far a probability may lie from the bundle's, both computed in float32."""

_ANSWERS_ALWAYS = (
    "This classifier says “unknown” where it does not know; Keras' forms hold no such rule: what "
    "is exported answers always."
)
_IMAGES = 16
_ENDED = 1e-7  # a learning rate below it moves nothing in float32


@dataclass(frozen=True)
class _Format:
    """A form of Keras'.

    Attributes:
        suffix: how the names of its files end.
        whole: it holds loss and optimizer too.
        state: Keras reads the optimizer's variables from it again.
        write: puts a model into a file.
        read: what plain Keras makes of that file; it may take what the file does not hold from
            the model that was written.
        call: how to load it, for people.
    """

    suffix: str
    whole: bool
    state: bool
    write: Callable[[Any, Path], None]
    read: Callable[[Any, Path], Any]
    call: str


@dataclass(frozen=True)
class Exported:
    """A file that was written and compared.

    Attributes:
        path: where it is.
        form: what it is.
        difference: the largest between its probabilities and the bundle's.
        call: the Python expression that loads it.
    """

    path: Path
    form: Form
    difference: float
    call: str


def ending(form: Form) -> str:
    """How the names of files of a form end."""
    return _FORMATS[form].suffix


def export(
    model: str | Path,
    form: Form,
    out: str | Path | None = None,
    *,
    force: bool = False,
    weights: str | None = None,
    listen: Listener = nobody,
) -> Exported:
    """Write a classifier as a file of Keras'.

    Args:
        model: a bundle or a run folder.
        out: the file; None: in this folder, named after the model.
        force: replace what is there.
        weights: the backbone's weight file, where it is neither in its package nor in Keras'
            cache.

    Raises:
        MissingError: TensorFlow, or the backbone's weights, are not here.
        OptionError: the form cannot hold this network.
        OutputError: something is there already, or the place refuses the write.
        HeadstartError: what was written gives other answers than the bundle. Nothing is left.
    """
    target = _FORMATS[form]
    path = _place(Path(model), out, target.suffix, force)
    classifier = Classifier.open(model)
    network = classifier.to_keras(weights, compiled=target.whole)
    if classifier.manifest.threshold is not None:
        listen(Notice(_ANSWERS_ALWAYS))
    for text in _warnings(classifier, network, target) if target.whole else ():
        listen(Notice(text))
    samples = _samples(classifier.manifest)
    with made_beside(path) as made, _quiet():
        target.write(network, made)
        try:
            again = target.read(network, made)
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"Keras cannot read this network from its own {target.suffix} "
                f"({' '.join(str(error).split())[:200]}).",
                where="--to",
                mend="Give --to keras.",
            ) from error
        _compare(network.weights, again.weights)
        if target.whole:
            _compare_training(network, again, state=target.state)
        found = np.asarray(again(samples, training=False))
        difference = float(np.abs(found - _answers(classifier, samples)).max())
        if not difference <= TOLERANCE:
            raise HeadstartError(
                f"The exported model gives other answers than the bundle (by {difference:.2g}, and "
                f"{TOLERANCE:g} is allowed).",
                mend="Nothing was kept. This should not happen: please report it.",
            )
    return Exported(path, form, difference, target.call.format(path=printable(str(path))))


def _warnings(classifier: Classifier, network: Any, target: _Format) -> Iterator[str]:
    """What whoever trains the whole model further must know."""
    if "optimizer.safetensors" not in classifier.members:
        yield (
            "The head was fitted by L-BFGS, which Keras does not have: the model is compiled with "
            "Adam, which begins anew."
        )
        return
    if not target.state:
        yield (
            f"Keras 3 can read no state of an optimizer from {target.suffix}: in training it would "
            "begin anew. --to keras keeps that state."
        )
    elif float(network.optimizer.learning_rate) < _ENDED:
        yield (
            "The learning rate has come to the end of its schedule: to train the model further, "
            "compile it again with another."
        )


def _place(model: Path, out: str | Path | None, suffix: str, force: bool) -> Path:
    """Where the file goes; Keras wants the right ending."""
    stem = model.resolve()
    name = stem.parent.name if stem.name == BUNDLE else stem.name if stem.is_dir() else stem.stem
    path = Path(f"{name}{suffix}") if out is None else Path(out)
    if not path.name.endswith(suffix):
        raise OptionError(
            f"Keras wants a name that ends in {suffix}.",
            where=f"--out {printable(str(path))}",
            mend="Name it so, or give another --to.",
        )
    spare(path, force)
    return path


def _samples(manifest: Manifest) -> Pixels | NDArray[np.float32]:
    """What to compare networks on: images, or rows as the network takes them."""
    if isinstance(manifest.input, ImageInput):
        return images(manifest.input.size)
    random, shape = np.random.default_rng(0), manifest.shape
    rows = random.standard_normal((_IMAGES, shape.width)).astype(np.float32)
    for place, buckets, _ in shape.embedded:
        rows[:, place] = np.arange(_IMAGES) % buckets
    return rows


def images(size: int) -> Pixels:
    """Images to compare networks on: noise, from nearly one colour to full contrast."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (_IMAGES, size, size, 3))
    contrast = np.linspace(0.1, 1, _IMAGES)[:, None, None, None]
    base = random.integers(0, 256, (_IMAGES, 1, 1, 3))
    mixed: Pixels = (contrast * noise + (1 - contrast) * base).astype(np.uint8)
    return mixed


def _answers(classifier: Classifier, samples: Pixels | NDArray[np.float32]) -> NDArray[np.float64]:
    """The bundle's probabilities in float32, whatever it predicts in."""
    manifest = classifier.manifest
    digest = manifest.entries["model.bin"].sha256
    engine = OpenVinoEngine(classifier.graph(), digest, "float32", "logits")
    return softmax(engine.run(samples) / (manifest.temperature or 1.0))


def _compare_training(network: Any, again: Any, *, state: bool) -> None:
    """A training must go on from what was read as from what was written."""
    _compare(network.trainable_weights, again.trainable_weights)
    for part in ("optimizer", "loss"):
        ours, theirs = getattr(network, part), getattr(again, part)
        if type(ours) is not type(theirs) or ours.get_config() != theirs.get_config():
            raise _differs(f"the {part}")
    if state:
        _compare(network.optimizer.variables, again.optimizer.variables)


def _compare(ours: Sequence[Any], theirs: Sequence[Any]) -> None:
    """Variables that were read must be those that were written, bit for bit.

    Raises:
        HeadstartError: it names the first that is not.
    """
    if len(ours) != len(theirs):
        raise _differs(f"{len(theirs)} variables where there were {len(ours)}")
    for mine, other in zip(ours, theirs, strict=True):
        if not np.array_equal(np.asarray(mine.value), np.asarray(other.value)):
            raise _differs(f"the variable {mine.path}")


def _differs(what: str) -> HeadstartError:
    return HeadstartError(
        f"What Keras reads back differs from what was written: {what}.",
        mend="Nothing was kept. This should not happen: please report it.",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keras warns of its older format; whoever asked for it knows."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _save(network: Any, path: Path) -> None:
    network.save(path)


def _save_older(network: Any, path: Path) -> None:
    """Without the optimizer's variables: Keras 3 builds the optimizer for none when it finds
    them, and `fit` then fails. Without them it is built when `fit` begins."""
    import h5py

    optimizer = network.optimizer
    fresh = type(optimizer).from_config(optimizer.get_config())
    network.compile(fresh, network.loss, metrics=["accuracy"])
    network.save(path)
    with h5py.File(path, "r+") as file:
        del file["optimizer_weights"]


def _save_weights(network: Any, path: Path) -> None:
    network.save_weights(path)


def _save_architecture(network: Any, path: Path) -> None:
    path.write_text(network.to_json(indent=1) + "\n", encoding="utf-8")


def _load(_: Any, path: Path) -> Any:
    from headstart.backbone.quiet_keras import keras

    return keras.models.load_model(path)


def _load_weights(network: Any, path: Path) -> Any:
    from headstart.backbone.quiet_keras import keras

    again = keras.models.model_from_json(network.to_json())
    again.load_weights(path)
    return again


def _load_architecture(network: Any, path: Path) -> Any:
    from headstart.backbone.quiet_keras import keras

    again = keras.models.model_from_json(path.read_text(encoding="utf-8"))
    again.set_weights(network.get_weights())
    return again


_FORMATS: dict[Form, _Format] = {
    "keras": _Format(".keras", True, True, _save, _load, 'keras.models.load_model("{path}")'),
    "h5": _Format(".h5", True, False, _save_older, _load, 'keras.models.load_model("{path}")'),
    "weights": _Format(
        ".weights.h5",
        False,
        False,
        _save_weights,
        _load_weights,
        'model.load_weights("{path}")',
    ),
    "json": _Format(
        ".json",
        False,
        False,
        _save_architecture,
        _load_architecture,
        'keras.models.model_from_json(open("{path}").read())',
    ),
}
