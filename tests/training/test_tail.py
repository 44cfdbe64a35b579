"""training/tail.py"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from headstart.backbone import catalog
from headstart.backbone.weights import Weights
from headstart.errors import OptionError

if TYPE_CHECKING:
    from headstart.training.tail import Tail

pytestmark = pytest.mark.usefixtures("keras")


def build(backbone: str, unfreeze: str, size: int = 64, classes: int = 10, **more: Any) -> "Tail":
    from headstart.training import tail

    row = catalog.find(backbone)
    weights = Weights(None, "random-0")
    given = {"dropout": 0.2, "momentum": 0.9, "seed": 0} | more
    return tail.build(row, weights, size, classes, unfreeze=unfreeze, **given)


@pytest.mark.parametrize(
    ("backbone", "unfreeze", "cut", "first"),
    [
        ("efficientnet-lite0", "none", "features", "logits"),
        ("efficientnet-lite0", "block_11_expand_convolution", "block_10", None),
        ("efficientnet-lite0", "3", "block_15", "head"),
        ("efficientnet-lite0", "20", "block_13", "block_14_depthwise_convolution"),
        ("efficientnet-lite0", "all", None, "stem_convolution"),
        ("mobilenet-0.25", "23", "conv_pw_10", "conv_pw_10_bn"),
    ],
)
def test_the_cut_is_the_last_that_all_paths_lead_through(
    backbone: str, unfreeze: str, cut: str | None, first: str | None
) -> None:
    found = build(backbone, unfreeze)
    assert (found.cut.name if found.cut else None) == cut
    assert found.first == (first or unfreeze)


@pytest.mark.parametrize("row", [*catalog.BACKBONES, *catalog.SCRATCH], ids=lambda row: row.name)
def test_every_row_names_the_layer_that_is_thawed_first(row: catalog.Backbone) -> None:
    if row.name == "vgg16" or row.scratch:
        pytest.skip("of half a gigabyte, or trained whole")
    found = build(row.name, row.thaw)
    assert found.cut is not None
    assert 0.1 < found.trained / found.parameters < 0.9


def test_the_tail_on_the_maps_is_the_whole_network() -> None:
    found = build("efficientnet-lite0", "block_11_expand_convolution")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    maps = found.frozen(pixels)
    features = np.asarray(found.backbone(pixels))
    logits = np.asarray(found.network(maps))
    assert maps.shape == (2, *found.shape)
    assert np.allclose(logits, found.head().logits(features), atol=1e-4)


def test_the_tutorials_networks_have_its_parameters(shared: Path) -> None:
    published = json.loads((shared / "reference" / "tutorial.json").read_text())
    cnn, fine = published["cats_dogs_simple_cnn"], published["sign_digits_mobilenet"]
    simple = build("simple-cnn", "all", 224, 2)
    assert simple.parameters == simple.trained == cnn["parameters"]
    mobile = build("mobilenet", "23", 224)
    assert mobile.parameters == fine["parameters"]
    assert mobile.trained == fine["trainable_parameters"]
    vgg, row = published["cats_dogs_vgg16"], catalog.find("vgg16")
    head = (row.features + 1) * 2
    assert (row.parameters + head, head) == (vgg["parameters"], vgg["trainable_parameters"])


def test_trained_weights_are_put_back_into_another_network() -> None:
    from headstart.training import tail

    one, other = build("mobilenet-0.25", "5"), build("mobilenet-0.25", "5")
    for weight in one.backbone.weights:
        weight.assign(np.asarray(weight.value) + 0.1)
    tensors = one.tensors()
    assert tensors
    assert {name.partition("/")[0] for name in tensors} <= {
        layer.name for layer in one.backbone.layers[-4:]
    }
    tail.fill(other.backbone, tensors)
    assert all(np.array_equal(tensors[name], array) for name, array in other.tensors().items())


def test_what_is_no_layer_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean block_11"):
        build("efficientnet-lite0", "block_11_expnd_convolution")
    with pytest.raises(OptionError, match="no 999"):
        build("efficientnet-lite0", "999")
