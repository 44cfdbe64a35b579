"""The prefix is what cannot change, and the tail is the rest of the same model."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra `tensorflow`)")

from headstart.backbone.quiet_keras import keras  # isort: skip
from headstart.backbone.prefix import NoSplit, Split, split

layers = keras.layers
SIDE = 6


def found(model) -> Split:
    answer = split(model)
    assert isinstance(answer, Split), answer
    return answer


def reason(model) -> str:
    answer = split(model)
    assert isinstance(answer, NoSplit), answer.features
    return answer.reason


def names(answer: Split) -> list[str]:
    return [feature.name for feature in answer.features]


def frozen(layer):
    layer.trainable = False
    return layer


def sequential(*parts, shape=(SIDE, SIDE, 3), name=None):
    return keras.Sequential([keras.Input(shape), *parts], name=name)


def assert_same(a, b) -> None:
    """Bit for bit, structure and all."""
    keras.tree.assert_same_structure(a, b)
    for one, other in zip(keras.tree.flatten(a), keras.tree.flatten(b), strict=True):
        np.testing.assert_array_equal(one, other)


def photos(count: int, seed: int = 0):
    return np.random.default_rng(seed).random((count, SIDE, SIDE, 3), np.float32)


BLOCKS = {
    "conv": lambda: layers.Conv2D(3, 3, padding="same"),
    "norm": layers.BatchNormalization,
    "relu": layers.ReLU,
    "dropout": lambda: layers.Dropout(0.5),
    "noise": lambda: layers.GaussianNoise(0.1),
    "flip": lambda: layers.RandomFlip(),
    "regular": lambda: layers.Conv2D(3, 1, activity_regularizer="l2"),
    "tensor": None,  # an operation that is no layer
    "branch": None,
    "twice": None,
    "nested": None,
    "functional": None,
}
blocks = st.lists(st.tuples(st.sampled_from(list(BLOCKS)), st.booleans()), min_size=1, max_size=6)


def block(kind: str, x, frozen: bool, depth: int, inner):
    """Put one block on `x`; nested ones hold the blocks of `inner`."""
    if kind == "tensor":
        return keras.ops.maximum(x, 0.1) * 2.0
    if kind == "branch":
        conv = layers.Conv2D(3, 3, padding="same", trainable=not frozen)
        return layers.Add()([x, conv(x), layers.ReLU()(x)])
    if kind == "twice":
        conv = layers.Conv2D(3, 3, padding="same", trainable=not frozen)
        return conv(layers.ReLU()(conv(x)))
    if kind in ("nested", "functional"):
        if depth == 2:
            return x
        start = keras.Input((SIDE, SIDE, 3))
        end = layers.Conv2D(3, 1)(start)
        for one, still in inner:
            end = block(one, end, still, depth + 1, inner[:2])
        part = keras.Model(start, end)
        if kind == "nested":
            part = sequential(part, layers.ReLU())
        if frozen:
            part.trainable = False
        return part(x, training=False) if depth else part(x)
    layer = BLOCKS[kind]()
    layer.trainable = not frozen
    return layer(x)


@dataclass(frozen=True)
class Plan:
    """What a model is built of: kinds of blocks, and whether each is frozen."""

    outer: list[tuple[str, bool]]
    inner: list[tuple[str, bool]]
    second_input: bool
    second_output: bool | None  # whether it is frozen; None is none

    def build(self):
        start = keras.Input((SIDE, SIDE, 3))
        x, inputs, outputs = layers.Conv2D(3, 1, trainable=False)(start), [start], []
        for kind, still in self.outer:
            x = block(kind, x, still, 0, self.inner)
        pooled = layers.GlobalAveragePooling2D()(x)
        if self.second_input:
            inputs.append(keras.Input((4,), name="other"))
            pooled = layers.Concatenate()([pooled, inputs[-1]])
        outputs.append(layers.Dense(2)(pooled))
        if self.second_output is not None:
            flat = layers.Flatten()(x)
            outputs.append(layers.Dense(2, trainable=not self.second_output)(flat))
        return keras.Model(inputs if self.second_input else start, outputs)


plans = st.builds(Plan, blocks, blocks, st.booleans(), st.sampled_from([None, True, False]))


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(plans, st.integers(0, 9))
def test_tail_of_prefix_is_the_model_and_the_prefix_is_the_same_in_training(plan, seed) -> None:
    model, rng = plan.build(), np.random.default_rng(seed)
    for weight in model.weights:
        if weight.dtype == "float32":
            noise = rng.normal(0, 0.2, weight.shape)
            weight.assign(np.abs(noise) if "variance" in weight.name else noise)
    answer = found(model)
    x = [photos(3, seed), rng.random((3, 4), np.float32)][: len(model.inputs)]
    x = x if len(x) > 1 else x[0]

    features = answer.prefix(x, training=False)

    assert_same(answer.tail(features, training=False), model(x, training=False))
    before = [weight.numpy() for weight in model.variables]
    for _ in range(2):
        assert_same(answer.prefix(x, training=True), features)
    assert_same([weight.numpy() for weight in model.variables], before)
    assert answer.prefix.trainable_weights == answer.prefix.losses == []
    ours, whole = (list(map(id, each.trainable_weights)) for each in (answer.tail, model))
    assert ours == whole
    sizes = [each.shape[1:] for each in keras.tree.flatten(features)]
    assert sizes == [feature.shape for feature in answer.features]
    assert answer.bytes_per_sample == sum(4 * int(np.prod(size)) for size in sizes)


def test_the_cut_reaches_into_a_model_used_as_a_layer() -> None:
    base = keras.applications.MobileNet(
        input_shape=(32, 32, 3), alpha=0.25, include_top=False, weights=None, name="base"
    )
    for layer in base.layers[:-3]:
        layer.trainable = False
    head = [layers.GlobalAveragePooling2D(), layers.Dense(2)]
    model = sequential(base, *head, shape=(32, 32, 3))

    answer = found(model)

    assert names(answer) == ["base/conv_dw_13_relu"]
    assert answer.limit == "base/conv_pw_13 trains"
    assert answer.bytes_per_sample == 1 * 1 * 256 * 4
    assert [layer.name for layer in answer.tail.layers] == [
        layer.name for layer in [*base.layers[-3:], *head]
    ]


def test_training_false_at_the_call_does_not_silence_a_dropout_inside() -> None:
    inside = layers.Conv2D(3, 1, name="conv"), layers.Dropout(0.5, name="drop")
    base = frozen(sequential(*inside, name="base"))
    start = keras.Input((SIDE, SIDE, 3))
    end = layers.Dense(2)(layers.Flatten()(base(start, training=False)))

    answer = found(keras.Model(start, end))

    assert answer.limit == "base/drop is random during training"
    assert answer.frozen == ("base/conv",)


@pytest.mark.parametrize(
    ("layer", "limit"),
    [
        (lambda: layers.BatchNormalization(name="it"), "it trains"),
        (lambda: layers.GaussianNoise(0.1, name="it"), "it is random during training"),
        (lambda: layers.RandomTranslation(0.1, 0.1, name="it"), "it is random during training"),
        (lambda: layers.ActivityRegularization(l2=0.1, name="it"), "it adds a loss"),
        (lambda: layers.Conv2D(3, 1, name="it"), "it trains"),
    ],
)
def test_what_changes_ends_the_prefix(layer, limit: str) -> None:
    model = sequential(frozen(layers.Conv2D(3, 1)), layer(), layers.Flatten(), layers.Dense(2))
    assert found(model).limit == limit


def test_a_normalization_that_is_not_frozen_itself_ends_the_prefix() -> None:
    norm = layers.BatchNormalization(name="norm")
    base = frozen(sequential(layers.Conv2D(3, 1), norm, name="base"))
    norm.trainable = True
    norm.gamma.trainable = norm.beta.trainable = False  # no weight of it trains, and yet
    model = sequential(base, layers.Flatten(), layers.Dense(2))

    assert found(model).limit == "base/norm is not frozen: it follows the mean of each batch"


def test_dropout_at_rate_zero_and_frozen_normalization_are_in_the_prefix() -> None:
    model = sequential(
        frozen(layers.Conv2D(3, 1)),
        frozen(layers.BatchNormalization()),
        layers.Dropout(0),
        frozen(layers.Conv2D(2, 1, name="last")),
        layers.Flatten(),
        layers.Dense(2),
    )
    assert {layer.name for layer in model.layers[:4]} <= set(found(model).frozen)


def test_of_equally_late_cuts_the_one_of_fewest_bytes_is_taken() -> None:
    wide = sequential(
        frozen(layers.Conv2D(3, 1, name="conv")),
        layers.UpSampling2D(4),
        layers.Conv2D(2, 1),
    )
    pooled = sequential(
        frozen(layers.Conv2D(3, 1, name="conv")),
        layers.UpSampling2D(4),
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(2),
    )
    assert names(found(wide)) == ["conv"]
    assert names(found(pooled)) == ["pool"]


def test_an_output_that_hangs_on_the_prefix_is_handed_through() -> None:
    start = keras.Input((SIDE, SIDE, 3))
    x = layers.Flatten()(frozen(layers.Conv2D(3, 1))(start))
    still = frozen(layers.Dense(2, name="still"))(x)
    model = keras.Model(start, {"still": still, "learns": layers.Dense(2)(x)})
    answer = found(model)

    assert "still" in names(answer)
    assert_same(answer.tail(answer.prefix(photos(3))), model(photos(3)))


def test_inputs_in_a_dictionary_and_of_whole_numbers_are_taken_as_the_model_takes_them() -> None:
    start = {"a": keras.Input((SIDE, SIDE, 3), name="a"), "b": keras.Input((2,), name="b")}
    x = layers.GlobalAveragePooling2D()(frozen(layers.Conv2D(3, 1))(start["a"]))
    model = keras.Model(start, layers.Dense(2)(layers.Concatenate()([x, start["b"]])))
    x = {"b": np.ones((3, 2), np.int64), "a": (photos(3) * 255).astype(np.uint8)}
    answer = found(model)

    assert answer.features[0].shape == (5,)  # what is put together before the dense layer
    assert_same(answer.tail(answer.prefix(x)), model(x))


def test_a_layer_called_once_before_and_once_behind_the_cut_is_in_both() -> None:
    shared = frozen(layers.Conv2D(3, 1, name="shared"))
    start = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(3, 1, name="learns")(shared(start))
    answer = found(keras.Model(start, shared(x)))

    assert names(answer) == ["shared"]
    assert shared in answer.prefix.layers
    assert shared in answer.tail.layers


def test_a_layer_that_does_something_else_in_inference_ends_the_prefix() -> None:
    class Loud(layers.Layer):
        def call(self, x, training=None):
            return x * 2 if training else x

    parts = frozen(layers.Conv2D(3, 1)), Loud(name="loud"), layers.Flatten(), layers.Dense(2)
    assert found(sequential(*parts)).limit == "loud does something else in inference"


def test_layers_that_draw_from_the_state_of_tensorflow_are_named() -> None:
    import tensorflow

    class Shaken(layers.Layer):
        def call(self, x):
            return x + tensorflow.random.uniform(tensorflow.shape(x))

    parts = frozen(layers.Conv2D(3, 1)), Shaken(name="shaken"), layers.Flatten(), layers.Dense(2)
    answer = found(sequential(*parts))

    assert answer.unseeded == ("shaken",)
    assert answer.limit == "shaken keeps a state"


def test_a_masked_tensor_is_never_cut() -> None:
    def model(*parts):
        return keras.Sequential([keras.Input((5,), dtype="int32"), *parts, layers.Dense(2)])

    embedding = frozen(layers.Embedding(9, 4, mask_zero=True))
    assert "masked" in reason(model(embedding, layers.LSTM(3)))
    behind = model(embedding, frozen(layers.SimpleRNN(3, name="rnn")))  # it hands no mask on
    x = np.array([[1, 2, 0, 0, 0], [3, 0, 0, 0, 0]])
    answer = found(behind)
    assert names(answer) == ["rnn"]
    assert_same(answer.tail(answer.prefix(x)), behind(x))


def test_what_has_no_prefix_says_why() -> None:
    class Own(keras.Model):
        def call(self, x):
            return x

    dense = layers.Dense(2, name="dense")
    assert "code of its own" in reason(Own())
    assert "not built" in reason(keras.Sequential([layers.Dense(2)]))
    assert "no weight of it is trainable" in reason(frozen(sequential(layers.Dense(2))))
    assert reason(sequential(layers.Flatten(), dense)).endswith("changes: dense trains")
    mixed = frozen(layers.Conv2D(3, 1, dtype="mixed_bfloat16"))
    assert "float32" in reason(sequential(mixed, layers.Conv2D(3, 1, dtype="mixed_bfloat16")))


def test_the_model_is_left_as_it_was() -> None:
    model = sequential(frozen(layers.Conv2D(3, 1)), layers.Flatten(), layers.Dense(2))
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    before = [weight.numpy() for weight in model.variables]

    found(model)

    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes
    assert_same([weight.numpy() for weight in model.variables], before)
