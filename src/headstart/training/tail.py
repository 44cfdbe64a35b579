"""What is trained by gradient: a backbone thawed from one layer on, with a new top.

    pixels → [ frozen layers → cut ] → maps → [ thawed layers → features → logits ]
               run once a photo                trained

Importing this file imports Keras.
"""

import difflib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_keras import keras  # isort: skip  it quiets TensorFlow
import tensorflow

from headstart.backbone.catalog import Backbone
from headstart.backbone.convert import Cut
from headstart.backbone.lite0 import is_cut
from headstart.backbone.networks import keras_model
from headstart.backbone.weights import Weights
from headstart.errors import OptionError
from headstart.training.head import Head

LOGITS = "logits"  # the name of the new layer

Tensors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Tail:
    """A classifier in networks that share their layers.

    Attributes:
        backbone: pixels to features, a `keras.Model`.
        frozen: pixels to maps, a `keras.Model`; None: the maps are the pixels.
        network: what is trained: maps to logits, a `keras.Model`.
        cut: where the frozen part ends, its output being the maps; None: they are the pixels.
        first: the first layer that is trained; `LOGITS` if it is the new one.
        shape: of the maps of one photo.
        parameters, trained: how many there are in all, and how many of them are trained.
    """

    backbone: Any
    frozen: Any
    network: Any
    cut: Cut | None
    first: str
    shape: tuple[int, ...]
    parameters: int
    trained: int

    def head(self) -> Head:
        """The new layer as it is now."""
        kernel, bias = self.network.get_layer(LOGITS).get_weights()
        return Head(kernel, bias, 0.0)

    def tensors(self) -> Tensors:
        """The thawed layers' weights as they are now, by `layer/weight`; without the new layer."""
        return {
            f"{layer.name}/{weight.name}": np.asarray(weight.value)
            for layer in _thawed(self.backbone, self.first)
            for weight in layer.weights
        }

    @staticmethod
    def versions() -> dict[str, str]:
        """Of what trains it."""
        return {"keras": keras.__version__, "tensorflow": tensorflow.__version__}


def build(
    row: Backbone,
    weights: Weights,
    size: int,
    n_classes: int,
    *,
    unfreeze: str,
    dropout: float,
    momentum: float | None,
    seed: int,
) -> Tail:
    """Build a backbone with a new top, frozen up to where it is to be trained.

    Args:
        unfreeze: `none`, `all`, how many layers from the end on, the new one counted, or the
            name of the first.
        dropout: the share of the features that is left out at random in training.
        momentum: how slowly thawed batch normalizations follow the batches; None: as built.
        seed: of the new layer (Glorot and Bengio, AISTATS 2010) and of dropout. To begin with
            the logistic head takes longer: it was fitted to the frozen backbone's features, and
            its large weights throw the first steps far off (docs/decisions/006).

    Raises:
        OptionError: the backbone has no such layer.
    """
    backbone = keras_model(row, weights, size)
    first = _first(backbone, unfreeze)
    thaw(backbone, first, momentum)
    x = backbone.output
    if dropout:
        x = keras.layers.Dropout(dropout, seed=seed, name="dropout")(x)
    glorot = keras.initializers.GlorotUniform(seed)
    new = keras.layers.Dense(n_classes, kernel_initializer=glorot, name=LOGITS)
    x = new(x)
    cut = _cut(row, backbone, first)
    start = backbone.inputs[0] if cut is None else backbone.operations[cut.position].output
    network = keras.Model(start, x, name=f"{row.name}-tail")
    counts = [sum(int(np.prod(w.shape)) for w in ws) for ws in (backbone.weights, new.weights)]
    trained = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
    frozen = None if cut is None else keras.Model(backbone.inputs[0], start)
    shape = tuple(start.shape[1:])
    return Tail(backbone, frozen, network, cut, first, shape, sum(counts), trained)


def thaw(backbone: Any, first: str, momentum: float | None) -> None:
    """Have the layers from `first` on trained, and no other; see `build`."""
    for layer in backbone.layers:
        layer.trainable = False
    for layer in _thawed(backbone, first):
        layer.trainable = True
        if momentum is not None and isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum


def fill(backbone: Any, tensors: Tensors) -> None:
    """Give the thawed layers of a backbone the weights that `Tail.tensors` gave."""
    for name in {name.rpartition("/")[0] for name in tensors}:
        layer = backbone.get_layer(name)
        layer.set_weights([tensors[f"{name}/{weight.name}"] for weight in layer.weights])


def _first(backbone: Any, unfreeze: str) -> str:
    """The name of the first layer to train."""
    names: list[str] = [layer.name for layer in backbone.layers]
    if unfreeze == "none" or unfreeze == "1":
        return LOGITS
    if unfreeze == "all":
        return next(name for name in names if backbone.get_layer(name).weights)
    if unfreeze.isdecimal():
        count = int(unfreeze)
        if 1 <= count <= len(names):
            return names[1 - count]
        raise OptionError(
            f"There are {len(names) + 1} layers, the new one counted, and no {unfreeze}.",
            where="--unfreeze",
            mend="Give a smaller number, or `all`.",
        )
    if unfreeze in names:
        return unfreeze
    near = difflib.get_close_matches(unfreeze, names, n=3)
    raise OptionError(
        f"{backbone.name} has no layer {unfreeze!r}.",
        where="--unfreeze",
        mend=f"Did you mean {' or '.join(near)}?"
        if near
        else f"Its last layers are {', '.join(names[-4:])}.",
    )


def _thawed(backbone: Any, first: str) -> list[Any]:
    """The layers of a backbone that are trained, in order."""
    names = [layer.name for layer in backbone.layers]
    return backbone.layers[names.index(first) :] if first in names else []


def _cut(row: Backbone, backbone: Any, first: str) -> Cut | None:
    """The last layer before `first` that all paths to what follows it lead through."""
    steps = backbone.operations
    place = {id(step): i for i, step in enumerate(steps)}
    names = [step.name for step in steps]
    begin = names.index(first) if first in names else len(steps)
    reached = len(steps)  # the first of the steps that those from i on read
    for i in range(len(steps) - 1, 0, -1):
        if i < begin and reached >= i and (is_cut(names[i]) or not row.packaged):
            frozen = any(getattr(step, "weights", ()) for step in steps[: i + 1])
            return Cut(names[i], i) if frozen else None
        parents = steps[i]._inbound_nodes[0].parent_nodes
        reached = min(reached, *(place[id(node.operation)] for node in parents))
    return None
