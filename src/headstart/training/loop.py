"""Training by gradient: one loop for the tail of a backbone and for a network from scratch.

Keras computes the steps. What is ours is around them: every epoch's order and every random
number come from (seed, epoch), the weights of the best epoch are kept, and a checkpoint of a
whole epoch lets a killed training end with the bits that it would have had.
"""

import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.accelerator import mixed_policy
from headstart.errors import InputError, Interrupted
from headstart.events import Epoch, Listener, Progress, nobody
from headstart.training import checkpoint
from headstart.training.checkpoint import Arrays
from headstart.training.examples import Examples
from headstart.training.heap import keep_freed_memory
from headstart.training.keeping import Keeper, State, Values, parts


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        optimizer: `adamw` (Loshchilov and Hutter, arXiv:1711.05101) or `adam`.
        schedule: `cosine` rises over the first twelfth of all steps and falls to zero after
            it (Loshchilov and Hutter, arXiv:1608.03983); `constant` stays.
        learning_rate: the highest.
        weight_decay: of `adamw`.
        label_smoothing: share of the probability that all classes get alike
            (Szegedy et al., arXiv:1512.00567).
        patience: epochs without a lower validation loss before it stops; None: never.
        keep_best: end with the weights of the epoch of least validation loss, not the last.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    patience: int | None = None
    keep_best: bool = True


@dataclass
class Trained:
    """What became of a training; the network holds the weights of epoch `kept`.

    Attributes:
        history: one row an epoch: epoch, loss, accuracy, val_loss, val_accuracy,
            learning_rate, seconds.
        kept: the epoch whose weights these are, 1 for the first.
        stopped: why it ended.
        policy: Keras' dtype policy of the last steps; the weights are float32 always.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    kept: int = 0
    stopped: Literal["epochs", "patience", "budget"] = "epochs"
    policy: str = "float32"


def train(
    network: Any,
    recipe: Recipe,
    training: Examples,
    validation: Examples | None,
    *,
    seed: int,
    place: Path | None = None,
    about: Mapping[str, Any] | None = None,
    resume: bool = False,
    budget: float = math.inf,
    listen: Listener = nobody,
) -> Trained:
    """Train a network that gives logits; it is left compiled, with its optimizer.

    Args:
        network: a `keras.Model`, rows in, float32 (n, n_classes) logits out.
        seed: with the number of the epoch, settles order and random numbers.
        place: where the checkpoint goes; None: none is kept.
        about: what the training is of; a checkpoint of another is refused.
        resume: go on from the checkpoint at `place`, if there is one.
        budget: seconds that may pass; no epoch begins that would end later.

    Raises:
        Interrupted: stopped from outside; the epochs so far are kept. Without a place for them
            it is the KeyboardInterrupt itself.
        InputError: the loss is no longer a number.
        ModelError: the checkpoint is of another training, or damaged.
        OutputError: the checkpoint cannot be written.
    """
    keep_freed_memory()
    steps = math.ceil(len(training.labels) / recipe.batch_size)
    _compile(network, recipe, steps)
    best: Values | None = None
    done, policy = Trained(), mixed_policy() or "float32"
    about = {**(about or {}), "policy": policy}
    state = State(network)
    keeper = Keeper(place, about, state)
    found = checkpoint.read(place, about) if resume and place else None
    if found is not None:
        done = Trained(**found.state)
        last, best = parts(found)
        state.restore(last)
    asked = threading.Event()
    done.policy = policy
    try:
        with _noting_in(asked), _computing_in(network, policy):
            epochs = _Epochs(network, recipe, training, validation, listen, asked)
            while not _over(done, recipe, budget):
                number = len(done.history) + 1
                row = epochs.run(number, seed)
                losses = [past["val_loss"] for past in done.history]
                before = min(filter(math.isfinite, losses), default=math.inf)
                is_best = row["val_loss"] < before
                done.history.append(row)
                last = state.now()
                if is_best or not recipe.keep_best or math.isinf(before):  # or none to compare
                    done.kept, best = number, last
                keeper.keep({**vars(done), "history": [*done.history]}, last, best)
                figures = {name: row[name] for name in _FIGURES if not math.isnan(row[name])}
                listen(Epoch(number, recipe.epochs, figures, is_best))
    except KeyboardInterrupt:
        if place is None:
            raise
        raise Interrupted(
            f"Stopped in epoch {len(done.history) + 1} of {recipe.epochs}; those before it are "
            "kept.",
            mend="The same command with --resume goes on from there.",
        ) from None
    finally:
        keeper.write()
    if best is not None and done.kept < len(done.history):
        state.restore(best)
    return done


@contextmanager
def _computing_in(network: Any, policy: str) -> Iterator[None]:
    """Have all layers but the last compute as a dtype policy says (Micikevicius et al., Mixed
    Precision Training, arXiv:1710.03740); in float32 again at the end."""
    from headstart.backbone.quiet_keras import keras

    layers = network.layers[:-1] if policy != "float32" else []
    try:
        for layer in layers:
            layer.dtype_policy = keras.DTypePolicy(policy)
        yield
    finally:
        for layer in layers:
            layer.dtype_policy = keras.DTypePolicy("float32")


@contextmanager
def _noting_in(asked: threading.Event) -> Iterator[None]:
    """Note signals that ask to stop, beside what they do anyway.

    A KeyboardInterrupt can be lost: Python cannot raise it out of code that is called from C++
    or by the garbage collector.
    """
    before: dict[int, Callable[[int, Any], Any]] = {}

    def note(number: int, frame: Any) -> None:
        asked.set()
        before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(each)
            if callable(handler):  # what is left to the system ends the process itself
                before[each] = handler
                signal.signal(each, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _over(done: Trained, recipe: Recipe, budget: float) -> bool:
    """Whether no epoch follows; then `done` says why."""
    epochs = len(done.history)
    spent = sum(row["seconds"] for row in done.history)
    if epochs >= recipe.epochs:
        done.stopped = "epochs"
    elif recipe.patience is not None and epochs - _least(done) >= recipe.patience:
        done.stopped = "patience"
    elif epochs and spent + done.history[-1]["seconds"] > budget:
        done.stopped = "budget"
    else:
        return False
    return True


def _least(done: Trained) -> int:
    """The epoch of least validation loss; the last one where nothing validates."""
    losses = [row["val_loss"] for row in done.history]
    if not losses or math.isnan(losses[-1]):
        return len(losses)
    return 1 + int(np.argmin(losses))


def _compile(network: Any, recipe: Recipe, steps: int) -> None:
    """Compile a network; one that was so compiled before begins anew, with the graphs it has."""
    from headstart.backbone.quiet_keras import keras

    rate: Any = recipe.learning_rate
    if recipe.schedule == "cosine":
        rising = max(1, steps * recipe.epochs // 12)
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 20,
            decay_steps=max(1, steps * recipe.epochs - rising),
            warmup_target=rate,
            warmup_steps=rising,
        )
    name = recipe.optimizer  # Keras would count those of the process
    if name == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, name=name)
    else:
        optimizer = keras.optimizers.Adam(rate, name=name)
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )
    optimizer.build(network.trainable_variables)
    before = (network.optimizer, network.loss) if network.compiled else ()
    if [_told(part) for part in before] == [_told(optimizer), _told(loss)]:
        for old, new in zip(network.optimizer.variables, optimizer.variables, strict=True):
            old.assign(new)
    else:
        network.compile(optimizer, loss, metrics=["accuracy"])


def _told(part: Any) -> tuple[Any, ...]:
    """What Keras would make an optimizer or a loss again from."""
    from headstart.backbone.quiet_keras import keras

    return type(part), keras.saving.serialize_keras_object(part)


class _Epochs:
    """Trains a compiled network for an epoch at a time."""

    def __init__(
        self,
        network: Any,
        recipe: Recipe,
        training: Examples,
        validation: Examples | None,
        listen: Listener,
        asked: threading.Event,
    ) -> None:
        from headstart.training import whole
        from headstart.training.batches import Batches, make_metrics

        self._network, self._recipe = network, recipe
        self._training, self._validation = training, validation
        self._listen, self._asked = listen, asked
        in_memory = whole.fits(training) and (validation is None or whole.fits(validation))
        self._whole = whole.Whole(network, training, validation) if in_memory else None
        if self._whole is None:
            n_classes = network.output_shape[-1]
            make_metrics(network, Batches(training, np.arange(1), 1, n_classes)[0])

    def run(self, number: int, seed: int) -> dict[str, float]:
        """One epoch, unless asked to stop; returns its row of the history."""
        from headstart.training.batches import reseed

        random = np.random.default_rng([seed, number])
        order = random.permutation(len(self._training.labels))
        reseed(self._network, int(random.integers(2**31)))
        start = perf_counter()
        figures = (
            self._by_keras(number, order) if self._whole is None else self._at_once(number, order)
        )
        row = {name: figures.get(name, math.nan) for name in _FIGURES}
        if not math.isfinite(row["loss"]):
            raise InputError(
                f"The loss is no longer a number in epoch {number}.",
                mend="Give a lower --learning-rate.",
            )
        seconds = round(perf_counter() - start, 3)
        rate = figures["learning_rate"]
        return {"epoch": number, **row, "learning_rate": rate, "seconds": seconds}

    def _by_keras(self, number: int, order: NDArray[np.int64]) -> dict[str, float]:
        """By `Model.fit`, batch by batch."""
        from headstart.training.batches import Batches, Watch
        from headstart.training.rate import steps_asking_once

        n_classes, judged = self._network.output_shape[-1], self._validation
        with steps_asking_once(self._network):
            history = self._network.fit(
                Batches(self._training, order, self._recipe.batch_size, n_classes),
                validation_data=judged
                and Batches(judged, np.arange(len(judged.labels)), 64, n_classes),
                callbacks=[Watch(number, self._recipe.epochs, self._listen, self._asked)],
                shuffle=False,  # Keras would draw an order of the batches from a global state
                verbose=0,
            ).history
        rate = float(np.asarray(self._network.optimizer.learning_rate))
        return {name: float(v[-1]) for name, v in history.items()} | {"learning_rate": rate}

    def _at_once(self, number: int, order: NDArray[np.int64]) -> dict[str, float]:
        """In one call, or a few."""
        assert self._whole is not None
        size = self._recipe.batch_size
        stage, steps = f"epoch {number} of {self._recipe.epochs}", math.ceil(len(order) / size)

        def tell(done: int, metrics: dict[str, float]) -> None:
            note = f"loss {metrics['loss']:.3f}, accuracy {metrics['accuracy']:.1%}"
            self._listen(Progress(stage, done, steps, note))

        return {**self._whole.epoch(order, size, self._asked, tell), **self._whole.judge()}


_FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


def optimizer_record(network: Any) -> dict[str, Any]:
    """The class and the configuration of a network's optimizer, as JSON values."""
    from headstart.backbone.quiet_keras import keras

    record = keras.optimizers.serialize(network.optimizer)
    return {"class_name": type(network.optimizer).__name__, "config": _plain(record["config"])}


def optimizer_state(network: Any) -> Arrays:
    """The variables of a network's optimizer, by number and name."""
    variables = network.optimizer.variables
    return {f"{i:05}.{v.name}": np.asarray(v.value).copy() for i, v in enumerate(variables)}


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value.item() if isinstance(value, np.generic) else value
