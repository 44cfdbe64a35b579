"""The model that Keras trains in place of the whole one: the whole one, entered at the cut.

`Model.fit` itself is run, on this stand-in. Weights, optimizer, loss, metrics and callbacks
are the whole model's; only what is fed and where it enters differ. Importing this file
imports Keras.
"""

from typing import Any

from headstart.backbone.prefix import Split
from headstart.backbone.quiet_keras import keras

_COMPILED = (
    "optimizer",
    "loss",
    "compiled",
    "steps_per_execution",
    "unrolled_steps_per_execution",
    "_compile_loss",
    "_compile_metrics",
    "_loss_tracker",
    "_run_eagerly",
    "_jit_compile",
)


def _of_the_whole(name: str) -> property:
    """An attribute that callbacks set on the model that they see, and `fit` reads on its own."""

    def get(self: Any) -> Any:
        return getattr(self.whole, name)

    def put(self: Any, value: Any) -> None:
        if hasattr(self, "whole"):  # Keras sets defaults before there is one
            setattr(self.whole, name, value)

    return property(get, put)


class Trainee(keras.Model):  # type: ignore[misc]
    """A compiled model that is fed features.

    Args:
        whole: the user's model. What `compile` gave it is shared, not copied.
        found: its parts.
    """

    stop_training = _of_the_whole("stop_training")
    stop_evaluating = _of_the_whole("stop_evaluating")
    history = _of_the_whole("history")
    _initial_epoch = _of_the_whole("_initial_epoch")

    def __init__(self, whole: Any, found: Split) -> None:
        super().__init__(name=f"{whole.name}_trainee", dtype="float32")
        self.whole = whole
        self.__dict__.update({name: vars(whole)[name] for name in _COMPILED})
        self._enter = _Untracked(found.tail)
        self._convert_input_args = False
        self.built = True

    def call(self, features: Any, training: bool | None = None) -> Any:
        return self._enter.part(features, training=training)

    # The same lists in the same order: sums of losses and updates of weights depend on it.
    @property
    def losses(self) -> list[Any]:
        return list(self.whole.losses)

    @property
    def metrics(self) -> list[Any]:
        return list(self.whole.metrics)

    @property
    def trainable_weights(self) -> list[Any]:
        return list(self.whole.trainable_weights)


class _Untracked:
    """Keeps Keras from counting the tail's layers twice."""

    def __init__(self, part: Any) -> None:
        self.part = part
