"""`headstart.fit` is `Model.fit`, sooner: same losses, same weights, to the last bit."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra `tensorflow`)")

from both_ways import N, arrays, assert_same, data, frozen, reason, small

import headstart as hs

from headstart.backbone.quiet_keras import keras  # isort: skip
import tensorflow as tf

layers = keras.layers


def test_losses_weights_and_random_states_are_those_of_model_fit(tmp_path: Path) -> None:
    def build():
        inside = layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()
        base = keras.Sequential([keras.Input((8, 8, 3)), *inside, layers.Conv2D(4, 3)])
        for layer in base.layers[:3]:
            layer.trainable = False
        end = layers.Dropout(0.3), layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")
        model = keras.Sequential([keras.Input((8, 8, 3)), base, layers.BatchNormalization(), *end])
        auc = keras.metrics.AUC(name="auc")
        model.compile(
            "adam", "categorical_crossentropy", metrics=["accuracy"], weighted_metrics=[auc]
        )
        return model

    rng = np.random.default_rng(0)
    x, y = rng.random((N, 8, 8, 3), np.float32), data()[1]

    def arguments():
        return {
            "x": x,
            "y": y,
            "sample_weight": np.linspace(0.5, 2, N, dtype="float32"),
            "batch_size": 5,
            "epochs": 9,
            "initial_epoch": 1,
            "validation_split": 0.3,
            "validation_freq": 2,
            "verbose": 0,
            "callbacks": [
                keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1),
                keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 / (1 + epoch)),
                keras.callbacks.ModelCheckpoint(
                    tmp_path / "{epoch}.weights.h5", save_weights_only=True
                ),
            ],
        }

    told = assert_same(build, arguments)

    assert "is run once for each sample" in told[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.weights.h5", "3.weights.h5"]


def test_several_inputs_and_outputs_with_a_weight_for_each() -> None:
    def build():
        a, b = keras.Input((6,), name="a"), keras.Input((2,), dtype="int32", name="b")
        x = frozen(layers.Dense(8, "tanh"))(a)
        embedded = layers.Flatten()(layers.Embedding(5, 3)(b))
        one = layers.Dense(3, "softmax", name="one", kernel_regularizer="l2")(
            layers.Concatenate()([x, embedded])
        )
        still = frozen(layers.Dense(1, name="still"))(x)
        model = keras.Model({"a": a, "b": b}, {"one": one, "still": still})
        loss = {"one": "categorical_crossentropy", "still": "mse"}
        model.compile("sgd", loss, metrics={"one": ["accuracy"]}, run_eagerly=True)
        return model

    def arguments():
        x, y = data()
        words = np.random.default_rng(1).integers(0, 5, (N, 2))
        weight = np.linspace(0.5, 2, N, dtype="float32")
        targets = {"one": y, "still": x[:, :1]}
        return {
            "x": {"a": x, "b": words},
            "y": targets,
            "sample_weight": {"one": weight, "still": weight[::-1]},
            "validation_data": (
                {"a": x[:7], "b": words[:7]},
                {k: v[:7] for k, v in targets.items()},
            ),
            "epochs": 2,
            "batch_size": 5,
            "verbose": 0,
        }

    assert_same(build, arguments)


def test_callbacks_see_the_whole_model_and_it_is_left_compiled() -> None:
    x, y = data()
    seen = []

    class Watching(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((self.model, self.model.predict(x, verbose=0).shape, logs["val_loss"]))

    model = small()
    optimizer = model.optimizer
    history = hs.fit(
        model, x, y, epochs=2, validation_data=(x, y), callbacks=[Watching()], verbose=0
    )
    assert [each[:2] for each in seen] == [(model, (N, 3))] * 2
    assert model.history is history
    assert model.optimizer is optimizer
    assert int(optimizer.iterations) == 2
    assert model.evaluate(x, y, verbose=0) == pytest.approx(seen[-1][2], rel=1e-6)


def test_what_a_callback_raises_goes_to_the_caller_and_nothing_is_trained_again() -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise ArithmeticError("enough")

    model = small()
    x, y = data()
    with pytest.raises(ArithmeticError, match="enough"):
        hs.fit(model, x, y, epochs=2, callbacks=[Stop()], verbose=0)
    assert int(model.optimizer.iterations) == 1


def test_arguments_of_keras_2_are_taken_with_one_notice() -> None:
    told = []
    x, y = data()
    hs.fit(small(), x, y, epochs=2, verbose=0, workers=4, max_queue_size=2, listen=told.append)
    assert sum("do nothing in Keras 3" in event.text for event in told) == 1


def of_its_own():
    class Custom(keras.Sequential):
        def train_step(self, given):
            return super().train_step(given)

    model = Custom([keras.Input((6,)), frozen(layers.Dense(4)), layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    return model


def unfrozen_late():
    model = small()
    model.layers[0].trainable = True
    return model


def all_trainable():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, "softmax", name="only")])
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    return model


def shaken():
    class Shaken(layers.Layer):
        def call(self, x):
            return x + tf.random.uniform(tf.shape(x))

    parts = frozen(layers.Dense(4)), layers.Dense(3, "softmax"), Shaken(name="shaken")
    model = keras.Sequential([keras.Input((6,)), *parts])
    model.compile("sgd", "mse", run_eagerly=True)
    return model


@pytest.mark.parametrize(
    ("build", "arguments", "why"),
    [
        (small, lambda: arrays(epochs=1), "in a single epoch nothing comes twice"),
        (of_its_own, arrays, "a train_step of its own"),
        (unfrozen_late, arrays, "compile it again"),
        (all_trainable, arrays, "first layer that changes: only trains"),
        (lambda: small(run_eagerly=False, jit_compile=True), arrays, "compiled by XLA"),
        (shaken, arrays, "shaken draws from TensorFlow's own random state"),
    ],
    ids=["one epoch", "train_step", "unfrozen", "no prefix", "XLA", "own random state"],
)
def test_what_cannot_be_exact_goes_to_model_fit_with_the_reason(build, arguments, why) -> None:
    assert why in reason(build(), arguments())


def test_weights_that_a_callback_may_load_go_to_model_fit(tmp_path: Path) -> None:
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    assert "BackupAndRestore" in reason(small(), arrays(callbacks=[backup]))


def test_an_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(hs.HeadstartError, match="keras, openvino or auto"):
        hs.fit(small(), *data(), engine="torch")


def test_the_name_is_the_function_after_its_file_was_imported() -> None:
    import headstart.fitting.fit

    assert hs.fit is headstart.fitting.fit.fit
