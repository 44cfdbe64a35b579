"""What Keras is given by `training.loop`: batches in an order of ours, and an ear.

Importing this file imports Keras.
"""

import threading
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_keras import keras
from headstart.events import Listener, Progress
from headstart.training.examples import Examples

_PAUSE_S = 0.2  # between two words on progress


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Examples in a given order: rows as float32 or uint8, one-hot labels, weights if any."""

    def __init__(
        self, examples: Examples, order: NDArray[np.int64], size: int, n_classes: int
    ) -> None:
        super().__init__()
        self._examples, self._order, self._size = examples, order, size
        self._one_hot = np.eye(n_classes, dtype=np.float32)

    def __len__(self) -> int:
        return -(-len(self._order) // self._size)

    def __getitem__(self, batch: int) -> tuple[NDArray[Any], ...]:
        chosen = self._order[batch * self._size : (batch + 1) * self._size]
        examples = self._examples
        rows = examples.rows[chosen]
        if rows.dtype == np.float16:  # as maps are kept; nothing is computed in it
            rows = rows.astype(np.float32)
        labels = self._one_hot[examples.labels[chosen]]
        if examples.weights is None:
            return rows, labels
        return rows, labels, examples.weights[chosen].astype(np.float32)


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells a listener how an epoch goes, and ends it when asked to."""

    def __init__(self, number: int, total: int, listen: Listener, asked: threading.Event) -> None:
        super().__init__()
        self._asked = asked
        self._stage, self._listen, self._told = f"epoch {number} of {total}", listen, 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._listen(Progress(self._stage, 0, self.params["steps"]))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._asked.is_set():
            raise KeyboardInterrupt
        steps, now = self.params["steps"], perf_counter()
        if now - self._told > _PAUSE_S or batch + 1 == steps:
            self._told = now
            note = f"loss {logs['loss']:.3f}, accuracy {logs['accuracy']:.1%}"
            self._listen(Progress(self._stage, batch + 1, steps, note))


def make_metrics(network: Any, examples: tuple[Any, ...]) -> None:
    """Have Keras make the variables of its metrics, by judging an example or more. It would in the
    first step of training, and a step that makes variables is traced twice, which takes seconds."""
    network.test_step(examples)


def reseed(network: Any, seed: int) -> None:
    """Have every random layer of a network draw from `seed` on."""
    for number, layer in enumerate(network._flatten_layers()):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed, number], generator.state.dtype))
