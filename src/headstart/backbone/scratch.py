"""Small networks that are trained from nothing.

Importing this file imports Keras.
"""

from typing import Any

from headstart.backbone.catalog import Backbone
from headstart.backbone.preprocessing import prepared
from headstart.backbone.quiet_keras import keras


def keras_model(row: Backbone, seed: int) -> Any:
    """The simple CNN, up to its flattened maps: two convolutions, each followed by pooling.

    Its input `pixels` is (n, 224, 224, 3) RGB, values from 0 to 255; its output float32
    (n, 200704). Kernels are drawn from `seed` (Glorot and Bengio, AISTATS 2010).
    """
    layers = keras.layers
    pixels = keras.Input((row.size, row.size, 3), name="pixels")
    x = prepared(pixels, row.preprocessing)
    for number, filters in enumerate((32, 64), start=1):
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=keras.initializers.GlorotUniform(seed + number),
            name=f"convolution_{number}",
        )(x)
        x = layers.MaxPooling2D(2, name=f"pooling_{number}")(x)
    return keras.Model(pixels, layers.Flatten(name="features")(x), name=row.name)
