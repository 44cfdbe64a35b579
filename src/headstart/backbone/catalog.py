"""The backbones: one row each, and nothing that is not a fact.

Features are the mean of the last maps over height and width, but for VGG16, whose features
are the output of its layer `fc2`. Weights are those that Keras publishes, trained on
ImageNet; EfficientNet-Lite0's come with a package.
"""

import difflib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from headstart.backbone import lite0
from headstart.errors import OptionError

SMALLEST = 32
"""The least height and width, in pixels, that every backbone takes."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How uint8 RGB pixels become the network's input: (channel - mean) / std.

    Attributes:
        order: the order in which the network takes the channels.
        mean, std: one number a channel, in that order.
        inside: Keras' own network does this itself, in its first layers.
    """

    order: Literal["rgb", "bgr"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    inside: bool = False


_SIGNED = Preprocessing("rgb", (127.5,) * 3, (127.5,) * 3)  # to -1 … 1
_CAFFE = Preprocessing("bgr", (103.939, 116.779, 123.68), (1.0,) * 3)
_IMAGENET = Preprocessing(
    "rgb", (0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255), True
)


@dataclass(frozen=True, slots=True)
class Tutorial:
    """How a widely followed Keras tutorial trains a network: which layers, how many epochs."""

    unfreeze: str
    epochs: int


@dataclass(frozen=True, slots=True)
class Backbone:
    """One network that turns photos into features.

    Attributes:
        name: how it is called everywhere.
        application: the name of its builder in `keras.applications`; None is ours, `lite0`.
        arguments: what that builder is given besides the usual.
        cut: the layer whose output is the features; None is the pooled last maps.
        files: the names of its ImageNet weights in Keras' cache, any of which will do for
            features; the last one holds the top too.
        size: the height and width in pixels that it was trained with.
        fixed: it takes no other size.
        scratch: it has no published weights and is trained from nothing.
        features: the width of its features.
        parameters: of the network up to its features, as Keras counts them.
        thaw: the first layer that is trained where the head alone does not do: that of the
            last stage, about a third of the work.
        citation, licence: the paper; the licence of the published weights.
        tutorial: None where the tutorial does not train it.
    """

    name: str
    application: str | None
    files: tuple[str, ...]
    features: int
    preprocessing: Preprocessing
    parameters: int
    thaw: str
    citation: str
    licence: str
    tutorial: Tutorial | None = None
    size: int = 224
    fixed: bool = False
    scratch: bool = False
    cut: str | None = None
    arguments: tuple[tuple[str, Any], ...] = ()

    @property
    def packaged(self) -> bool:
        """Whether it is ours, `lite0`, whose weights a package brings."""
        return self.application is None and not self.scratch


def _mobilenet(alpha: float) -> Backbone:
    """MobileNet with `alpha` times the channels in every layer."""
    outputs = (32, 64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024)
    channels = [int(alpha * count) for count in outputs]
    parameters = (3 * 9 + 4) * channels[0]  # kernel; and four numbers to normalize a channel
    for inputs, count in pairwise(channels):
        parameters += (9 + 4) * inputs + (inputs + 4) * count
    width = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}.get(alpha)
    return Backbone(
        name="mobilenet" if alpha == 1 else f"mobilenet-{alpha:g}",
        application="MobileNet",
        arguments=(("alpha", alpha),),
        files=(f"mobilenet_{width}_224_tf_no_top.h5", f"mobilenet_{width}_224_tf.h5")
        if width
        else (),
        features=channels[-1],
        preprocessing=_SIGNED,
        parameters=parameters,
        thaw="conv_dw_11",
        tutorial=Tutorial(unfreeze="23", epochs=30),
        citation="A. G. Howard et al., MobileNets: Efficient Convolutional Neural Networks for "
        "Mobile Vision Applications, 2017, arXiv:1704.04861",
        licence="Apache-2.0",
    )


BACKBONES = (
    Backbone(
        name="efficientnet-lite0",
        application=None,
        files=(),
        features=lite0.FEATURES,
        preprocessing=Preprocessing("rgb", (lite0.MEAN,) * 3, (lite0.STD,) * 3),
        parameters=3_413_024,
        thaw="block_11_expand_convolution",
        citation="M. Tan and Q. V. Le, EfficientNet: Rethinking Model Scaling for Convolutional "
        "Neural Networks, ICML 2019, arXiv:1905.11946; Lite0 by the authors, 2020",
        licence="Apache-2.0",
    ),
    *map(_mobilenet, (0.25, 0.5, 0.75, 1.0)),
    Backbone(
        name="mobilenet-v2",
        application="MobileNetV2",
        files=(
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
        ),
        features=1280,
        preprocessing=_SIGNED,
        parameters=2_257_984,
        thaw="block_13_expand",
        citation="M. Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, "
        "CVPR 2018, arXiv:1801.04381",
        licence="Apache-2.0",
    ),
    Backbone(
        name="mobilenet-v3-large",
        application="MobileNetV3Large",
        files=(
            "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
            "weights_mobilenet_v3_large_224_1.0_float.h5",
        ),
        features=960,
        preprocessing=Preprocessing("rgb", (127.5,) * 3, (127.5,) * 3, inside=True),
        parameters=2_996_352,
        thaw="expanded_conv_12_expand",
        citation="A. Howard et al., Searching for MobileNetV3, ICCV 2019, arXiv:1905.02244",
        licence="Apache-2.0",
    ),
    Backbone(
        name="efficientnetv2-b0",
        application="EfficientNetV2B0",
        files=("efficientnetv2-b0_notop.h5", "efficientnetv2-b0.h5"),
        features=1280,
        preprocessing=_IMAGENET,
        parameters=5_919_312,
        thaw="block6a_expand_conv",
        citation="M. Tan and Q. V. Le, EfficientNetV2: Smaller Models and Faster Training, "
        "ICML 2021, arXiv:2104.00298",
        licence="Apache-2.0",
    ),
    Backbone(
        name="resnet50",
        application="ResNet50",
        files=(
            "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        ),
        features=2048,
        preprocessing=_CAFFE,
        parameters=23_587_712,
        thaw="conv5_block1_1_conv",
        citation="K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, "
        "arXiv:1512.03385",
        licence="MIT",
    ),
    Backbone(
        name="convnext-tiny",
        application="ConvNeXtTiny",
        files=("convnext_tiny_notop.h5", "convnext_tiny.h5"),
        features=768,
        preprocessing=_IMAGENET,
        parameters=27_820_128,
        thaw="convnext_tiny_stage_3_block_0_depthwise_conv",
        citation="Z. Liu et al., A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545",
        licence="MIT",
    ),
    Backbone(
        name="vgg16",
        application="VGG16",
        files=("vgg16_weights_tf_dim_ordering_tf_kernels.h5",),
        features=4096,
        preprocessing=_CAFFE,
        parameters=134_260_544,
        thaw="block5_conv1",
        tutorial=Tutorial(unfreeze="none", epochs=5),
        citation="K. Simonyan and A. Zisserman, Very Deep Convolutional Networks for "
        "Large-Scale Image Recognition, ICLR 2015, arXiv:1409.1556",
        licence="CC-BY-4.0",
        fixed=True,
        cut="fc2",
    ),
)
DEFAULT = BACKBONES[0].name

SCRATCH = (
    Backbone(
        name="simple-cnn",
        application=None,
        scratch=True,
        files=(),
        features=56 * 56 * 64,
        preprocessing=_CAFFE,
        parameters=19_392,
        thaw="all",
        tutorial=Tutorial(unfreeze="all", epochs=10),
        citation="two convolutions, each followed by pooling, as many tutorials begin",
        licence="Apache-2.0",
        fixed=True,
    ),
)
"""Networks without pretrained weights: what a backbone is measured against."""


def find(name: str) -> Backbone:
    """The row called `name`; `mobilenet-0.4` makes the row of a MobileNet that narrow.

    Raises:
        OptionError: there is none; it lists the nearest names.
    """
    rows = {row.name: row for row in (*BACKBONES, *SCRATCH)}
    alpha = re.fullmatch(r"mobilenet-(\d\.\d{1,3}|\d)", name)
    if alpha and 1 / 32 <= float(alpha[1]) <= 4:
        row = _mobilenet(float(alpha[1]))
        return rows.get(row.name, row)
    if name in rows:
        return rows[name]
    near = difflib.get_close_matches(name, rows, n=3, cutoff=0.4)
    raise OptionError(
        f"There is no backbone {name!r}.",
        where="--backbone",
        mend=f"Did you mean {' or '.join(near)}?" if near else f"Choose from {', '.join(rows)}.",
    )


def check_size(backbone: Backbone, size: int) -> None:
    """Refuse an input height and width that the backbone cannot take.

    Raises:
        OptionError: too small for any backbone, or another than the only one of this.
    """
    if backbone.fixed and size != backbone.size:
        raise OptionError(
            f"{backbone.name} takes photos of {backbone.size} pixels only, not {size}.",
            where="--size",
            mend="Leave it out, or choose another --backbone.",
        )
    if size < SMALLEST:
        raise OptionError(
            f"{size} pixels are too few.", where="--size", mend=f"Give at least {SMALLEST}."
        )
