"""The other side of `bench/fit.py`: the tutorial's two training scripts, and one line changed.

    tutorial_fit.py vgg16|mobilenet  model.fit|hs.fit|openvino  FOLDER EPOCHS SIDE

Photos are in FOLDER/{train,valid}/CLASS. Weights are random, from a fixed seed. It prints
one JSON document: seconds from the call of `fit` to the end of each epoch, the history, and
a digest of the weights that were trained to.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import headstart as hs

from headstart.backbone.quiet_keras import keras  # isort: skip
import tensorflow as tf

ImageDataGenerator = tf.keras.preprocessing.image.ImageDataGenerator
applications = tf.keras.applications


def vgg16(folder: Path, side: int) -> tuple[keras.Model, dict]:
    """Cats and dogs: all of VGG16 frozen but a new last layer."""
    del side  # its dense layers take no other
    batches = generators(folder, applications.vgg16.preprocess_input, 224)
    model = keras.Sequential([keras.Input((224, 224, 3))])
    for layer in applications.VGG16(weights=None).layers[1:-1]:
        model.add(layer)
    for layer in model.layers:
        layer.trainable = False
    model.add(keras.layers.Dense(2, activation="softmax"))
    return model, batches


def mobilenet(folder: Path, side: int) -> tuple[keras.Model, dict]:
    """Sign digits: the last 23 layers of MobileNet trained."""
    batches = generators(folder, applications.mobilenet.preprocess_input, side)
    mobile = applications.MobileNet(weights=None, include_top=False, input_shape=(side, side, 3))
    x = keras.layers.GlobalAveragePooling2D()(mobile.output)
    output = keras.layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs=mobile.input, outputs=output)
    for layer in model.layers[:-23]:
        layer.trainable = False
    return model, batches


def generators(folder: Path, preprocessing, side: int) -> dict:
    """Training and validation photos, as the tutorial reads them."""
    train, valid = (
        ImageDataGenerator(preprocessing_function=preprocessing).flow_from_directory(
            folder / name, target_size=(side, side), batch_size=10
        )
        for name in ("train", "valid")
    )
    return {
        "x": train,
        "steps_per_epoch": len(train),
        "validation_data": valid,
        "validation_steps": len(valid),
    }


class Clock(keras.callbacks.Callback):
    """Seconds from `start` to the end of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seconds.append(time.perf_counter() - self.start)


def main() -> None:
    network, trainer, folder, epochs, side = sys.argv[1:]
    keras.utils.set_random_seed(0)
    model, arguments = {"vgg16": vgg16, "mobilenet": mobilenet}[network](Path(folder), int(side))
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-4),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    clock = Clock()
    arguments |= {"epochs": int(epochs), "verbose": 0, "callbacks": [clock]}
    if trainer == "model.fit":
        history = model.fit(**arguments)
    else:
        engine = "openvino" if trainer == "openvino" else "keras"
        history = hs.fit(model, **arguments, engine=engine)
    digest = hashlib.sha256()
    for weight in model.trainable_weights:
        digest.update(weight.numpy().tobytes())
    answer = {"seconds": clock.seconds, "history": history.history, "weights": digest.hexdigest()}
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
