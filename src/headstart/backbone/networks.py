"""The backbones as Keras models, built by Keras' own builders and given their weights.

Keras' `load_weights` fills a network that was built here; no file says what to build.
"""

from pathlib import Path
from typing import Any

import numpy as np

from headstart.backbone import hdf5, lite0
from headstart.backbone.catalog import Backbone, check_size
from headstart.backbone.weights import Weights
from headstart.errors import ModelError
from headstart.store.files import printable


def keras_model(backbone: Backbone, weights: Weights, size: int) -> Any:
    """The network from pixels to features as one flat Keras model.

    Its input `pixels` is (n, size, size, 3) RGB, uint8 or floats from 0 to 255; its output
    is float32 (n, backbone.features). Preprocessing is its first layer.

    Raises:
        MissingError: TensorFlow is not installed.
        ModelError: the weight file does not fit.
        OptionError: the backbone does not take that size.
    """
    check_size(backbone, size)
    if backbone.application is None:
        return lite0.keras_model(lite0.tensors(weights.seed), size)
    network = _build(backbone, size, top=backbone.cut is not None)
    if weights.path is None:
        _randomise(network, weights.seed or 0)
    else:
        _load(network, backbone, size, weights.path)
    return _cut(network, backbone)


def download(backbone: Backbone) -> None:
    """Have Keras put the ImageNet weights of a backbone into its own cache."""
    _build(backbone, backbone.size, top=backbone.cut is not None, weights="imagenet")


def _build(backbone: Backbone, size: int, *, top: bool, weights: str | None = None) -> Any:
    """Keras' own network on our preprocessing; without top it ends in the pooled features."""
    from headstart.backbone.quiet_keras import keras

    rule = backbone.preprocessing
    pixels = x = keras.Input((size, size, 3), name="pixels", dtype="uint8")
    scale, offset = np.ones(3), np.zeros(3)
    if not rule.inside:
        scale, offset = 1 / np.array(rule.std), -np.array(rule.mean) / np.array(rule.std)
    if rule.order == "bgr":
        x = x[..., ::-1]
    x = keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="preprocessing")(x)
    builder = getattr(keras.applications, str(backbone.application))
    return builder(
        include_top=top,
        pooling=None if top else "avg",
        weights=weights,
        input_tensor=x,
        input_shape=(size, size, 3),
        **dict(backbone.arguments),
    )


def _cut(network: Any, backbone: Backbone) -> Any:
    from headstart.backbone.quiet_keras import keras

    end = network.get_layer(backbone.cut) if backbone.cut else network
    return keras.Model(network.inputs, end.output, name=backbone.name)


def _load(network: Any, backbone: Backbone, size: int, path: Path) -> None:
    """Fill a network from a file with top or without; the order of the arrays is the same."""
    held = hdf5.inspect(path)
    if held.legacy == path.name.endswith(".weights.h5"):
        name, end = ("old", ".h5") if held.legacy else ("present", ".weights.h5")
        raise ModelError(
            f"has Keras' {name} layout, and a name by which Keras expects the other.",
            where=printable(str(path)),
            mend=f"Rename it to end in {end}{' alone' if held.legacy else ''}.",
        )
    if held.arrays == len(network.weights):
        return _fill(network, path)
    needed = [network]
    if backbone.cut is None:
        whole = _build(backbone, size, top=True)
        if held.arrays == len(whole.weights):
            _fill(whole, path)
            network.set_weights(whole.get_weights()[: len(network.weights)])
            return None
        needed.append(whole)
    counts = (f"{len(each.weights)} ({each.count_params():,} numbers)" for each in needed)
    wanted = f"with its top has {' or without it '.join(reversed(list(counts)))}"
    raise ModelError(
        f"does not fit {backbone.name}: it holds {held.arrays} arrays ({held.numbers:,} "
        f"numbers), and {backbone.name} {wanted}.",
        where=printable(str(path)),
        mend="Give the file of this backbone, or name the --backbone that the file belongs to.",
    )


def _fill(network: Any, path: Path) -> None:
    try:
        network.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise ModelError(
            f"does not fit {network.name}: {str(error).splitlines()[0]}",
            where=printable(str(path)),
            mend="Give the file of this backbone, or name the --backbone that the file "
            "belongs to.",
        ) from error


def _randomise(network: Any, seed: int) -> None:
    """He-normal kernels, the same wherever they are drawn; all else stays as Keras makes it."""
    for number, variable in enumerate(network.weights):
        if not variable.name.endswith("kernel"):
            continue
        depthwise = variable.name == "depthwise_kernel"  # (height, width, channels, each)
        inputs = np.prod(variable.shape[:2] if depthwise else variable.shape[:-1])
        random = np.random.default_rng([seed, number])
        kernel = random.standard_normal(variable.shape, np.float32)
        variable.assign(kernel * np.float32(np.sqrt(2 / inputs)))
