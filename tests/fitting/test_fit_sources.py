"""Whatever `Model.fit` takes is replayed in the order in which Keras draws it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra `tensorflow`)")

from both_ways import arrays, assert_same, data, frozen, reason, small, trained

import headstart as hs

from headstart.backbone.quiet_keras import keras  # isort: skip
import tensorflow as tf

from headstart.fitting import rows

layers = keras.layers
ImageDataGenerator = tf.keras.preprocessing.image.ImageDataGenerator


class Own(keras.utils.PyDataset):
    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.begun = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, number: int):
        return tuple(part[5 * number : 5 * number + 5] for part in data())

    def on_epoch_begin(self) -> None:
        self.begun += 1


def endless():
    while True:
        yield from (Own()[number] for number in range(5))


@pytest.mark.parametrize(
    "source",
    [
        lambda: {"x": Own(), "validation_data": Own(), "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
        lambda: {"x": Own(workers=2), "validation_data": Own()},
        lambda: {
            "x": tf.data.Dataset.from_tensor_slices(data()).batch(5).repeat(),
            "shuffle": False,
            "steps_per_epoch": 5,
            "class_weight": {0: 1.0, 1: 3.0, 2: 0.5},
        },
        lambda: {"x": endless(), "steps_per_epoch": 5, "shuffle": False},
        lambda: dict(zip("xy", data(), strict=True)) | {"steps_per_epoch": 5, "batch_size": 5},
        lambda: dict(zip("xy", map(tf.constant, data()), strict=True)) | {"shuffle": "batch"},
    ],
    ids=["PyDataset", "workers", "tf.data", "generator", "arrays with steps", "tensors"],
)
def test_every_source_that_is_static_is_replayed_in_the_order_of_keras(source) -> None:
    def arguments():
        return {"epochs": 2, "verbose": 0} | source()

    assert_same(lambda: small(dropout=0.4), arguments, static=True)


@pytest.fixture(scope="module")
def hands(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of three signs: 4 of each to train on, 2 to validate."""
    folder = tmp_path_factory.mktemp("hands")
    for sign in "012":
        for number, photo in enumerate(sorted((shared / "data/sign-digits" / sign).iterdir())[:6]):
            place = folder / ("train" if number < 4 else "valid") / sign
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, place)
    return folder


def generators(hands: Path, preprocessing, **options):
    train, valid = (
        ImageDataGenerator(preprocessing_function=preprocessing, **options).flow_from_directory(
            hands / name, target_size=(32, 32), batch_size=4
        )
        for name in ("train", "valid")
    )
    return {
        "x": train,
        "steps_per_epoch": len(train),
        "validation_data": valid,
        "validation_steps": len(valid),
        "epochs": 2,
        "verbose": 0,
    }


def the_tutorials_mobilenet():
    mobile = keras.applications.MobileNet(
        input_shape=(32, 32, 3), alpha=0.25, include_top=False, weights=None
    )
    output = layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(mobile.output))
    model = keras.Model(mobile.input, output)
    for layer in model.layers[:-23]:
        layer.trainable = False
    options = {"metrics": ["accuracy"], "run_eagerly": True}  # its graph takes long to make
    model.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", **options)
    return model


def the_tutorials_vgg16():
    network = keras.applications.VGG16(input_shape=(32, 32, 3), weights=None, classes=4)
    model = keras.Sequential([keras.Input((32, 32, 3)), *network.layers[1:-1]])
    for layer in model.layers:
        layer.trainable = False
    model.add(layers.Dense(3, "softmax"))
    model.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("build", [the_tutorials_mobilenet, the_tutorials_vgg16])
def test_the_tutorials_scripts_with_one_line_changed_give_the_same(build, hands: Path) -> None:
    name = build.__name__.removeprefix("the_tutorials_")
    preprocessing = getattr(tf.keras.applications, name).preprocess_input
    given = []

    def arguments():
        given.append(generators(hands, preprocessing))
        return given[-1]

    assert_same(build, arguments)

    theirs, ours = (each["x"] for each in given)
    assert ours.total_batches_seen == theirs.total_batches_seen
    assert next(ours)[0].shape == (4, 32, 32, 3)  # it reads its photos again


def test_a_dense_layer_in_the_prefix_and_a_last_batch_of_one_go_to_model_fit() -> None:
    model = keras.Sequential([keras.Input((2000,)), frozen(layers.Dense(99)), layers.Dense(3)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).random((11, 2000), np.float32)
    assert "in a batch of 1 differ" in reason(model, {"x": x, "y": x[:, :3], "batch_size": 5})


def test_photos_that_change_at_random_go_to_model_fit(hands: Path) -> None:
    def build():
        parts = layers.Flatten(), frozen(layers.Dense(4)), layers.Dense(3, "softmax")
        model = keras.Sequential([keras.Input((32, 32, 3)), *parts])
        model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
        return model

    flipped = generators(hands, None, horizontal_flip=True)
    assert "changes photos at random" in reason(build(), flipped, static=True)
    own = generators(hands, lambda photo: photo / 255)
    assert "preprocessing_function may be random" in reason(build(), own)


def test_features_that_are_many_lie_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "IN_MEMORY_BYTES", 0)
    x, y = data()
    assert_same(small, lambda: {"x": x, "y": y, "epochs": 2, "verbose": 0})


def test_where_the_disk_has_no_room_for_them_the_model_is_trained_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "IN_MEMORY_BYTES", -(10**18))
    monkeypatch.setattr(rows.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    x, y = data()
    assert "bytes are needed (0 bytes are free)" in reason(small(), {"x": x, "y": y})


@pytest.mark.parametrize("given", [lambda: {"x": Own()}, lambda: arrays(validation_data=Own())])
def test_data_that_may_change_from_epoch_to_epoch_go_to_model_fit(given) -> None:
    assert "PyDataset may bring other batches in every epoch" in reason(small(), given())


def test_a_generator_that_is_not_static_is_left_untouched_for_model_fit() -> None:
    def arguments(**more):
        return {
            "x": endless(),
            "epochs": 2,
            "verbose": 0,
            "shuffle": False,
            "steps_per_epoch": 3,
        } | more

    _, plain = trained(keras.Model.fit, small, arguments)
    _, ours = trained(hs.fit, small, lambda: arguments(listen=lambda event: None))
    assert ours.history == plain.history
