"""The learning rate of a step, asked for once.

Importing this file imports Keras.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from headstart.backbone.quiet_keras import keras


@contextmanager
def rate_once(optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """Have a schedule computed once in a step that is traced. Keras asks for the rate once more for
    the decay of each variable: a third of a small network's step, and a fifth of its tracing."""
    rate = optimizer.learning_rate
    vars(optimizer)["_get_current_learning_rate"] = lambda: rate
    try:
        yield
    finally:
        del vars(optimizer)["_get_current_learning_rate"]


@contextmanager
def steps_asking_once(network: keras.Model) -> Iterator[None]:
    """Have each step of `network.fit` do so."""
    step: Callable[[Any], Any] = network.train_step

    def asking_once(batch: Any) -> Any:
        with rate_once(network.optimizer):
            return step(batch)

    vars(network)["train_step"] = asking_once
    try:
        yield
    finally:
        del vars(network)["train_step"]
