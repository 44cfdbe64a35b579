"""A bundle as a Keras model again: built by the catalog, filled from the bundle's tensors.

No Keras configuration is deserialised: the manifest names a row of the catalog, one of two
optimizers, and numbers.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone import catalog
from headstart.backbone.weights import Weights, resolve
from headstart.bundle.manifest import Backboned, BackboneRef, Dense, Manifest, Packaged
from headstart.bundle.refusal import Refused
from headstart.errors import ModelError
from headstart.store.files import printable

Tensors = Mapping[str, NDArray[Any]]

OPTIMIZERS = ("Adam", "AdamW")
SCHEDULE = "CosineDecay"


def network(manifest: Manifest, tensors: Tensors, weights: str | None = None) -> Any:
    """The whole network as a `keras.Model`: pixels from 0 to 255 in, probabilities out.

    Its layers are Keras' own; the last two are `logits`, a Dense, and `probabilities`, a
    Softmax. What was trained is trainable and nothing else is; the dropout of that training is
    there too.

    Args:
        tensors: those of `weights.safetensors`.
        weights: the backbone's weight file, where it is neither in its package nor in Keras'
            cache.

    Raises:
        MissingError: TensorFlow, or the backbone's weights, are not here.
        ModelError: the weight file is not the one that the bundle was made with.
        Refused: the bundle was packaged, or its tensors do not fit the backbone.
    """
    if isinstance(manifest.network, Dense):
        return _dense(manifest, tensors)
    made = _made_here(manifest)
    backbone, head = made.backbone, made.head
    from headstart.backbone.networks import keras_model
    from headstart.backbone.quiet_keras import keras
    from headstart.training.tail import LOGITS, fill, thaw

    base = keras_model(catalog.find(backbone.name), _same(backbone, weights), backbone.size)
    first = head.first or LOGITS
    if first not in (LOGITS, *(layer.name for layer in base.layers)):
        raise Refused(f"{backbone.name} has no layer {first!r}.")
    thaw(base, first, head.momentum)
    try:
        fill(base, _below("backbone/", tensors))
    except (ValueError, KeyError) as error:
        raise Refused(f"its tensors do not fit {backbone.name} ({error}).") from error
    x = base.output
    if head.dropout:
        x = keras.layers.Dropout(head.dropout, name="dropout")(x)
    dense = keras.layers.Dense(len(manifest.classes), name=LOGITS)
    x = keras.layers.Softmax(name="probabilities")(dense(x))
    scale = np.float32(1 / (manifest.temperature or 1.0))
    dense.set_weights([tensors["head.kernel"] * scale, tensors["head.bias"] * scale])
    return keras.Model(base.input, x, name="classifier")


def _dense(manifest: Manifest, tensors: Tensors) -> Any:
    """Columns as `data.mapping.matrix` makes them in, probabilities out."""
    from headstart.backbone.dense import keras_model
    from headstart.backbone.quiet_keras import keras

    assert isinstance(manifest.network, Dense)
    base = keras_model(manifest.shape, manifest.network.dropout, 0)
    scale = np.float32(1 / (manifest.temperature or 1.0))
    for layer in base.layers:
        if layer.name.startswith(("dense_", "embedding_", "logits")):
            values = [tensors[f"{layer.name}/{weight.name}"] for weight in layer.weights]
            layer.set_weights([v * scale for v in values] if layer.name == "logits" else values)
    x = keras.layers.Softmax(name="probabilities")(base.output)
    return keras.Model(base.input, x, name="classifier")


def compile_as_trained(model: Any, manifest: Manifest, state: Tensors) -> None:
    """Compile a model of `network` so that `fit` goes on where the training stopped.

    A logistic head was fitted by L-BFGS, which Keras does not have: it gets Adam, with nothing
    behind it.

    Args:
        state: the optimizer's variables, those of `optimizer.safetensors`.

    Raises:
        Refused: the bundle was packaged, or the optimizer is not one that is known here.
    """
    made = manifest.network
    head = made if isinstance(made, Dense) else _made_here(manifest).head
    from headstart.backbone.quiet_keras import keras

    optimizer = _optimizer(head.optimizer) if head.optimizer else keras.optimizers.Adam()
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=head.label_smoothing or 0.0)
    model.compile(optimizer, loss, metrics=["accuracy"])
    optimizer.build(model.trainable_variables)
    if head.optimizer is None:
        return
    own = {f"{i:05}.{v.name}": v for i, v in enumerate(optimizer.variables)}
    shapes = {name: tuple(v.shape) for name, v in own.items()}
    if shapes != {name: array.shape for name, array in state.items()}:
        raise Refused("the optimizer's variables are not those of what was trained.")
    for name, variable in own.items():
        variable.assign(state[name])


def _made_here(manifest: Manifest) -> Backboned:
    if isinstance(manifest.network, Packaged):
        raise Refused(
            f"the Keras model {manifest.network.name!r} was packaged; a bundle keeps of such a "
            "model only the graph that predicts.",
            mend="Use the Keras model itself.",
        )
    assert isinstance(manifest.network, Backboned)
    return manifest.network


def _optimizer(record: Mapping[str, Any]) -> Any:
    """An optimizer from Keras' class name and configuration, taken as arguments, not as code."""
    from headstart.backbone.quiet_keras import keras

    name = record.get("class_name")
    if name not in OPTIMIZERS:
        raise Refused(f"its optimizer is {str(name)[:100]!r}, neither {' nor '.join(OPTIMIZERS)}.")
    try:
        config = dict(record["config"])
        rate = config.pop("learning_rate")
        if isinstance(rate, Mapping):
            if rate["class_name"] != SCHEDULE:
                raise ValueError(f"its learning rate follows {rate['class_name']!r}")
            rate = keras.optimizers.schedules.CosineDecay(**_scalars(rate["config"]))
        return getattr(keras.optimizers, name)(rate, **_scalars(config))
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"its optimizer's configuration cannot be used ({error}).") from error


def _scalars(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration that holds nothing nested, which Keras would make objects of."""
    if any(isinstance(value, dict | list) for value in config.values()):
        raise ValueError("something is nested in it")
    return config


def _below(prefix: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def _same(row: BackboneRef, given: str | None) -> Weights:
    """The weights that a bundle was made with, found again."""
    if row.weights.startswith("random-"):
        return Weights(None, row.weights)
    found = resolve(catalog.find(row.name), given)
    if found.digest != row.weights:
        raise ModelError(
            f"holds other weights of {row.name} than the bundle was made with.",
            where=printable(str(found.path)),
            mend="Give the file with the SHA-256 " + row.weights + ".",
        )
    return found
