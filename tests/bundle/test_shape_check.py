"""Graphs whose own words about their shapes are not to be believed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny_bundle
from msgspec import structs

from headstart.backbone.quiet_openvino import openvino, ops
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.graph_check import check_graph
from headstart.bundle.refusal import Refused
from headstart.bundle.shape_check import check_shapes
from headstart.errors import ModelError

MANIFEST = tiny_bundle.manifest()


def check(model: openvino.Model) -> None:
    check_shapes(model, MANIFEST.inputs(), MANIFEST.outputs())


def network(middle: Callable[[Any, Any], Any]) -> openvino.Model:
    """A network of the ports that the manifest wants.

    Args:
        middle: pixels (n, 8, 8, 3), uint8, and their means (n, 3), float32 → float32 (n, any).
    """
    pixels = ops.parameter([-1, 8, 8, 3], np.uint8, name="pixels")
    pixels.output(0).set_names({"pixels"})
    means = ops.reduce_mean(ops.convert(pixels, "f32"), ops.constant(np.array([1, 2])), False)
    one = ops.reduce_sum(middle(pixels, means), ops.constant(np.array([1])), True)
    outputs = []
    for name, width in (("features", 4), ("logits", 3)):
        row = ops.constant(np.ones((1, width), np.float32))
        outputs.append(ops.matmul(one, row, False, False, name=name))
        outputs[-1].output(0).set_names({name})
    return openvino.Model([ops.result(node) for node in outputs], [pixels], "crafted")


def padded(row: Any, width: Any) -> Any:
    before, nothing = ops.constant(np.array([0, 0])), ops.constant(np.float32(0))
    return ops.pad(row, before, width, "constant", nothing)


def test_the_graph_of_a_bundle_passes_and_keeps_its_batch():
    xml, weights = tiny_bundle.graph()
    model = openvino.Core().read_model(xml, weights)
    check(model)
    assert str(model.input("pixels").partial_shape) == "[?,8,8,3]"
    assert str(model.output("logits").partial_shape) == "[?,3]"


def test_fault_51_an_output_that_is_narrower_than_it_says_is_refused():
    xml, weights = tiny_bundle.graph()
    head, result = xml.rsplit(b"<dim>3</dim>", 1)
    lying = head + b"<dim>5</dim>" + result
    wider = structs.replace(MANIFEST, classes=(*MANIFEST.classes, "emu", "fox"))
    check_graph(lying, len(weights), inputs=wider.inputs(), outputs=wider.outputs())
    model = openvino.Core().read_model(lying, weights)
    with pytest.raises(Refused, match=r"'logits' is f32 \[-1,3\]; the manifest says f32 \[-1,5\]"):
        check_shapes(model, wider.inputs(), wider.outputs())


def test_fault_50_a_layer_that_would_take_all_memory_is_refused():
    check(network(lambda _pixels, means: padded(means, ops.constant(np.array([0, 100_000])))))
    huge = network(lambda _pixels, means: padded(means, ops.constant(np.array([0, 10**9]))))
    with pytest.raises(Refused, match=r"1,000,000,\d{3} numbers for a sample of 8 × 8 × 3"):
        check(huge)


def test_fault_50_so_are_many_layers_that_would_take_it_together():
    def many(_pixels: Any, means: Any) -> Any:
        return ops.concat(
            [padded(means, ops.constant(np.array([0, 10_000 + i]))) for i in range(14)], 1
        )

    with pytest.raises(Refused, match="more than 262,144"):
        check(network(many))


def test_fault_50_a_size_that_a_photo_chooses_is_refused():
    def chosen(pixels: Any, means: Any) -> Any:
        zero, both = ops.constant(np.array([0])), ops.constant(np.array([0, 1]))
        brightest = ops.convert(ops.reduce_max(means, both, False), "i64")
        width = ops.concat([zero, ops.unsqueeze(brightest, zero)], 0)
        return padded(means, width)

    with pytest.raises(Refused, match="depends on the sample"):
        check(network(chosen))


def test_fault_51_a_bundle_with_such_a_graph_predicts_nothing(tmp_path, members):
    bomb = network(lambda _pixels, means: padded(means, ops.constant(np.array([0, 10**9]))))
    xml, weights = tiny_bundle.serialised(bomb)
    path = tmp_path / "model.headstart"
    archive.write(path, MANIFEST, {**members, "model.xml": xml, "model.bin": weights})
    classifier = Classifier(archive.read(path))
    with pytest.raises(ModelError, match="more than 262,144") as caught:
        classifier.predict_proba([b""])
    assert caught.value.where == f"{path}: model.xml"


def test_fault_51_a_graph_that_openvino_cannot_read_is_an_error_that_names_it(bundle):
    found = archive.read(bundle)
    xml = bytes(found.members["model.xml"]).replace(b'strides="2, 2"', b'strides="0, 0"')
    assert xml != bytes(found.members["model.xml"])
    broken = replace(found, members={**found.members, "model.xml": memoryview(xml)})
    with pytest.raises(ModelError, match="OpenVINO cannot make a network of it") as caught:
        Classifier(broken).graph()
    assert caught.value.where == f"{bundle}: model.xml"
