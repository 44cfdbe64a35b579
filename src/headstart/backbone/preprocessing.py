"""Pixels as a network wants them, by layers of Keras' own."""

from typing import Any

import numpy as np

from headstart.backbone.catalog import Preprocessing


def prepared(pixels: Any, rule: Preprocessing) -> Any:
    """RGB pixels from 0 to 255, a Keras tensor, as a network wants them."""
    from headstart.backbone.quiet_keras import keras

    scale, offset = np.ones(3), np.zeros(3)
    if not rule.inside:
        scale, offset = 1 / np.array(rule.std), -np.array(rule.mean) / np.array(rule.std)
    if rule.order == "bgr":
        scale, offset = scale[::-1], offset[::-1]
    x = keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="preprocessing")(pixels)
    return _reversed(x) if rule.order == "bgr" else x


def _reversed(x: Any) -> Any:
    """Channels in reverse order, by layers alone: Keras' older `.h5` files hold no slices."""
    from headstart.backbone.quiet_keras import keras

    layers, order = keras.layers, {"data_format": "channels_last"}
    x = layers.Permute((3, 1, 2))(x)
    parts = [layers.Cropping2D(((c, 2 - c), (0, 0)), **order)(x) for c in (2, 1, 0)]
    return layers.Permute((2, 3, 1))(layers.Concatenate(axis=1)(parts))
