"""Where a graph ends in a linear layer on pooled maps, and where it only seems to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tiny_bundle

from headstart.backbone import catalog, convert, lite0, networks
from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.quiet_openvino import openvino, ops
from headstart.backbone.weights import Weights
from headstart.bundle.classifier import Classifier
from headstart.bundle.pooled import MAPS, pooled
from headstart.bundle.save import with_head
from headstart.data.pixels import decode
from headstart.training.head import Head

Draw = Callable[..., Any]


def random_head(features: int, classes: int = 3) -> Head:
    chance = np.random.default_rng(1)
    kernel = chance.standard_normal((features, classes)).astype(np.float32)
    return Head(kernel, chance.standard_normal(classes).astype(np.float32), 1e-3)


def agrees(model: openvino.Model, photos: np.ndarray) -> tuple[int, ...]:
    """That mean and bias are the logits of each photo; returns the shape of the maps."""
    found = pooled(model)
    assert found is not None
    engine = OpenVinoEngine(found.model, "", output="logits")
    for photo in photos:
        logits, made = engine.run_for(photo[np.newaxis], "logits", MAPS)
        maps = found.maps(made)
        added = (maps @ found.kernel).mean(axis=(0, 1)) + found.bias
        scale = np.abs(maps).mean(axis=(0, 1)) @ np.abs(found.kernel) + 1
        np.testing.assert_allclose((added - logits[0]) / scale, 0, atol=1e-5)
        assert found.sides == list(maps.shape[:2])
    assert np.ptp(maps @ found.kernel) > 0
    return maps.shape


def test_the_mean_of_the_map_and_the_bias_are_the_logits_of_the_default_network(shared) -> None:
    files = sorted((shared / "data" / "imagenet-samples").glob("*.jpg"))
    photos = np.array([decode(file.read_bytes(), 224, "squash") for file in files])
    graph = lite0.openvino_model(lite0.load_tensors(None), 224)
    assert agrees(with_head(graph, random_head(1280)), photos) == (7, 7, 1280)


@pytest.mark.parametrize("name", ["mobilenet-0.25", "mobilenet-v3-large"])
def test_and_of_networks_that_were_converted_from_keras(keras: Any, name: str) -> None:
    row = catalog.find(name)
    graph = convert.traced(networks.keras_model(row, Weights(None, "random-0"), 96))
    photos = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    shape = agrees(with_head(graph, random_head(row.features)), photos)
    assert shape == (3, 3, row.features)


def test_and_of_a_network_whose_last_layers_were_trained(made) -> None:
    classifier = Classifier.open(made.path)
    assert agrees(classifier.graph(), made.pixels[:4])[2] == 256


def test_and_of_a_saved_tiny_one_which_stays_as_it_was() -> None:
    graph = openvino.Core().read_model(*tiny_bundle.graph())
    assert agrees(graph, tiny_bundle.pixels()) == (4, 4, 4)
    assert [output.any_name for output in graph.outputs] == ["features", "logits"]


def constant(value: Any, dtype: type = np.float32) -> Any:
    return ops.constant(np.array(value, dtype))


def network(top: Draw, size: int = 6) -> openvino.Model:
    """A convolution to maps (n, 4, size, size), then `top` to logits of three classes."""
    pixels = ops.parameter([-1, size, size, 3], np.uint8, name="pixels")
    pixels.output(0).set_names({"pixels"})
    x = ops.transpose(ops.convert(pixels, "f32"), constant([0, 3, 1, 2], np.int64))
    kernel = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    x = ops.convolution(x, ops.constant(kernel), [1, 1], [1, 1], [1, 1], [1, 1])
    logits = top(x)
    logits.output(0).set_names({"logits"})
    return openvino.Model([ops.result(logits)], [pixels], "network")


KERNEL = np.random.default_rng(2).standard_normal((4, 3)).astype(np.float32)
BIAS = np.array([[0.5, -1, 2]], np.float32)


def mean(x: Any, axes: Any = (2, 3), keep: bool = False) -> Any:
    return ops.reduce_mean(x, constant(axes, np.int64), keep)


def linear(x: Any) -> Any:
    return ops.add(ops.matmul(x, ops.constant(KERNEL), False, False), ops.constant(BIAS))


TOPS: dict[str, Draw] = {
    "plain": lambda x: linear(mean(x)),
    "kept sides": lambda x: linear(
        ops.reshape(mean(x, keep=True), constant([-1, 4], np.int64), False)
    ),
    "squeezed": lambda x: linear(
        ops.squeeze(mean(x, (-1, -2), keep=True), constant([2, 3], np.int64))
    ),
    "channels last": lambda x: linear(
        mean(ops.transpose(x, constant([0, 2, 3, 1], np.int64)), (1, 2))
    ),
    "turned kernel": lambda x: ops.add(
        ops.constant(BIAS), ops.matmul(mean(x), ops.constant(KERNEL.T), False, True)
    ),
    "no bias": lambda x: ops.matmul(mean(x), ops.constant(KERNEL), False, False),
}


@pytest.mark.parametrize("name", TOPS)
def test_however_the_end_is_written_it_is_found(name: str) -> None:
    photos = np.random.default_rng(3).integers(0, 256, (2, 6, 6, 3), np.uint8)
    assert agrees(network(TOPS[name]), photos) == (6, 6, 4)


OTHERS: dict[str, Draw] = {
    "the largest": lambda x: linear(ops.reduce_max(x, constant([2, 3], np.int64))),
    "a mean over channels": lambda x: linear(
        ops.reshape(
            mean(ops.reshape(x, constant([-1, 3, 4, 12], np.int64), False), (1, 3)),
            constant([-1, 4], np.int64),
            False,
        )
    ),
    "a normalized mean": lambda x: linear(
        ops.mvn(mean(x), constant([1], np.int64), True, 1e-6, "inside_sqrt")
    ),
    "a hidden layer": lambda x: linear(ops.relu(mean(x))),
    "flattened maps": lambda x: ops.matmul(
        ops.reshape(x, constant([0, -1], np.int64), True),
        ops.constant(np.ones((144, 3), np.float32)),
        False,
        False,
    ),
    "scaled logits": lambda x: ops.multiply(linear(mean(x)), constant([[1, 2, 3]])),
    "a mean over height alone": lambda x: ops.matmul(
        ops.reshape(mean(x, (2,)), constant([-1, 24], np.int64), False),
        ops.constant(np.ones((24, 3), np.float32)),
        False,
        False,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_linear_layer_on_a_mean_over_height_and_width_is_none(name: str) -> None:
    assert pooled(network(OTHERS[name])) is None
