"""OpenVINO runs a prefix only as far as it agrees with Keras."""

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra `tensorflow`)")

from both_ways import arrays, assert_same, data, frozen, small, trained

import headstart as hs

from headstart.backbone.quiet_keras import keras  # isort: skip
import tensorflow as tf

from headstart.backbone.prefix import split
from headstart.fitting.engines import TOLERANCE, Runner, relative_difference

layers = keras.layers


def test_openvino_gives_nearly_the_same_and_is_taken_where_it_does() -> None:
    model, (x, _) = small(), data()
    exact, fast, either = (
        Runner(engine, split(model), eagerly=False) for engine in ("keras", "openvino", "auto")
    )
    batch = tf.constant(x)
    for one, other in zip(fast(batch), exact(batch), strict=True):
        assert relative_difference(one, other) <= TOLERANCE
    assert relative_difference(either(batch)[0], fast(batch)[0]) == 0
    assert (exact.tolerance, fast.tolerance, either.tolerance) == (0, TOLERANCE, TOLERANCE)

    _, plain = trained(keras.Model.fit, small, lambda: arrays(epochs=2, verbose=0))
    _, ours = trained(
        hs.fit, small, lambda: arrays(epochs=2, verbose=0, engine="openvino", listen=id)
    )
    assert ours.history["loss"][0] == pytest.approx(plain.history["loss"][0], rel=1e-3)


def test_where_openvino_cannot_run_the_prefix_auto_takes_keras_and_openvino_is_an_error() -> None:
    def build():
        class Odd(layers.Layer):
            def call(self, x):
                return tf.stack([tf.strings.to_number(tf.strings.as_string(x))])[0]

        parts = frozen(layers.Dense(4)), Odd(), layers.Dense(3, "softmax")
        model = keras.Sequential([keras.Input((6,)), *parts])
        model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
        return model

    assert_same(build, lambda: arrays(epochs=2, verbose=0), engine="auto")
    with pytest.raises(hs.HeadstartError, match="OpenVINO"):
        hs.fit(build(), **arrays(epochs=2, verbose=0), engine="openvino")
