"""Examples that lie in memory, and whole epochs over them in one call.

`Model.fit` comes back to Python for every batch. A small network computes a batch in a tenth of
the time that this takes; here the loop over batches is part of the graph. The steps are Keras'
own `train_step`.

Importing this file imports Keras.
"""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_keras import keras  # isort: skip  it quiets TensorFlow
import tensorflow as tf

from headstart.training.examples import Examples

MOST_BYTES = 1 << 30

_STEPS = 2048  # in one call, so that whoever wants it to end need not wait
_JUDGED = 8192  # rows at once

Told = Callable[[int, dict[str, float]], None]


def fits(examples: Examples) -> bool:
    """Whether the rows are an array that may lie in memory once more."""
    return isinstance(examples.rows, np.ndarray) and examples.rows.nbytes <= MOST_BYTES


class Whole:
    """A compiled network with what it learns from and is judged by, in TensorFlow's memory."""

    def __init__(
        self, network: keras.Model, training: Examples, validation: Examples | None
    ) -> None:
        self._network = network
        n_classes = network.output_shape[-1]
        self._training = _tensors(training, n_classes)
        self._validation = _tensors(validation, n_classes) if validation else None
        self._steps = tf.function(
            self._take_steps, input_signature=[tf.TensorSpec((None, None), tf.int64)]
        )
        self._test = tf.function(network.test_step)

    def epoch(
        self, order: NDArray[np.int64], batch_size: int, asked: threading.Event, told: Told
    ) -> dict[str, float]:
        """Train on the rows in a given order; returns Keras' metrics.

        Args:
            asked: set from outside: raises KeyboardInterrupt.
            told: is told how many batches are done, and the metrics so far.
        """
        whole = len(order) // batch_size * batch_size
        batches = order[:whole].reshape(-1, batch_size)
        calls = [batches[i : i + _STEPS] for i in range(0, len(batches), _STEPS)]
        if whole < len(order):
            calls.append(order[whole:][np.newaxis])
        self._network.reset_metrics()
        done = 0
        for numbers in calls:
            self._steps(numbers)
            if asked.is_set():
                raise KeyboardInterrupt
            done += len(numbers)
            told(done, self._metrics())
        return self._metrics()

    def judge(self) -> dict[str, float]:
        """Keras' metrics of the validation rows, by `val_` and their names; none: no rows."""
        if self._validation is None:
            return {}
        self._network.reset_metrics()
        for i in range(0, len(self._validation[0]), _JUDGED):
            self._test(tuple(part[i : i + _JUDGED] for part in self._validation))
        return {f"val_{name}": value for name, value in self._metrics().items()}

    def _take_steps(self, batches: Any) -> None:
        for i in tf.range(tf.shape(batches)[0]):
            self._network.train_step(tuple(tf.gather(p, batches[i]) for p in self._training))

    def _metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in self._network.get_metrics_result().items()}


def _tensors(examples: Examples, n_classes: int) -> tuple[Any, ...]:
    rows = np.asarray(examples.rows)
    parts = [rows.astype(np.float32), np.eye(n_classes, dtype=np.float32)[examples.labels]]
    if examples.weights is not None:
        parts.append(examples.weights.astype(np.float32))
    with tf.device("CPU"):
        return tuple(tf.constant(part) for part in parts)
