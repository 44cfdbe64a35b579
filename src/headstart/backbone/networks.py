"""The backbones as Keras models, built by Keras' own builders and given their weights.

Keras' `load_weights` fills a network that was built here; no file says what to build.
"""

from pathlib import Path
from typing import Any

import numpy as np

from headstart.backbone import hdf5, lite0
from headstart.backbone.catalog import Backbone, check_size
from headstart.backbone.hdf5 import WeightFile
from headstart.backbone.weights import Weights
from headstart.errors import ModelError
from headstart.store.files import printable


def keras_model(backbone: Backbone, weights: Weights, size: int) -> Any:
    """The network from pixels to features as one flat Keras model.

    Its input `pixels` is (n, size, size, 3) RGB, uint8 or floats from 0 to 255; its output
    is float32 (n, backbone.features). Preprocessing is inside.

    Raises:
        MissingError: TensorFlow is not installed.
        ModelError: the weight file does not fit.
        OptionError: the backbone does not take that size.
    """
    check_size(backbone, size)
    if backbone.application is None:
        return lite0.keras_model(lite0.load_tensors(weights.seed), size)
    held = None if weights.path is None else _inspected(weights.path)
    network = _build(backbone, size, top=backbone.cut is not None)
    if held is None:
        _randomise(network, weights.seed or 0)
    else:
        _load(network, backbone, size, held)
    return _cut(network, backbone)


def download(backbone: Backbone) -> None:
    """Have Keras put the ImageNet weights of a backbone into its own cache."""
    _build(backbone, backbone.size, top=backbone.cut is not None, weights="imagenet")


def _build(backbone: Backbone, size: int, *, top: bool, weights: str | None = None) -> Any:
    """Keras' own network on our preprocessing; without top it ends in the pooled features."""
    from headstart.backbone.quiet_keras import keras

    rule = backbone.preprocessing
    x = keras.Input((size, size, 3), name="pixels")
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
    return keras.Model(network.inputs[0], end.output, name=backbone.name)


def _inspected(path: Path) -> WeightFile:
    held = hdf5.inspect(path)
    if held.legacy == path.name.endswith(".weights.h5"):
        raise ModelError(
            f"has Keras' {'older' if held.legacy else 'newer'} layout, and by its name Keras "
            "expects the other.",
            where=printable(str(path)),
            mend=f"Rename it to end in {'.h5' if held.legacy else '.weights.h5'}.",
        )
    return held


def _load(network: Any, backbone: Backbone, size: int, held: WeightFile) -> None:
    """Fill a network from a file of its weights, with or without those of a top."""
    if held.arrays == len(network.weights):
        _fill(network, held.path)
        return
    whole = _build(backbone, size, top=True)
    if held.arrays != len(whole.weights):
        wanted = {each.count_params(): len(each.weights) for each in (network, whole)}
        needs = " or ".join(f"{count} ({numbers:,} numbers)" for numbers, count in wanted.items())
        raise _misfit(
            held.path,
            f"{backbone.name} takes {needs} arrays, and it holds {held.arrays} "
            f"({held.numbers:,} numbers).",
        )
    _fill(whole, held.path)
    # The top comes last: until then both networks have the same arrays in the same order.
    network.set_weights(whole.get_weights()[: len(network.weights)])


def _fill(network: Any, path: Path) -> None:
    try:
        network.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise _misfit(path, " ".join(str(error).split())[:400]) from error


def _misfit(path: Path, why: str) -> ModelError:
    return ModelError(
        f"does not fit the backbone: {why}",
        where=printable(str(path)),
        mend="Give the weight file of this backbone, or name the --backbone that it belongs to.",
    )


def _randomise(network: Any, seed: int) -> None:
    """He-normal kernels, the same wherever they are drawn; all else stays as Keras makes it."""
    for number, variable in enumerate(network.weights):
        if not variable.name.endswith("kernel"):
            continue
        *entering, leaving = variable.shape
        if leaving == 1:  # depthwise (height, width, channels, 1): a channel sees itself alone
            del entering[-1]
        kernel = np.random.default_rng([seed, number]).standard_normal(variable.shape, np.float32)
        kernel *= np.float32(np.sqrt(2 / np.prod(entering)))
        variable.assign(kernel)
