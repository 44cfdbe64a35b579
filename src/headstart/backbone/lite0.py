"""EfficientNet-Lite0: one table of its blocks, and two builders that walk it.

EfficientNet (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", ICML 2019, arXiv:1905.11946) in the variant for mobile processors that the authors
published in 2020: no squeeze-and-excitation, ReLU6 for swish, and first and last stage of
fixed width.

`openvino_model` is what computes features, without TensorFlow; it folds each batch
normalization into the convolution before it. `keras_model` keeps the batch normalizations,
because it is there to be trained. Both take the same tensors and give the same numbers.

The parts bear the same names in both: `stem`, `block_0` … `block_15`, `head`, `features`,
and with the classification top `logits` and `probabilities`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone import packaged
from headstart.backbone.packaged import Tensors

if TYPE_CHECKING:
    from openvino import Model

MEAN, STD = 127.0, 128.0
"""Each channel enters the stem as (value - MEAN) / STD; channels are in the order RGB."""

FEATURES = 1280
CLASSES = 1000
EPSILON = 1e-3


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with 'same' padding, its batch normalization and, maybe, ReLU6.

    `kernel` and `norm` are the names of their tensors in the weight file.
    """

    name: str
    kernel: str
    norm: str
    inputs: int
    outputs: int
    side: int
    stride: int = 1
    depthwise: bool = False
    relu6: bool = True

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        return (self.outputs, 1 if self.depthwise else self.inputs, self.side, self.side)


@dataclass(frozen=True, slots=True)
class Block:
    """Convolutions in a row; `residual` adds what went in to what comes out."""

    name: str
    convolutions: tuple[Convolution, ...]
    residual: bool = False


# (blocks, kernel side, stride of the first block, expansion, channels out)
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def _blocks() -> Iterator[Block]:
    yield Block("stem", (Convolution("stem", "_conv_stem", "_bn0", 3, 32, 3, stride=2),))
    channels, number = 32, 0
    for count, side, first_stride, expansion, outputs in _STAGES:
        for stride in (first_stride,) + (1,) * (count - 1):
            yield _inverted_residual(number, channels, outputs, side, stride, expansion)
            channels, number = outputs, number + 1
    yield Block("head", (Convolution("head", "_conv_head", "_bn1", channels, FEATURES, 1),))


def _inverted_residual(
    number: int, inputs: int, outputs: int, side: int, stride: int, expansion: int
) -> Block:
    """Widen, filter each channel by itself, project (Sandler et al., arXiv:1801.04381)."""
    name, tensor, wide = f"block_{number}", f"_blocks.{number}.", inputs * expansion

    def part(which: str, norm: int, inputs: int, outputs: int, side: int, **rest: Any) -> Any:
        tensors = f"{tensor}_{which}_conv", f"{tensor}_bn{norm}"
        return Convolution(f"{name}_{which}", *tensors, inputs, outputs, side, **rest)

    expand = part("expand", 0, inputs, wide, 1)
    depthwise = part("depthwise", 1, wide, wide, side, stride=stride, depthwise=True)
    project = part("project", 2, wide, outputs, 1, relu6=False)
    convolutions = (expand, depthwise, project) if expansion > 1 else (depthwise, project)
    return Block(name, convolutions, residual=stride == 1 and inputs == outputs)


BLOCKS = tuple(_blocks())


def load_tensors(seed: int | None = None) -> Tensors:
    """The published weights, read from their package; or random ones, if a seed is given.

    Raises:
        MissingError: the package is not installed.
        ModelError: its file has been changed.
    """
    if seed is None:
        return packaged.read_tensors(packaged.weights_file())
    return _random_tensors(seed)


def _random_tensors(seed: int) -> Tensors:
    """Tensors to measure with: He-normal kernels, batch normalizations that change nothing.

    K. He et al., "Delving Deep into Rectifiers", ICCV 2015, arXiv:1502.01852.
    """
    tensors: Tensors = {}
    random = np.random.default_rng(seed)

    def kernel(*shape: int) -> NDArray[np.float32]:
        deviation = np.float32(np.sqrt(2 / math.prod(shape[1:])))
        return random.standard_normal(shape, np.float32) * deviation

    for layer in (layer for block in BLOCKS for layer in block.convolutions):
        tensors[f"{layer.kernel}.weight"] = kernel(*layer.kernel_shape)
        for part, value in {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}.items():
            tensors[f"{layer.norm}.{part}"] = np.full(layer.outputs, value, np.float32)
    tensors["_fc.weight"] = kernel(CLASSES, FEATURES)
    tensors["_fc.bias"] = np.zeros(CLASSES, np.float32)
    return tensors


def openvino_model(
    tensors: Tensors, size: int, *, top: bool = False, cut: str | None = None
) -> "Model":
    """The network as an OpenVINO graph.

    Args:
        tensors: the weights, as `load_tensors` gives them.
        size: height and width of the input, at least 32.
        top: end with the probabilities of ImageNet's 1,000 classes instead of the features.
        cut: end with the maps of this block or convolution instead; see `is_cut`.

    Returns:
        A model with the input `pixels`, uint8 (n, size, size, 3) RGB, and one output:
        `features`, float32 (n, 1280), or those of a cut, (n, height, width, channels);
        or `probabilities`, float32 (n, 1000).
    """
    from headstart.backbone.quiet_openvino import openvino, ops

    def named(node: Any, name: str) -> Any:
        node.set_friendly_name(name)
        return node

    def constant(values: Any, name: str, dtype: Any = np.float32) -> Any:
        return ops.constant(np.ascontiguousarray(values, dtype), name=name)

    def convolve(x: Any, layer: Convolution) -> Any:
        name, (kernel, bias) = layer.name, _folded(tensors, layer)
        convolution = ops.convolution
        if layer.depthwise:
            convolution = ops.group_convolution
            kernel = kernel[:, np.newaxis]  # (groups, out of each, in of each, height, width)
        x = convolution(
            x,
            constant(kernel, f"{name}_kernel"),
            strides=[layer.stride] * 2,
            pads_begin=[0, 0],
            pads_end=[0, 0],
            dilations=[1, 1],
            auto_pad="same_upper",
            name=f"{name}_convolution",
        )
        x = ops.add(x, constant(bias.reshape(1, -1, 1, 1), f"{name}_bias"), name=f"{name}_linear")
        return named(ops.clamp(x, 0, 6), name) if layer.relu6 else named(x, name)

    pixels = ops.parameter([-1, size, size, 3], np.uint8, name="pixels")
    x = ops.convert(pixels, "f32", name="values")
    x = ops.subtract(x, constant(MEAN, "mean"), name="centred")
    x = ops.divide(x, constant(STD, "std"), name="scaled")
    x = ops.transpose(x, constant([0, 3, 1, 2], "order", np.int64), name="channels_first")
    maps = {}
    for block in BLOCKS:
        entering = x
        for layer in block.convolutions:
            maps[layer.name] = x = convolve(x, layer)
        maps[block.name] = x = named(ops.add(x, entering) if block.residual else x, block.name)
    if cut is not None:
        order = constant([0, 2, 3, 1], "order_of_maps", np.int64)
        x = ops.transpose(maps[cut], order, name="features")
    else:
        x = ops.reduce_mean(x, constant([2, 3], "axes", np.int64), name="features")
    if top:
        kernel, bias = tensors["_fc.weight"], tensors["_fc.bias"]
        x = ops.matmul(x, constant(kernel, "logits_kernel"), False, True, name="logits_product")
        x = ops.add(x, constant(bias[np.newaxis], "logits_bias"), name="logits")
        x = ops.softmax(x, 1, name="probabilities")
    result = ops.result(x, name="output")
    pixels.output(0).tensor.set_names({"pixels"})
    x.output(0).tensor.set_names({"probabilities" if top else "features"})
    return openvino.Model([result], [pixels], "efficientnet-lite0")


def is_cut(layer: str) -> bool:
    """Whether both builders have an output of that name: a convolution's is that after its
    batch normalization and activation, which `openvino_model` folds into it."""
    names = {c.name for block in BLOCKS for c in block.convolutions}
    return layer in names | {block.name for block in BLOCKS} | {"features"}


def _folded(tensors: Tensors, layer: Convolution) -> tuple[NDArray[Any], NDArray[Any]]:
    """Kernel and bias of one convolution that does what convolution and normalization do."""
    gain, shift, mean, variance = (part.astype(np.float64) for part in _norm(tensors, layer))
    scale = gain / np.sqrt(variance + EPSILON)
    kernel = tensors[f"{layer.kernel}.weight"] * scale.reshape(-1, 1, 1, 1)
    return kernel, shift - mean * scale


def _norm(tensors: Tensors, layer: Convolution) -> list[NDArray[np.float32]]:
    """Scale, shift, mean and variance of a batch normalization, in Keras' order."""
    parts = ("weight", "bias", "running_mean", "running_var")
    return [tensors[f"{layer.norm}.{part}"] for part in parts]


def keras_model(tensors: Tensors, size: int, *, top: bool = False) -> Any:
    """The network as a Keras model, with the arguments and the output of `openvino_model`.

    Its input takes pixels from 0 to 255 as uint8 or floats. Without top it has 3,413,024
    parameters, with top 4,694,024.
    """
    from headstart.backbone.quiet_keras import keras

    layers = keras.layers

    def loaded(layer: Any, x: Any, *values: NDArray[Any]) -> Any:
        x = layer(x)
        layer.set_weights(list(values))
        return x

    def convolve(x: Any, layer: Convolution) -> Any:
        name, kernel = layer.name, tensors[f"{layer.kernel}.weight"]
        options = {"strides": layer.stride, "padding": "same", "use_bias": False}
        options["name"] = f"{name}_convolution"
        if layer.depthwise:
            convolution = layers.DepthwiseConv2D(layer.side, **options)
            x = loaded(convolution, x, kernel.transpose(2, 3, 0, 1))
        else:
            convolution = layers.Conv2D(layer.outputs, layer.side, **options)
            x = loaded(convolution, x, kernel.transpose(2, 3, 1, 0))
        norm = layers.BatchNormalization(
            epsilon=EPSILON, name=f"{name}_normalization" if layer.relu6 else name
        )
        x = loaded(norm, x, *_norm(tensors, layer))
        return layers.ReLU(6, name=name)(x) if layer.relu6 else x

    pixels = layers.Input((size, size, 3), name="pixels")
    x = layers.Rescaling(1 / STD, -MEAN / STD, name="scaled")(pixels)
    for block in BLOCKS:
        entering = x
        for layer in block.convolutions:
            x = convolve(x, layer)
        if block.residual:
            x = layers.Add(name=block.name)([entering, x])
        elif block.convolutions[-1].name != block.name:
            x = layers.Identity(name=block.name)(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    if top:
        logits = layers.Dense(CLASSES, name="logits")
        x = loaded(logits, x, tensors["_fc.weight"].T, tensors["_fc.bias"])
        x = layers.Softmax(name="probabilities")(x)
    return keras.Model(pixels, x, name="efficientnet-lite0")


def tensors_of(model: Any) -> Tensors:
    """The weights that a network of `keras_model` has now, as `load_tensors` gives them."""
    tensors: Tensors = {}
    parts = ("weight", "bias", "running_mean", "running_var")
    for layer in (layer for block in BLOCKS for layer in block.convolutions):
        (kernel,) = model.get_layer(f"{layer.name}_convolution").get_weights()
        order = (2, 3, 0, 1) if layer.depthwise else (3, 2, 0, 1)
        tensors[f"{layer.kernel}.weight"] = kernel.transpose(order)
        norm = model.get_layer(f"{layer.name}_normalization" if layer.relu6 else layer.name)
        for part, value in zip(parts, norm.get_weights(), strict=True):
            tensors[f"{layer.norm}.{part}"] = value
    return tensors
