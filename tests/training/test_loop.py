"""training/loop.py"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.errors import InputError, Interrupted, ModelError
from headstart.events import Epoch, Event
from headstart.training import checkpoint, keeping, loop
from headstart.training.checkpoint import Checkpoint
from headstart.training.examples import Examples
from headstart.training.loop import Recipe, Trained

RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.01)
ABOUT = {"samples": "these"}


def examples(n: int, seed: int) -> Examples:
    """Points in the plane, two classes that overlap a little."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    rows = random.standard_normal((n, 2)) + 1.5 * labels[:, np.newaxis]
    return Examples(rows.astype(np.float16), labels)


TRAINING, VALIDATION = examples(100, 0), examples(40, 1)


@pytest.fixture
def network(keras: Any) -> Callable[[], Any]:
    """Makes the same network each time, with Dropout and BatchNormalization."""

    def make() -> Any:
        layers, draw = keras.layers, keras.initializers.GlorotUniform
        x = first = keras.Input((2,))
        x = layers.Dense(16, activation="relu", kernel_initializer=draw(1))(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Dropout(0.3)(x)
        return keras.Model(first, layers.Dense(2, kernel_initializer=draw(2))(x))

    return make


def train(network: Any, place: Path, recipe: Recipe = RECIPE, **more: Any) -> Trained:
    given = {"seed": 0, "place": place / "last", "about": ABOUT} | more
    return loop.train(network, recipe, TRAINING, VALIDATION, **given)


def bits(network: Any) -> str:
    """SHA-256 over weights and optimizer."""
    held = [*network.weights, *network.optimizer.variables]
    return hashlib.sha256(b"".join(np.asarray(v.value).tobytes() for v in held)).hexdigest()


def test_a_network_that_is_trained_once_more_begins_anew_and_is_not_traced_again(
    network: Any,
) -> None:
    first, again = network(), network()
    weights = again.get_weights()
    expected = loop.train(first, RECIPE, TRAINING, VALIDATION, seed=0)
    loop.train(again, RECIPE, examples(100, 5), VALIDATION, seed=1)
    graphs = again.traced_by_headstart
    loop.train(again, RECIPE, TRAINING, VALIDATION, seed=0)
    assert bits(again) != bits(first)  # the weights went on
    again.set_weights(weights)
    done = loop.train(again, RECIPE, TRAINING, VALIDATION, seed=0)
    assert bits(again) == bits(first)
    assert [row["val_loss"] for row in done.history] == [
        row["val_loss"] for row in expected.history
    ]
    assert again.traced_by_headstart is graphs
    loop.train(again, replace(RECIPE, optimizer="adam"), TRAINING, VALIDATION, seed=0)
    assert again.traced_by_headstart is not graphs


def test_without_a_place_no_file_is_written_and_a_stop_is_passed_on(
    network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def stop(event: Event) -> None:
        if isinstance(event, Epoch) and event.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(network(), RECIPE, TRAINING, VALIDATION, seed=0, listen=stop)
    assert list(tmp_path.iterdir()) == []


def test_it_learns_and_tells_of_every_epoch(network: Any, tmp_path: Path) -> None:
    told: list[Event] = []
    model = network()
    done = train(model, tmp_path, listen=told.append)
    epochs = [event for event in told if isinstance(event, Epoch)]
    assert [row["epoch"] for row in done.history] == [event.number for event in epochs]
    assert done.history[-1]["val_loss"] < done.history[0]["val_loss"]
    assert model.evaluate(VALIDATION.rows, np.eye(2)[VALIDATION.labels], verbose=0)[1] > 0.8


class Apart:
    """Rows that are no array, so that Keras is given batch by batch."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, numbers: Any) -> Any:
        return self._rows[numbers]


def test_whole_epochs_in_one_call_are_those_of_keras(network: Any, tmp_path: Path) -> None:
    weights = np.random.default_rng(2).random(100)
    ends = []
    for rows in (TRAINING.rows, Apart(TRAINING.rows)):
        made = network()
        training = Examples(rows, TRAINING.labels, weights)
        place = tmp_path / type(rows).__name__
        done = loop.train(made, RECIPE, training, VALIDATION, seed=0, place=place, about=ABOUT)
        ends.append((done.history, [np.asarray(w.value) for w in made.weights]))
    (ours, mine), (theirs, other) = ends
    for row, expected in zip(ours, theirs, strict=True):
        assert {**row, "seconds": 0} == pytest.approx({**expected, "seconds": 0}, rel=1e-4)
    for a, b in zip(mine, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_fault_65_a_resumed_training_ends_with_the_same_bits(
    network: Any, tmp_path: Path, keras: Any, stop: int
) -> None:
    whole = network()
    train(whole, tmp_path / "whole")

    def cut_off(event: Event) -> None:
        if isinstance(event, Epoch) and event.number == stop:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="--resume"):
        train(network(), tmp_path, listen=cut_off)
    keras.utils.set_random_seed(99)  # nothing hangs on the state of the process
    again = network()
    done = train(again, tmp_path, resume=True)
    assert len(done.history) == 4
    assert bits(again) == bits(whole)


@pytest.mark.parametrize(("between", "written"), [(0.0, [1, 2, 3, 4]), (math.inf, [1, 4])])
def test_of_short_epochs_the_first_and_the_last_are_written_and_others_in_time(
    network: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    between: float,
    written: list[int],
) -> None:
    seen: list[int] = []
    write = checkpoint.write

    def watched(place: Path, found: Checkpoint) -> None:
        seen.append(len(found.state["history"]))
        write(place, found)

    monkeypatch.setattr(keeping, "BETWEEN_S", between)
    monkeypatch.setattr(checkpoint, "write", watched)
    train(network(), tmp_path)
    assert seen == written


def test_a_schedule_is_computed_once_in_a_step(
    network: Any, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    schedule = keras.optimizers.schedules.CosineDecay
    compute = schedule.__call__

    def counted(self: Any, step: Any) -> Any:
        asked.append(step)
        return compute(self, step)

    monkeypatch.setattr(schedule, "__call__", counted)
    loop.train(network(), RECIPE, TRAINING, VALIDATION, seed=0)
    assert len(asked) == 2  # as it is traced: for the step, and for what the history says


def test_the_weights_of_the_best_epoch_are_kept(network: Any, tmp_path: Path) -> None:
    model = network()
    done = train(model, tmp_path, replace(RECIPE, learning_rate=0.5, epochs=6))
    losses = [row["val_loss"] for row in done.history]
    assert done.kept == 1 + int(np.argmin(losses))
    kept = model.evaluate(VALIDATION.rows, np.eye(2)[VALIDATION.labels], verbose=0)[0]
    assert kept == pytest.approx(min(losses), rel=1e-5)


def test_the_last_weights_are_kept_if_the_recipe_says_so(network: Any, tmp_path: Path) -> None:
    recipe = replace(RECIPE, learning_rate=0.5, epochs=6, keep_best=False)
    assert train(network(), tmp_path, recipe).kept == 6


def test_it_stops_when_validation_gains_nothing_more(network: Any, tmp_path: Path) -> None:
    recipe = replace(RECIPE, learning_rate=1.0, epochs=50, patience=2)
    done = train(network(), tmp_path, recipe)
    assert done.stopped == "patience"
    assert len(done.history) == done.kept + 2


def test_no_epoch_begins_that_would_pass_the_budget(network: Any, tmp_path: Path) -> None:
    done = train(network(), tmp_path, budget=1e-3)
    assert (done.stopped, len(done.history)) == ("budget", 1)


def test_a_loss_that_is_no_number_ends_it(network: Any, tmp_path: Path) -> None:
    rows = np.full((100, 2), np.inf, np.float32)
    with pytest.raises(InputError, match="no longer a number"):
        loop.train(
            network(),
            RECIPE,
            Examples(rows, TRAINING.labels),
            None,
            seed=0,
            place=tmp_path / "last",
            about=ABOUT,
        )


def test_without_validation_the_last_weights_are_kept(network: Any, tmp_path: Path) -> None:
    place = tmp_path / "last"
    done = loop.train(network(), RECIPE, TRAINING, None, seed=0, place=place, about=ABOUT)
    assert done.kept == 4


def test_samples_count_as_much_as_they_weigh(network: Any, tmp_path: Path) -> None:
    weights = np.where(TRAINING.labels == 0, 1.0, 1e-6)
    model = network()
    weighted = replace(TRAINING, weights=weights)
    place = tmp_path / "last"
    recipe = replace(RECIPE, epochs=12, learning_rate=0.1, keep_best=False)
    loop.train(model, recipe, weighted, VALIDATION, seed=0, place=place, about=ABOUT)
    answers = model.predict(VALIDATION.rows, verbose=0).argmax(axis=1)
    assert (answers == 0).mean() > 0.9


def test_fault_73_a_checkpoint_of_another_training_is_refused(network: Any, tmp_path: Path) -> None:
    train(network(), tmp_path)
    with pytest.raises(ModelError, match='samples was "these", is "others"'):
        train(network(), tmp_path, resume=True, about={"samples": "others"})


def test_another_seed_gives_another_order(network: Any, tmp_path: Path) -> None:
    one, other = network(), network()
    train(one, tmp_path)
    train(other, tmp_path, seed=1)
    assert bits(one) != bits(other)


def test_the_optimizer_can_be_made_again(network: Any, tmp_path: Path, keras: Any) -> None:
    model = network()
    train(model, tmp_path)
    record = loop.optimizer_record(model)
    assert record["class_name"] == "AdamW"
    again = keras.optimizers.deserialize(record)
    again.build(model.trainable_variables)
    state = loop.optimizer_state(model)
    assert [v.shape for v in again.variables] == [array.shape for array in state.values()]


def test_on_a_gpu_it_computes_in_bfloat16_and_keeps_its_weights_in_float32(
    network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "mixed_policy", lambda: "mixed_bfloat16")
    mixed, plain = network(), network()
    seen: list[str] = []
    done = train(mixed, tmp_path, listen=lambda _: seen.append(mixed.layers[1].compute_dtype))
    assert done.policy == "mixed_bfloat16"
    assert set(seen) == {"bfloat16"}
    assert {layer.compute_dtype for layer in mixed.layers} == {"float32"}
    assert {str(weight.dtype) for weight in mixed.weights} == {"float32"}
    monkeypatch.undo()
    same = train(plain, tmp_path / "plain")
    assert same.policy == "float32"
    losses = [each.history[-1]["val_loss"] for each in (done, same)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
