"""What runs a prefix over batches: Keras exactly, or OpenVINO sooner and nearly."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.prefix import Split

from headstart.backbone.quiet_keras import keras  # isort: skip
import tensorflow

from headstart.errors import OptionError

TOLERANCE = 1e-4
"""How far OpenVINO's features may lie from Keras', as a part of the largest of a batch."""

Run = Callable[[Any], list[NDArray[Any]]]
"""From a batch of samples, as Keras would feed it, to one array a feature."""


class Runner:
    """A prefix, run by an engine.

    The first batch is run by Keras in any case. OpenVINO takes over where it is wanted and
    agrees.

    Args:
        engine: `keras`, `openvino`, or `auto`, which is OpenVINO where it agrees.
        eagerly: Keras is to run operation by operation, as it trains the model.

    Attributes:
        tolerance: how far features may lie from the right ones; 0 means to the last bit.
    """

    def __init__(self, engine: str, found: Split, *, eagerly: bool) -> None:
        self.tolerance = 0.0
        self._engine = engine
        self._found = found
        self._exact = _by_keras(found, eagerly)
        self._chosen: Run | None = self._exact if engine == "keras" else None

    def __call__(self, batch: Any) -> list[NDArray[Any]]:
        """Features of a batch.

        Raises:
            OptionError: OpenVINO must run it and cannot, or does not agree.
        """
        if self._chosen is None:
            self._chosen = self._choose(batch)
        return self._chosen(batch)

    def _choose(self, batch: Any) -> Run:
        expected = self._exact(batch)
        try:
            fast = _by_openvino(self._found, batch)
            difference = max(map(relative_difference, fast(batch), expected))
        except Exception as error:  # whatever its converter does not know
            why = f"cannot run it ({' '.join(str(error).split())[:200]})."
        else:
            if difference <= TOLERANCE:
                self.tolerance = TOLERANCE
                return fast
            why = f"differs by {difference:.2g} of the largest feature; {TOLERANCE:g} is allowed."
        if self._engine == "openvino":
            raise OptionError(f"OpenVINO {why}", where="engine", mend="Give keras or auto.")
        return self._exact


def relative_difference(some: NDArray[Any], other: NDArray[Any]) -> float:
    """The largest difference of two arrays of one shape, as a part of the largest of the second."""
    if np.array_equal(some, other, equal_nan=True):
        return 0.0
    largest = np.abs(other.astype(np.float64)).max(initial=1e-30)
    return float(np.abs(some.astype(np.float64) - other).max() / largest)


def _by_keras(found: Split, eagerly: bool) -> Run:
    functions: dict[Any, Any] = {}

    def run(batch: Any) -> list[NDArray[Any]]:
        tensors = keras.tree.flatten(batch)
        if eagerly:
            return [feature.numpy() for feature in _flat(found, batch)(*tensors)]
        # A graph, as in training: TensorFlow joins operations there, which rounds differently.
        specs = tuple(_spec(tensor, i) for i, tensor in enumerate(tensors))
        if specs not in functions:
            function = tensorflow.function(_flat(found, batch), autograph=False)
            functions[specs] = function.get_concrete_function(*specs)
        return [feature.numpy() for feature in functions[specs](*tensors)]

    return run


def _flat(found: Split, batch: Any) -> Callable[..., list[Any]]:
    """The prefix from flat tensors to flat tensors."""

    def run(*tensors: Any) -> list[Any]:
        packed = keras.tree.pack_sequence_as(batch, list(tensors))
        return list(keras.tree.flatten(found.prefix(packed, training=False)))

    return run


def _spec(tensor: Any, number: int) -> Any:
    """What a tensor is, but for the size of the batch."""
    return tensorflow.TensorSpec((None, *tensor.shape[1:]), tensor.dtype, name=f"input_{number}")


def _by_openvino(found: Split, batch: Any) -> Run:
    from headstart.backbone.convert import as_graph
    from headstart.backbone.quiet_openvino import openvino

    specs = [_spec(tensor, i) for i, tensor in enumerate(keras.tree.flatten(batch))]
    names = [f"feature_{i}" for i in range(len(found.features))]
    graph = as_graph(_flat(found, batch), specs, names, found.prefix.name)
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(batch: Any) -> list[NDArray[Any]]:
        given = [np.asarray(tensor) for tensor in keras.tree.flatten(batch)]
        answer = compiled(given)
        return [np.array(answer[name]) for name in names]

    return run
