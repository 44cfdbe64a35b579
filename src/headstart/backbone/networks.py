"""The backbones as Keras models, built by Keras' own builders and given their weights.

Keras' `load_weights` fills a network that was built here; no file says what to build.
"""

from pathlib import Path
from typing import Any

import numpy as np

from headstart.backbone import hdf5, lite0
from headstart.backbone.catalog import Backbone, check_size
from headstart.backbone.hdf5 import WeightFile
from headstart.backbone.preprocessing import prepared
from headstart.backbone.weights import Weights
from headstart.errors import ModelError
from headstart.store.files import printable


def keras_model(backbone: Backbone, weights: Weights, size: int, *, top: bool = False) -> Any:
    """The network from pixels to features as one flat Keras model.

    Its input `pixels` is (n, size, size, 3) RGB, uint8 or floats from 0 to 255; its output
    is float32 (n, backbone.features), or with `top` the probabilities of ImageNet's classes,
    float32 (n, 1000). Preprocessing is inside.

    Raises:
        MissingError: TensorFlow is not installed.
        ModelError: the weight file does not fit, or lacks a top that is wanted.
        OptionError: the backbone does not take that size.
    """
    check_size(backbone, size)
    if backbone.packaged:
        return lite0.keras_model(lite0.load_tensors(weights.seed), size, top=top)
    if backbone.scratch:
        from headstart.backbone import scratch

        return scratch.keras_model(backbone, weights.seed or 0)
    held = None if weights.path is None else _inspected(weights.path)
    network = _build(backbone, size, top=top or backbone.cut is not None)
    if held is None:
        _randomise(network, weights.seed or 0)
    elif top:
        _load_whole(network, backbone, size, held)
    else:
        _load(network, backbone, size, held)
    return _ending_at(None if top else backbone.cut, network, backbone.name)


def download(backbone: Backbone, *, top: bool = False) -> None:
    """Have Keras put the ImageNet weights of a backbone, with top or not, into its own cache."""
    _build(backbone, backbone.size, top=top or backbone.cut is not None, weights="imagenet")


def _build(backbone: Backbone, size: int, *, top: bool, weights: str | None = None) -> Any:
    """Keras' own network on our preprocessing; without top it ends in the pooled features."""
    from headstart.backbone.quiet_keras import keras

    pixels = keras.Input((size, size, 3), name="pixels")
    builder = getattr(keras.applications, str(backbone.application))
    return builder(
        include_top=top,
        pooling=None if top else "avg",
        weights=weights,
        input_tensor=prepared(pixels, backbone.preprocessing),
        input_shape=(size, size, 3),
        **dict(backbone.arguments),
    )


def _ending_at(cut: str | None, network: Any, name: str) -> Any:
    from headstart.backbone.quiet_keras import keras

    end = network.get_layer(cut) if cut else network
    return keras.Model(network.inputs[0], end.output, name=name)


def ending_at(model: Any, position: int) -> Any:
    """A network up to one of its operations, counted from 0; its layers are shared."""
    from headstart.backbone.quiet_keras import keras

    return keras.Model(model.inputs[0], model.operations[position].output, name=model.name)


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
        raise _other_network(backbone, held, network, whole)
    _fill(whole, held.path)
    # The top comes last: until then both networks have the same arrays in the same order.
    network.set_weights(whole.get_weights()[: len(network.weights)])


def _load_whole(network: Any, backbone: Backbone, size: int, held: WeightFile) -> None:
    """Fill a network with its top, which a file may lack."""
    if held.arrays != len(network.weights):
        bare = _build(backbone, size, top=False)
        if held.arrays != len(bare.weights):
            raise _other_network(backbone, held, network)
        _fill(bare, held.path)  # or it is that of another network
        raise ModelError(
            f"holds the weights of {backbone.name} without its top, the layers that tell the "
            "1,000 classes of ImageNet apart.",
            where=printable(str(held.path)),
            mend=f"Leave --weights out, and Keras fetches {backbone.files[-1]} once; or give that "
            "file to --weights."
            if backbone.files
            else "Give a file that holds the top to --weights, or choose another --backbone.",
        )
    _fill(network, held.path)


def _fill(network: Any, path: Path) -> None:
    try:
        network.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise _misfit(path, " ".join(str(error).split())[:400]) from error


def _other_network(backbone: Backbone, held: WeightFile, *fitting: Any) -> ModelError:
    wanted = {each.count_params(): len(each.weights) for each in fitting}
    needs = " or ".join(f"{count} ({numbers:,} numbers)" for numbers, count in wanted.items())
    return _misfit(
        held.path,
        f"{backbone.name} takes {needs} arrays, and it holds {held.arrays} "
        f"({held.numbers:,} numbers).",
    )


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
