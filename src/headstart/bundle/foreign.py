"""A Keras model of the user's own as a graph to logits, from pixels or columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbone import catalog, convert
from headstart.backbone.catalog import Preprocessing
from headstart.backbone.quiet_openvino import openvino, ops
from headstart.bundle.export import images
from headstart.errors import ModelError, OptionError
from headstart.evaluation.metrics import softmax

if TYPE_CHECKING:
    from openvino import Model, Output

Gives = Literal["logits", "probabilities"]
Numbers = float | Sequence[float]
Rule = str | tuple[Numbers, Numbers]

_SIZES = range(1, 1025)  # as many pixels as a manifest takes
_TO_ONE = 1e-3  # how far from one the probabilities of a photo may sum
_PHOTO = "(224, 224, 3)"  # for people, who give it to `keras.Input`
_SAMPLES = 16


@dataclass(frozen=True)
class Foreign:
    """A model that was read.

    Attributes:
        network: a `keras.Model`: the preprocessing of photos, then the user's model.
        graph: the same for OpenVINO: `pixels`, uint8 (n, size, size, 3), or `columns`, float32
            (n, width), to `logits`, float32 (n, n_classes).
        gives: what the user's model gives.
        shape: of what it takes of a sample: (size, size, 3) or (width,).
        preprocessing: of photos, in words.
    """

    network: Any
    graph: "Model"
    gives: Gives
    shape: tuple[int, ...]
    preprocessing: str

    @property
    def size(self) -> int:
        """Height and width of the photos in pixels."""
        return self.shape[0]

    def probabilities(self, samples: NDArray[Any]) -> NDArray[np.float64]:
        """What Keras makes of photos or rows, float64 (n, n_classes)."""
        values = _run(self.network, samples)
        return softmax(values) if self.gives == "logits" else values


def read(
    model: Any, n_classes: int, preprocessing: Rule | None, gives: Gives | None = None
) -> Foreign:
    """Read a Keras model of photos.

    Args:
        preprocessing: see `package`.
        gives: what the model gives, for one that does not show it.

    Raises:
        MissingError: TensorFlow is not installed.
        ModelError: it is no Keras model, or not one of photos and of so many classes.
        OptionError: there is no such preprocessing; or the model does not show what it gives.
    """
    from headstart.backbone.preprocessing import prepared
    from headstart.backbone.quiet_keras import keras

    size = _size(model)
    _check_classes(model, n_classes)
    if preprocessing is None:
        raise OptionError(
            "Nothing says what photos went through before the model saw them.",
            where="preprocessing",
            mend='Give "none", the name of a backbone, or (scale, offset).',
        )
    rule, words = _rule(preprocessing)
    pixels = keras.Input((size, size, 3), name="pixels")
    network = keras.Model(pixels, model(prepared(pixels, rule)), name=model.name)
    return _made(network, convert.traced(network, "answers"), gives, images(size), words)


def read_of_rows(model: Any, n_classes: int, width: int, gives: Gives | None = None) -> Foreign:
    """Read a Keras model of rows of so many numbers.

    Raises:
        MissingError, ModelError, OptionError: as `read`; or it takes another number of columns.
    """
    from headstart.backbone.quiet_keras import keras  # isort: skip  it quiets TensorFlow
    import tensorflow

    like = f"({width},)"
    shape = _input_shape(model, like)
    if len(shape) != 1 or shape[0] is None:
        raise ModelError(
            f"It takes {_sides(shape)}, and no row of numbers.", where=model.name, mend=_mend(like)
        )
    if shape[0] != width:
        raise OptionError(
            f"{model.name} takes {shape[0]} columns, and {width} are named.",
            where="columns",
            mend="Name those that the model was trained on, in their order.",
        )
    _check_classes(model, n_classes)
    columns = keras.Input((width,), name="columns")
    network = keras.Model(columns, model(columns), name=model.name)
    spec = tensorflow.TensorSpec((None, width), tensorflow.float32, name="columns")
    graph = convert.as_graph(
        lambda columns: [network(columns, training=False)], [spec], ["answers"], model.name
    )
    random = np.random.default_rng(0)
    samples = random.standard_normal((_SAMPLES, width)).astype(np.float32)
    return _made(network, graph, gives, samples, "none")


def _made(
    network: Any, graph: "Model", gives: Gives | None, samples: NDArray[Any], words: str
) -> Foreign:
    """A model that was read, its graph ending in logits.

    Args:
        samples: some that it takes, to see what it gives.
    """
    end = graph.output("answers").node.input_value(0)
    if end.get_node().get_type_name() in ("Softmax", "LogSoftmax"):  # it takes the logits
        shown: Gives = "probabilities" if end.get_node().get_type_name() == "Softmax" else "logits"
        end = end.get_node().input_value(0)
    else:
        shown = gives or _shown(network, samples)
        if shown == "probabilities":  # whose logarithms are logits
            least = ops.constant(np.array([[np.finfo(np.float32).tiny]], np.float32))
            end = ops.log(ops.maximum(end, least)).output(0)
    return Foreign(network, _ending_in(end, graph), shown, samples.shape[1:], words)


def _mend(like: str) -> str:
    return f"Give a model whose one input is as keras.Input({like})."


def _input_shape(model: Any, like: str) -> tuple[int | None, ...]:
    """Of what a model takes of a sample.

    Args:
        like: such a shape, for people.
    """
    from headstart.backbone.quiet_keras import keras

    if not isinstance(model, keras.Model):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise ModelError(
            f"This is a {kind}, and not a keras.Model.", mend="Give a model of Keras 3."
        )
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise ModelError(
            "It does not tell what it takes: it was not built, or runs code of its own.",
            where=model.name,
            mend=f"Put it behind an input: x = keras.Input({like}), then keras.Model(x, model(x)).",
        )
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs)
        raise ModelError(
            f"It has {len(inputs)} inputs: {names}.", where=model.name, mend=_mend(like)
        )
    return tuple(inputs[0].shape[1:])


def _sides(shape: tuple[int | None, ...]) -> str:
    return " × ".join("any" if side is None else str(side) for side in shape)


def _size(model: Any) -> int:
    """Height and width of the photos that a model takes."""
    shape = _input_shape(model, _PHOTO)
    if len(shape) == 1:
        raise ModelError(
            f"It takes {_sides(shape)} columns, which have no names.",
            where=model.name,
            mend='Name them in its order: columns=["age", "dose"].',
        )
    if len(shape) != 3 or shape[2] != 3 or shape[0] != shape[1] or shape[0] not in _SIZES:
        raise ModelError(
            f"It takes {_sides(shape)}; photos are RGB and square, of a fixed size up to "
            f"{_SIZES[-1]:,}: n × n × 3.",
            where=model.name,
            mend=_mend(_PHOTO),
        )
    assert shape[0] is not None
    return shape[0]


def _check_classes(model: Any, n_classes: int) -> None:
    """A model must give a number for each class, and nothing else."""
    if len(model.outputs) != 1:
        names = ", ".join(model.output_names)
        raise ModelError(
            f"It has {len(model.outputs)} outputs: {names}.",
            where=model.name,
            mend="Give a model with the classes as its one output: keras.Model(model.input, …).",
        )
    shape = tuple(model.outputs[0].shape[1:])
    if shape == (1,):
        raise ModelError(
            "It gives one number, as for two classes with a sigmoid.",
            where=model.name,
            mend="Make it two: p = model.outputs[0], then "
            "keras.Model(model.inputs, keras.layers.Concatenate()([1 - p, p])).",
        )
    if shape != (n_classes,):
        gives = " × ".join(str(side) for side in shape)
        raise OptionError(
            f"{model.name} gives {gives} numbers, and there are {n_classes} classes.",
            where="classes",
            mend="Name as many, in the order of the model's outputs.",
        )


def _rule(given: Rule) -> tuple[Preprocessing, str]:
    """A preprocessing by its name or its numbers; and in words."""
    plain = Preprocessing("rgb", (0.0,) * 3, (1.0,) * 3)
    if given == "none":
        return plain, "none"
    if isinstance(given, str):
        try:
            return catalog.find(given).preprocessing, given
        except OptionError as error:
            raise OptionError(
                f"There is no preprocessing {given!r}.",
                where="preprocessing",
                mend=f"{error.mend} Or give `none`, or (scale, offset).",
            ) from error
    try:
        scale, offset = (np.broadcast_to(np.asarray(part, np.float64), 3) for part in given)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"{given!r} is not (scale, offset).",
            where="preprocessing",
            mend="Give two numbers, or three of each for the channels R, G and B.",
        ) from error
    if not (np.isfinite(scale).all() and np.isfinite(offset).all() and scale.all()):
        raise OptionError(
            "A scale of zero, or a number that is not finite.",
            where="preprocessing",
            mend="Give (scale, offset): pixels enter the model as pixel × scale + offset.",
        )
    mean, std = (tuple(part.tolist()) for part in (-offset / scale, 1 / scale))
    words = f"pixel × {_short(scale)} + {_short(offset)}"
    return Preprocessing("rgb", mean, std), words


def _short(numbers: NDArray[np.float64]) -> str:
    texts = [f"{number:.6g}" for number in numbers]
    return texts[0] if len(set(texts)) == 1 else f"({', '.join(texts)})"


def _shown(network: Any, samples: NDArray[Any]) -> Gives:
    """What a model gives, told from its values on a few samples.

    Raises:
        OptionError: they do not tell.
    """
    values = _run(network, samples)
    inside = values.min() >= 0 and values.max() <= 1 + _TO_ONE
    if inside and np.abs(values.sum(axis=1) - 1).max() <= _TO_ONE:
        return "probabilities"
    if inside:
        raise OptionError(
            f"{network.name} gives numbers from 0 to 1 that do not sum to one: logits, or "
            "probabilities of labels that do not exclude each other.",
            where="gives",
            mend='If they are logits, say gives="logits". Several labels a photo are not '
            "headstart's to judge.",
        )
    return "logits"


def _run(network: Any, samples: NDArray[Any]) -> NDArray[np.float64]:
    """What a Keras model gives; photos as floats too, because TensorFlow has no fast uint8."""
    return np.asarray(network.predict_on_batch(samples.astype(np.float32)), np.float64)


def _ending_in(end: "Output", graph: "Model") -> "Model":
    """A graph that ends earlier or later than another, in `logits`."""
    # The tensor may have names of its own, as Keras' layer.
    end.get_tensor().set_names({"logits"})
    result = ops.result(end, name="logits_output")
    return openvino.Model([result], graph.get_parameters(), graph.get_friendly_name())
