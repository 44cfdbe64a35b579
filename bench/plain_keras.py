"""The other side of `bench/frozen.py` and `bench/finetune.py`: what a user of plain Keras writes.

    plain_keras.py fit FOLDER MODEL EPOCHS     (photos in FOLDER/{train,validation,test}/CLASS)
    plain_keras.py tune FOLDER EPOCHS FIRST ENOUGH
    plain_keras.py cnn FOLDER EPOCHS
    plain_keras.py predict MODEL ANSWERS generator|dataset FOLDER ...

The backbone and its weights are headstart's own, so that both sides run the same network.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from headstart.backbone import lite0
from headstart.backbone.quiet_keras import keras

SIDE = 224
ImageDataGenerator = tf.keras.preprocessing.image.ImageDataGenerator


def fit(folder: Path, path: Path, epochs: int) -> None:
    """Train a softmax on the frozen backbone, predict the test photos, save the model."""
    train, validation, test = photos(folder)
    backbone = lite0.keras_model(lite0.load_tensors(), SIDE)
    backbone.trainable = False
    head = keras.layers.Dense(train.num_classes, activation="softmax")
    model = keras.Sequential([backbone, head])
    trained(model, train, validation, epochs)
    model.predict(test, verbose=0)
    model.save(path)


def tune(folder: Path, epochs: int, first: str, enough: float) -> None:
    """Train the backbone from layer `first` on, until a validation accuracy is enough."""
    train, validation, test = photos(folder)
    backbone = lite0.keras_model(lite0.load_tensors(), SIDE)
    names = [layer.name for layer in backbone.layers]
    for layer in backbone.layers[: names.index(first)]:
        layer.trainable = False
    output = keras.layers.Dense(train.num_classes, activation="softmax")(backbone.output)
    model = keras.Model(backbone.input, output)
    trained(model, train, validation, epochs, enough)
    print(f"test {model.evaluate(test, verbose=0)[1]:.6f}", file=sys.stderr)


def cnn(folder: Path, epochs: int) -> None:
    """Train the tutorial's small network from nothing."""
    train, validation, _ = photos(folder, tf.keras.applications.vgg16.preprocess_input)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.MaxPool2D(2, 2),
            layers.Conv2D(64, 3, activation="relu", padding="same"),
            layers.MaxPool2D(2, 2),
            layers.Flatten(),
            layers.Dense(train.num_classes, activation="softmax"),
        ]
    )
    trained(model, train, validation, epochs)


def photos(folder: Path, preprocessing: Any = None) -> list[Any]:
    """Training, validation and test photos, as the tutorial reads them."""
    keras.utils.set_random_seed(0)
    return [
        # Preprocessing is the first layer of the backbone; "bicubic" is what headstart does too.
        ImageDataGenerator(preprocessing_function=preprocessing).flow_from_directory(
            folder / name,
            target_size=(SIDE, SIDE),
            interpolation="bicubic",
            batch_size=10,
            shuffle=name == "train",
        )
        for name in ("train", "validation", "test")
    ]


def trained(
    model: Any, train: Any, validation: Any, epochs: int, enough: float | None = None
) -> None:
    """Compile as the tutorial does, train, and say after each epoch how it validates."""
    model.compile(
        keras.optimizers.Adam(learning_rate=1e-4),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )

    def tell(epoch: int, logs: dict[str, float]) -> None:
        print(f"epoch {epoch + 1} {logs['val_accuracy']:.6f}", file=sys.stderr, flush=True)
        model.stop_training = enough is not None and logs["val_accuracy"] >= enough

    model.fit(
        train,
        validation_data=validation,
        epochs=epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell)],
    )


def predict(path: Path, answers: Path, reader: str, folders: list[Path]) -> None:
    """Write name and class number of every photo below some folders."""
    model = keras.models.load_model(path)
    with answers.open("w", newline="") as file:
        writer = csv.writer(file)
        for folder in folders:
            rows, names = READERS[reader](folder)
            probabilities = model.predict(rows, verbose=0)
            writer.writerows(zip(names, probabilities.argmax(axis=1).tolist(), strict=True))


def generator(folder: Path) -> tuple[Iterator, list[str]]:
    """As `fit` reads them: Pillow, batch by batch."""
    rows = ImageDataGenerator().flow_from_directory(
        folder.parent,
        classes=[folder.name],
        class_mode=None,
        target_size=(SIDE, SIDE),
        interpolation="bicubic",
        batch_size=32,
        shuffle=False,
    )
    return rows, [Path(name).name for name in rows.filenames]


def dataset(folder: Path) -> tuple[tf.data.Dataset, list[str]]:
    """As Keras' guides read them now: decoded and resized by TensorFlow on all cores."""
    rows = keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        image_size=(SIDE, SIDE),
        interpolation="bicubic",
        batch_size=32,
        shuffle=False,
        verbose=False,
    )
    return rows, [Path(name).name for name in rows.file_paths]


READERS = {"generator": generator, "dataset": dataset}

if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "fit":
        fit(Path(words[0]), Path(words[1]), int(words[2]))
    elif command == "tune":
        tune(Path(words[0]), int(words[1]), words[2], float(words[3]))
    elif command == "cnn":
        cnn(Path(words[0]), int(words[1]))
    else:
        predict(Path(words[0]), Path(words[1]), words[2], [Path(word) for word in words[3:]])
