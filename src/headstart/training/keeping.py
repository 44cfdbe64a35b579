"""What training changes of a network: read after an epoch, put back, and kept on disk."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from headstart.training import checkpoint
from headstart.training.checkpoint import Arrays, Checkpoint

BETWEEN_S = 1.0  # from one checkpoint to the next, so that epochs of milliseconds stay such

Values = Sequence[Any]
"""The values of variables in their order, as tensors or arrays."""


class State:
    """All that training changes of a compiled network: weights, optimizer, random states."""

    def __init__(self, network: Any) -> None:
        import tensorflow as tf

        self._variables = [*network.variables, *network.optimizer.variables]
        # In one call: where another thread computes in Python, each may wait for its turn.
        values = [variable.value for variable in self._variables]
        self._read = tf.function(lambda: [tf.identity(v) for v in values], autograph=False)

    def now(self) -> Values:
        """What it is; further training changes no tensor of it."""
        values: Values = self._read()
        return values

    def restore(self, values: Values) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)

    def arrays(self, which: str, values: Values) -> Arrays:
        """By `which`, place and name."""
        named = enumerate(zip(self._variables, values, strict=True))
        return {f"{which}/{i:05}.{v.path}": np.asarray(value) for i, (v, value) in named}


def parts(found: Checkpoint) -> tuple[Values, Values]:
    """The values after the last epoch and after the best one."""
    last, best = (
        [found.arrays[name] for name in sorted(found.arrays) if name.startswith(f"{which}/")]
        for which in ("last", "best")
    )
    return last, best or last  # one that is both is written once


class Keeper:
    """Writes checkpoints, not more often than they are worth.

    Args:
        place: where; None: nowhere.
        about: what the training is of.
        state: of the network that is trained.
    """

    def __init__(self, place: Path | None, about: Mapping[str, Any], state: State) -> None:
        self._place, self._about, self._state = place, about, state
        self._latest: tuple[dict[str, Any], Values, Values | None] | None = None
        self._written = -math.inf

    def keep(self, done: dict[str, Any], last: Values, best: Values | None) -> None:
        """Have the state after an epoch written, now or soon.

        Args:
            done: what else the next epoch needs, see `Checkpoint.state`; it must stay as it is.
        """
        self._latest = done, last, best
        if perf_counter() - self._written >= BETWEEN_S:
            self.write()

    def write(self) -> None:
        """Write what is not written yet."""
        if self._place is None or self._latest is None:
            return
        done, last, best = self._latest
        arrays = self._state.arrays("last", last)
        if best is not None and best is not last:
            arrays |= self._state.arrays("best", best)
        checkpoint.write(self._place, Checkpoint(dict(self._about), done, arrays))
        self._latest, self._written = None, perf_counter()
