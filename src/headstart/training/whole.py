"""Examples that lie in memory, and whole epochs over them in one call.

`Model.fit` comes back to Python for every batch. A small network computes a batch in a tenth of
the time that this takes; here the loop over batches is part of the graph. The steps are Keras'
own `train_step`.

Importing this file imports Keras.
"""

import logging
import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_keras import keras  # isort: skip  it quiets TensorFlow
import tensorflow as tf

from headstart.training.batches import make_metrics
from headstart.training.examples import Examples
from headstart.training.rate import rate_once

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
        self._traced = _traced(network, self._training)

    def epoch(
        self, order: NDArray[np.int64], batch_size: int, asked: threading.Event, told: Told
    ) -> dict[str, float]:
        """Train on the rows in a given order; returns Keras' metrics, and the `learning_rate` that
        comes next.

        Args:
            asked: set from outside: raises KeyboardInterrupt.
            told: is told how many batches are done, and the metrics so far.
        """
        self._network.reset_metrics()
        at_once = _STEPS * batch_size
        for i in range(0, len(order), at_once):
            figures = self._traced.steps(order[i : i + at_once], batch_size, self._training)
            if asked.is_set():
                raise KeyboardInterrupt
            found = {name: float(value) for name, value in figures.items()}
            told(math.ceil(min(i + at_once, len(order)) / batch_size), found)
        return found

    def judge(self) -> dict[str, float]:
        """Keras' metrics of the validation rows, by `val_` and their names; none: no rows."""
        if self._validation is None:
            return {}
        self._network.reset_metrics()
        for i in range(0, len(self._validation[0]), _JUDGED):
            found = self._traced.test(tuple(part[i : i + _JUDGED] for part in self._validation))
        return {f"val_{name}": float(value) for name, value in found.items()}


class _Traced:
    """The steps of a compiled network as graphs, for any number of rows.

    Attributes:
        optimizer: that the network was compiled with.
        weighted: whether rows have weights.
    """

    def __init__(self, network: keras.Model, examples: tuple[Any, ...]) -> None:
        self.optimizer, self.weighted = network.optimizer, len(examples) > 2
        self._network = network
        rows = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in examples)
        numbers = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64)
        # Without autograph, which rewrites every function that is called for nothing here.
        plain = partial(tf.function, autograph=False)
        self.steps = plain(self._take_steps, input_signature=[*numbers, rows])
        self.test = plain(self._judge, reduce_retracing=True)
        make_metrics(network, tuple(part[:1] for part in examples))

    def _judge(self, examples: tuple[Any, ...]) -> Any:
        return self._network.test_step(examples)

    def _take_steps(self, order: Any, size: Any, examples: tuple[Any, ...]) -> Any:
        n = tf.size(order, tf.int64)

        def step(i: Any) -> tuple[Any]:
            batch = order[i : i + size]  # the last may be smaller
            with rate_once(self.optimizer):
                self._network.train_step(tuple(tf.gather(part, batch) for part in examples))
            return (i + size,)

        tf.while_loop(lambda i: i < n, step, (tf.constant(0, tf.int64),))
        # Asked for outside of a graph each of these costs as much as a batch.
        rate = self.optimizer.learning_rate
        return {**self._network.get_metrics_result(), "learning_rate": rate}


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of TensorFlow's log is more than that networks are traced, which each has to
    be once, however many a process trains."""
    told = record.getMessage()
    return not ("tf.function retracing" in told and _Traced.__qualname__ in told)


logging.getLogger("tensorflow").addFilter(_is_news)


def _traced(network: keras.Model, examples: tuple[Any, ...]) -> _Traced:
    """Tracing takes longer than a small table's training: it is done once for a compiled network,
    as Keras does for its own."""
    found = getattr(network, "traced_by_headstart", None)
    if (
        found is None
        or found.optimizer is not network.optimizer
        or found.weighted != (len(examples) > 2)
    ):
        found = network.traced_by_headstart = _Traced(network, examples)
    return found


def _tensors(examples: Examples, n_classes: int) -> tuple[Any, ...]:
    rows = np.asarray(examples.rows)
    parts = [rows.astype(np.float32), np.eye(n_classes, dtype=np.float32)[examples.labels]]
    if examples.weights is not None:
        parts.append(examples.weights.astype(np.float32))
    with tf.device("CPU"):
        return tuple(tf.constant(part) for part in parts)
