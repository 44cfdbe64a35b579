"""Networks for columns that are lent to one training after another, so that each is traced once.

A cross-validation trains the same network many times, and on a small table tracing takes longer
than training. Whoever cross-validates owns the networks, and they go with their owner.
"""

import math
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from headstart.backbone import dense
from headstart.backbone.dense import Shape
from headstart.training.plan import Plan

_MOST = 16  # of other shapes or recipes, as a search for the best has them


class Networks:
    """The networks that nothing trains just now; threads may share them."""

    def __init__(self) -> None:
        self._idle: dict[Hashable, Any] = {}

    @contextmanager
    def lent(self, shape: Shape, plan: Plan, seed: int, rows: int) -> Iterator[Any]:
        """`dense.keras_model` for a training on so many rows, traced already if one like it was
        lent before. Its weights must be read before the end."""
        network = dense.keras_model(shape, plan.dropout, seed)
        key = shape, plan.dropout, plan.recipe, math.ceil(rows / plan.recipe.batch_size)
        found = self._idle.pop(key, None)  # so that no other thread has it
        if found is not None:
            found.set_weights(network.get_weights())
            network = found
        yield network
        self._idle[key] = network
        while len(self._idle) > _MOST:
            self._idle.pop(next(iter(self._idle)), None)
