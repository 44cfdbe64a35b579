"""The other side of `bench/frozen.py`: what a user of plain Keras writes.

    plain_keras.py fit FOLDER MODEL EPOCHS     (photos in FOLDER/{train,validation,test}/CLASS)
    plain_keras.py predict MODEL ANSWERS generator|dataset FOLDER ...

The backbone and its weights are headstart's own, so that both sides run the same network.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from headstart.backbone import lite0
from headstart.backbone.quiet_keras import keras

SIDE = 224
ImageDataGenerator = tf.keras.preprocessing.image.ImageDataGenerator


def fit(folder: Path, path: Path, epochs: int) -> None:
    """Train a softmax on the frozen backbone, predict the test photos, save the model."""
    keras.utils.set_random_seed(0)
    train, validation, test = (
        # Preprocessing is the first layer of the backbone; "bicubic" is what headstart does too.
        ImageDataGenerator().flow_from_directory(
            folder / name,
            target_size=(SIDE, SIDE),
            interpolation="bicubic",
            batch_size=10,
            shuffle=name == "train",
        )
        for name in ("train", "validation", "test")
    )
    backbone = lite0.keras_model(lite0.load_tensors(), SIDE)
    backbone.trainable = False
    head = keras.layers.Dense(train.num_classes, activation="softmax")
    model = keras.Sequential([backbone, head])
    model.compile(
        keras.optimizers.Adam(learning_rate=1e-4),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(train, validation_data=validation, epochs=epochs, verbose=2)
    model.predict(test, verbose=0)
    model.save(path)


def predict(path: Path, answers: Path, reader: str, folders: list[Path]) -> None:
    """Write name and class number of every photo below some folders."""
    model = keras.models.load_model(path)
    with answers.open("w", newline="") as file:
        writer = csv.writer(file)
        for folder in folders:
            photos, names = READERS[reader](folder)
            probabilities = model.predict(photos, verbose=0)
            writer.writerows(zip(names, probabilities.argmax(axis=1).tolist(), strict=True))


def generator(folder: Path) -> tuple[Iterator, list[str]]:
    """As `fit` reads them: Pillow, batch by batch."""
    photos = ImageDataGenerator().flow_from_directory(
        folder.parent,
        classes=[folder.name],
        class_mode=None,
        target_size=(SIDE, SIDE),
        interpolation="bicubic",
        batch_size=32,
        shuffle=False,
    )
    return photos, [Path(name).name for name in photos.filenames]


def dataset(folder: Path) -> tuple[tf.data.Dataset, list[str]]:
    """As Keras' guides read them now: decoded and resized by TensorFlow on all cores."""
    photos = keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        image_size=(SIDE, SIDE),
        interpolation="bicubic",
        batch_size=32,
        shuffle=False,
        verbose=False,
    )
    return photos, [Path(name).name for name in photos.file_paths]


READERS = {"generator": generator, "dataset": dataset}

if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "fit":
        fit(Path(words[0]), Path(words[1]), int(words[2]))
    else:
        predict(Path(words[0]), Path(words[1]), words[2], [Path(word) for word in words[3:]])
