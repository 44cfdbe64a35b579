"""The dense network for columns: one description, two builders, and its forward pass in NumPy.

    columns → numbers, and a trained vector for each embedded category → hidden layers → logits

Keras trains it; OpenVINO or NumPy runs it, from the trained weights alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from openvino import Model

Tensors = Mapping[str, NDArray[np.float32]]


class Shape(NamedTuple):
    """What a dense network is.

    Attributes:
        width: how many numbers a row has.
        embedded: (place among them, buckets, length of the vector) of each embedded category.
        hidden: the widths of the hidden layers, each a Dense with ReLU.
        n_classes: how many logits.
    """

    width: int
    embedded: tuple[tuple[int, int, int], ...]
    hidden: tuple[int, ...]
    n_classes: int

    @property
    def plain(self) -> list[int]:
        """The places of the numbers that are taken as they are."""
        codes = {place for place, _, _ in self.embedded}
        return [i for i in range(self.width) if i not in codes]

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """The shape of each weight, by `layer/weight`."""
        found: dict[str, tuple[int, ...]] = {
            f"embedding_{i}/embeddings": (buckets, length)
            for i, (_, buckets, length) in enumerate(self.embedded, 1)
        }
        width = len(self.plain) + sum(length for _, _, length in self.embedded)
        names = [f"dense_{i}" for i in range(1, len(self.hidden) + 1)]
        for name, units in zip([*names, "logits"], [*self.hidden, self.n_classes], strict=True):
            found |= {f"{name}/kernel": (width, units), f"{name}/bias": (units,)}
            width = units
        return found

    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(int(np.prod(shape)) for shape in self.tensors().values())


def keras_model(shape: Shape, dropout: float, seed: int) -> Any:
    """A `keras.Model`, `columns` float32 (n, width) to logits float32 (n, n_classes).

    Args:
        dropout: the share of each hidden layer's outputs that is left out in training.
        seed: of the weights (Glorot and Bengio, AISTATS 2010) and of dropout.
    """
    from headstart.backbone.quiet_keras import keras

    layers, ops = keras.layers, keras.ops
    columns = keras.Input((shape.width,), name="columns")
    parts = []
    if shape.plain:
        x = columns if not shape.embedded else ops.take(columns, shape.plain, axis=1)
        parts.append(x)
    for i, (place, buckets, length) in enumerate(shape.embedded, 1):
        codes = ops.cast(columns[:, place], "int32")
        drawn = keras.initializers.RandomUniform(-0.05, 0.05, seed=seed + 1000 + i)
        named = layers.Embedding(buckets, length, drawn, name=f"embedding_{i}")
        parts.append(named(codes))
    x = parts[0] if len(parts) == 1 else layers.Concatenate(name="joined")(parts)
    for i, units in enumerate(shape.hidden, 1):
        glorot = keras.initializers.GlorotUniform(seed + i)
        x = layers.Dense(units, "relu", kernel_initializer=glorot, name=f"dense_{i}")(x)
        if dropout:
            x = layers.Dropout(dropout, seed=seed + i, name=f"dropout_{i}")(x)
    glorot = keras.initializers.GlorotUniform(seed)
    logits = layers.Dense(shape.n_classes, kernel_initializer=glorot, name="logits")(x)
    return keras.Model(columns, logits, name="dense")


def weights_of(network: Any) -> dict[str, NDArray[np.float32]]:
    """The weights of a Keras model, by `layer/weight`."""
    return {
        f"{layer.name}/{weight.name}": np.asarray(weight.value).copy()
        for layer in network.layers
        for weight in layer.weights
        if weight.dtype == "float32"
    }


def openvino_model(shape: Shape, tensors: Tensors) -> "Model":
    """The same from its weights: `columns` float32 (n, width) to `logits`."""
    from headstart.backbone.quiet_openvino import openvino, ops

    columns = ops.parameter([-1, shape.width], np.float32, name="columns")
    columns.output(0).tensor.set_names({"columns"})
    axis = ops.constant(np.int64(1))
    parts = []
    if shape.plain:
        places = ops.constant(np.array(shape.plain, np.int64))
        parts.append(columns if not shape.embedded else ops.gather(columns, places, axis))
    for i, (place, _, _) in enumerate(shape.embedded, 1):
        code = ops.gather(columns, ops.constant(np.int64(place)), axis)
        vectors = ops.constant(tensors[f"embedding_{i}/embeddings"])
        parts.append(ops.gather(vectors, ops.convert(code, "i64"), ops.constant(np.int64(0))))
    x = parts[0] if len(parts) == 1 else ops.concat(parts, 1)
    for i in range(1, len(shape.hidden) + 1):
        x = ops.relu(_dense(ops, x, tensors, f"dense_{i}"))
    logits = _dense(ops, x, tensors, "logits")
    logits.output(0).tensor.set_names({"logits"})
    return openvino.Model([ops.result(logits, name="logits_output")], [columns], "dense")


def logits(shape: Shape, tensors: Tensors, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same by NumPy alone: float64 (n, n_classes) from float32 (n, width).

    In float64 a row's numbers do not depend on the rows beside it, to the last of a float32's
    bits.
    """
    parts = [rows[:, shape.plain]]
    for i, (place, _, _) in enumerate(shape.embedded, 1):
        parts.append(tensors[f"embedding_{i}/embeddings"][rows[:, place].astype(np.int64)])
    x = np.concatenate(parts, axis=1).astype(np.float64)
    for i in range(1, len(shape.hidden) + 1):
        x = np.maximum(x @ tensors[f"dense_{i}/kernel"] + tensors[f"dense_{i}/bias"], 0)
    return np.asarray(x @ tensors["logits/kernel"] + tensors["logits/bias"], np.float64)


def _dense(ops: Any, x: Any, tensors: Tensors, name: str) -> Any:
    kernel = ops.constant(tensors[f"{name}/kernel"], name=f"{name}_kernel")
    product = ops.matmul(x, kernel, False, False, name=f"{name}_product")
    bias = ops.constant(tensors[f"{name}/bias"][np.newaxis], name=f"{name}_bias")
    return ops.add(product, bias, name=name)


def sized(rows: int, n_classes: int) -> tuple[int, ...]:
    """Widths of two hidden layers that suit a number of training rows."""
    first = int(np.clip(2 ** round(np.log2(np.sqrt(max(rows, 1)))), 32, 256))
    return first, max(first // 2, min(n_classes, first))
