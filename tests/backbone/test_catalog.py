"""The facts of the table, each against the Keras network that it is about."""

import dataclasses
import itertools
import re

import numpy as np
import pytest
from comparison import assert_close, random_pixels, real_pixels, run_keras

from headstart.backbone import catalog, networks
from headstart.backbone.weights import Weights
from headstart.errors import OptionError

# Where Keras keeps the preprocessing of each builder.
MODULES = {
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Large": "mobilenet_v3",
    "EfficientNetV2B0": "efficientnet_v2",
    "ResNet50": "resnet50",
    "ConvNeXtTiny": "convnext",
    "VGG16": "vgg16",
}

# Parameters with the top, as Keras publishes them. EfficientNet-Lite0's are tested in test_lite0.
WITH_TOP = {
    "mobilenet-0.25": 475_544,
    "mobilenet-v2": 3_538_984,
    "mobilenet-v3-large": 5_507_432,
    "efficientnetv2-b0": 7_200_312,
    "resnet50": 25_636_712,
    "convnext-tiny": 28_589_128,
    "vgg16": 138_357_544,
}

# fc1 is the only layer of any row whose kernel depends on the size: at 32 pixels it sees 512
# maps of one pixel, at VGG16's own 224 of 7 × 7.
FC1_AT_224 = 512 * (7 * 7 - 1) * 4096


@pytest.mark.parametrize("row", catalog.BACKBONES, ids=lambda row: row.name)
def test_width_parameters_and_preprocessing_are_those_of_the_keras_network(keras, row):
    size = 32
    model = networks.keras_model(smaller(row), Weights(None, "random-0"), size)
    seen = real_pixels(size)

    assert model.output_shape == (None, row.features)
    assert model.count_params() + missing(row) == row.parameters
    assert row.cut in (None, model.layers[-1].name)
    entering = run_keras(keras.Model(model.input, preprocessed(keras, model)), seen)
    rule = row.preprocessing
    channels = seen[..., ::-1] if rule.order == "bgr" else seen
    assert_close(entering, (channels - np.array(rule.mean)) / np.array(rule.std), 1e-6)
    if row.application:
        by_keras = getattr(keras.applications, MODULES[row.application]).preprocess_input
        prepared = by_keras(seen.astype(np.float32))
        assert_close(seen if rule.inside else entering, prepared, 1e-6)


@pytest.mark.parametrize("name", WITH_TOP)
def test_with_its_top_a_row_gives_probabilities_and_has_the_parameters_that_are_published(
    keras, name
):
    row = catalog.find(name)
    model = networks.keras_model(smaller(row), Weights(None, "random-0"), 32, top=True)

    assert model.count_params() + missing(row) == WITH_TOP[name]
    probabilities = run_keras(model, random_pixels(2, 32))
    assert probabilities.shape == (2, 1000)
    assert probabilities.min() >= 0
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def smaller(row):
    """A row that may be built for 32 pixels: VGG16 has half a gigabyte at its own size."""
    return dataclasses.replace(row, fixed=False)


def missing(row):
    """How many parameters a row has more at its own size than at 32 pixels."""
    return FC1_AT_224 if row.name == "vgg16" else 0


def preprocessed(keras, model):
    """What the first layer receives that is more than preprocessing."""
    layers = keras.layers
    kinds = [layers.InputLayer, layers.Rescaling, layers.Normalization]
    kinds += [layers.Permute, layers.Cropping2D, layers.Concatenate]  # they turn the channels
    layers = itertools.takewhile(lambda layer: isinstance(layer, tuple(kinds)), model.layers)
    return list(layers)[-1].output


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.25])
def test_any_width_of_mobilenet_is_a_row(keras, alpha):
    row = catalog.find(f"mobilenet-{alpha}")

    model = keras.applications.MobileNet(
        input_shape=(32, 32, 3), alpha=alpha, include_top=False, weights=None, pooling="avg"
    )

    assert (row.features, row.parameters) == (model.output_shape[1], model.count_params())
    assert row.files == ()


def test_a_mobilenet_has_one_name():
    assert catalog.find("mobilenet-0.50") is catalog.find("mobilenet-0.5")
    assert catalog.find("mobilenet-1.0") is catalog.find("mobilenet")


def test_a_name_nearly_right_gets_the_nearest_names():
    with pytest.raises(OptionError, match=r"no backbone 'mobilenetv2'.*mobilenet-v2"):
        catalog.find("mobilenetv2")


def test_a_name_like_no_other_gets_them_all():
    with pytest.raises(OptionError, match=re.escape(", ".join(r.name for r in catalog.BACKBONES))):
        catalog.find("???")


@pytest.mark.parametrize("name", ["mobilenet-0", "mobilenet-0.01", "mobilenet-9", "mobilenet-"])
def test_a_mobilenet_too_narrow_or_too_wide_is_refused(name):
    with pytest.raises(OptionError):
        catalog.find(name)


def test_vgg16_is_refused_at_any_size_but_its_own():
    with pytest.raises(OptionError, match="224 pixels only, not 160"):
        catalog.check_size(catalog.find("vgg16"), 160)


def test_a_size_below_32_is_refused():
    with pytest.raises(OptionError, match="at least 32"):
        catalog.check_size(catalog.find("resnet50"), 31)
