"""Train the same model by `Model.fit` and by `headstart.fit`, and compare."""

import numpy as np
import pytest

import headstart as hs

from headstart.backbone.quiet_keras import keras  # isort: skip

layers = keras.layers


N = 23  # batches of 5 leave a last one of 3


def frozen(layer):
    layer.trainable = False
    return layer


def small(*, dropout: float = 0.0, **compiled):
    """Frozen 6 → 16, then 16 → 3 to train; by default run operation by operation, which is
    quicker for so few."""
    model = keras.Sequential([keras.Input((6,)), frozen(layers.Dense(16, activation="tanh"))])
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(3, activation="softmax"))
    options = {"loss": "categorical_crossentropy", "run_eagerly": True} | compiled
    model.compile(keras.optimizers.Adam(0.01), **options)
    return model


def data(n: int = N):
    rng = np.random.default_rng(0)
    return rng.random((n, 6), np.float32), np.eye(3, dtype="float32")[rng.integers(0, 3, n)]


def arrays(**more):
    x, y = data()
    return {"x": x, "y": y, **more}


def trained(how, build, arguments):
    """Train a new model from the same seed; the model and its history."""
    keras.utils.set_random_seed(1)
    model = build()
    history = how(model, **arguments())
    return model, history


def assert_same(build, arguments, **ours) -> list[str]:
    """Both ways end in the same place, and the quick way was really taken; what it told."""
    told: list[str] = []

    def quick(model, **given):
        return hs.fit(model, **given, **ours, listen=lambda event: told.append(event.text))

    plain, expected = trained(keras.Model.fit, build, arguments)
    model, history = trained(quick, build, arguments)

    fell_back = [text for text in told if "Model.fit" in text]
    # Some processors compute a last, smaller batch by other steps: then no replay can be exact.
    by_batch = [text for text in fell_back if "because features in a batch of" in text]
    assert fell_back == by_batch
    assert history.history == expected.history
    assert history.epoch == expected.epoch
    for one, other in zip(plain.variables, model.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(plain.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    if by_batch:
        pytest.skip(f"on this processor {by_batch[0].partition('because ')[2]}")
    return told


def reason(model, arguments, **ours) -> str:
    """Why `Model.fit` was called; that it trained is looked at too."""
    told: list[str] = []
    before = [weight.numpy() for weight in model.trainable_weights]
    history = hs.fit(
        model,
        **{"epochs": 2, "verbose": 0} | arguments,
        **ours,
        listen=lambda e: told.append(e.text),
    )
    assert len(history.epoch) == arguments.get("epochs", 2)
    after = [weight.numpy() for weight in model.trainable_weights]
    assert not all(map(np.array_equal, before, after))
    (text,) = [text for text in told if text.startswith("Model.fit")]
    return text
