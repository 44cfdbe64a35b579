"""Graphs that OpenVINO wrote, and graphs that it must not see."""

import re
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import tiny_bundle
from hypothesis import given
from hypothesis import strategies as st

from headstart.backbone.quiet_openvino import openvino, ops
from headstart.bundle.graph_check import OPERATIONS, Port, check_graph
from headstart.bundle.refusal import Refused

XML, BIN = tiny_bundle.graph()
CONSTANT = b'element_type="f32" shape="4, 3, 3, 3" offset="40" size="432"'


def check(xml: bytes, weights_bytes: int = len(BIN)) -> None:
    manifest = tiny_bundle.manifest()
    check_graph(xml, weights_bytes, inputs=manifest.inputs(), outputs=manifest.outputs())


def changed(old: bytes, new: bytes) -> bytes:
    assert old in XML
    return XML.replace(old, new, 1)


def test_a_graph_as_openvino_writes_it_passes():
    check(XML)


def test_a_graph_with_an_output_added_to_a_finished_model_passes():
    """OpenVINO then names the output at its source only, or at the result only."""
    core = openvino.Core()
    model = core.read_model(XML, BIN)
    more = ops.relu(model.output("logits").node.input_value(0))
    more.output(0).tensor.set_names({"more"})
    model.add_outputs([more.output(0)])
    xml, binary = tiny_bundle.serialised(model)
    manifest = tiny_bundle.manifest()
    outputs = manifest.outputs() | {"more": Port("f32", (-1, 3))}
    check_graph(xml, len(binary), inputs=manifest.inputs(), outputs=outputs)
    bare = re.sub(rb' output_names="\w+"', b"", xml)
    assert bare != xml
    check_graph(bare, len(binary), inputs=manifest.inputs(), outputs=outputs)


def test_a_graph_saved_by_the_converter_passes(tmp_path):
    """It leaves its remarks in the file, and weights in half precision."""
    model = openvino.Core().read_model(XML, BIN)
    openvino.save_model(model, tmp_path / "model.xml")
    xml = (tmp_path / "model.xml").read_bytes()
    assert b'element_type="f16"' in xml
    check(xml, (tmp_path / "model.bin").stat().st_size)
    remarks = b"<rt_info><conversion_parameters><framework value='tf'/></conversion_parameters>"
    check(changed(b"<rt_info />", remarks + b"</rt_info>"))


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE net><net name="x" version="11"></net>',
        b'<?xml version="1.0"?><!DOCTYPE net [<!ENTITY a "b">]><net version="11">&a;</net>',
        b'<!DOCTYPE net SYSTEM "file:///etc/passwd"><net version="11"/>',
    ],
)
def test_fault_51_a_doctype_is_refused(document):
    with pytest.raises(Refused, match="DOCTYPE"):
        check(document)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'type="ReLU"', b'type="TensorIterator"', "'relu' .TensorIterator. is not an operation"),
        (b'type="ReLU"', b'type="Loop"', "is not an operation"),
        (b'type="ReLU"', b'type="If"', "is not an operation"),
        (b'type="ReLU"', b'type="ReadValue"', "is not an operation"),
        (b'type="ReLU" version="opset1"', b'type="ReLU" version="extension"', "not an operation"),
        (b'type="ReLU" version="opset1"', b'type="ReLU"', "not an operation"),
        (b"<edges>", b"<edges><body/>", "net/edges/body, which no classifier needs"),
        (b"<layers>", b"<layers><layer><body/></layer>", "is not an operation"),
        (b'auto_pad="explicit" />', b'auto_pad="explicit" /><body />', "layer/body"),
        (b"<rt_info />", b"<rt_info><runtime_options/></rt_info>", "runtime_options"),
        (b"<rt_info />", b"<layers></layers>", "net/layers twice"),
        (b'auto_pad="explicit" />', b'auto_pad="explicit" /><data />', "layer/data twice"),
        (b"<edges>", b"<!-- hidden --><edges>", "comment"),
        (b"<edges>", b"<?php ?><edges>", "processing instruction"),
        (b"<dim>8</dim>", b"<dim><![CDATA[8]]></dim>", "CDATA"),
        (b"<dim>8</dim>", b"<dim>8x</dim>", "whole number"),
        (b"<dim>8</dim>", "<dim>\uff18</dim>".encode(), "whole number"),
        (b'version="11"', b'version="10"', "IR version 11"),
        (b"</net>", b"</nets>", "not XML"),
        (b'id="3"', b'id="4"', "not numbered in order"),
        (b'from-layer="0"', b'from-layer="5"', "edge from layer 5 to layer 1"),
        (b'to-layer="1"', b'to-layer="99"', "to layer 99"),
        (b'from-layer="0"', b'from-layer="-1"', "'-1' stands where a whole number"),
        (b'to-layer="3" to-port="1"', b'to-layer="3" to-port="0"', "edge to port 0 twice"),
        (b'destination_type="f32"', b'destination_type="f32" offset="0"', "is no constant"),
    ],
)
def test_fault_51_a_graph_that_does_more_than_compute_is_refused(old, new, words):
    with pytest.raises(Refused, match=words):
        check(changed(old, new))


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (b'element_type="f32" shape="4, 3, 3, 3" offset="200" size="432"', "ends at byte 632"),
        (b'element_type="f32" shape="4, 3, 3, 3" offset="-8" size="432"', "whole number"),
        (
            b'element_type="f32" shape="4, 3, 3, 3" offset="18446744073709551608" size="432"',
            "whole number",
        ),
        (b'element_type="f32" shape="4, 3, 3, 3" offset="40" size="431"', "431 bytes"),
        (b'element_type="f32" shape="4, 3, 3, 4" offset="40" size="576"', "differs from its port"),
        (b'element_type="i32" shape="4, 3, 3, 3" offset="40" size="432"', "differs from its port"),
        (b'element_type="string" shape="4, 3, 3, 3" offset="40" size="432"', "differs from its"),
        (b'element_type="f32" shape="4, 3, 3, 3" offset="40"', "not described by"),
    ],
)
def test_fault_51_a_constant_outside_the_weights_is_refused(new, words):
    with pytest.raises(Refused, match=words) as caught:
        check(changed(CONSTANT, new))
    assert "kernel" in caught.value.reason or "whole number" in caught.value.reason


def test_fault_51_weights_that_are_too_short_are_refused():
    with pytest.raises(Refused, match="weights that have 547"):
        check(XML, len(BIN) - 1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'names="pixels"', b'names="image"', r"inputs are \['image'\]"),
        (b'names="logits"', b'names="features"', "taken .'features'"),
        (b'names="logits"', b'names="scores"', r"outputs are \['features', 'scores"),
        (b'type="Result"', b'type="Result" output_names="x"', r"outputs are \['logits', 'x'"),
        (b'shape="?,8,8,3"', b'shape="1,8,8,3"', "differs from its port"),
        (b'shape="?,8,8,3"', b'shape="1..4,8,8,3"', "differs from its port"),
        (b'element_type="u8"', b'element_type="f32"', "differs from its port"),
    ],
)
def test_fault_51_inputs_and_outputs_are_those_of_the_manifest(old, new, words):
    with pytest.raises(Refused, match=words):
        check(changed(old, new))


def test_an_operation_that_no_classifier_needs_is_refused_as_openvino_writes_it():
    pixels = ops.parameter([-1, 8, 8, 3], np.uint8, name="pixels")
    pixels.output(0).set_names({"pixels"})
    places = ops.non_zero(pixels, "i64")
    assert places.get_type_name() not in OPERATIONS
    xml, binary = tiny_bundle.serialised(openvino.Model([places], [pixels], "other"))
    with pytest.raises(Refused, match=r"\(NonZero\) is not an operation"):
        check(xml, len(binary))


def read_by(width: Any) -> tuple[bytes, bytes]:
    """A graph that OpenVINO reshapes by the first number of `width`, and so computes it."""
    zero, one = (ops.constant(np.array([i])) for i in (0, 1))
    pixels = ops.parameter([-1, 8, 8, 3], np.uint8, name="pixels")
    pixels.output(0).set_names({"pixels"})
    first = ops.slice(width(pixels), zero, one, one, zero)
    rows = ops.reshape(pixels, ops.concat([ops.constant(np.array([-1])), first], 0), False)
    rows.output(0).set_names({"rows"})
    return tiny_bundle.serialised(openvino.Model([ops.result(rows)], [pixels], "crafted"))


def padded(row: Any) -> Any:
    zero = ops.constant(np.array([0]))
    return ops.pad(row, zero, ops.constant(np.array([10])), "constant", ops.constant(np.int64(0)))


def test_fault_50_what_is_computed_while_a_graph_is_read_is_refused():
    """A million times 10 would take that much memory before any shape could be looked at."""
    xml, binary = read_by(lambda _pixels: padded(ops.constant(np.array([192]))))
    with pytest.raises(Refused, match=r"\(Pad\) does not depend on the photo"):
        check(xml, len(binary))
    xml, binary = read_by(lambda pixels: padded(ops.shape_of(pixels)))
    with pytest.raises(Refused, match=r"\(ShapeOf\) is not an operation"):
        check(xml, len(binary))


def test_fault_50_documents_without_end_are_refused():
    with pytest.raises(Refused, match="more than the 16,777,216"):
        check(b" " * (16 << 20) + b"<net/>")
    layer = b'<layer id="%d" type="ReLU" version="opset1"/>'
    layers = b"".join(layer % i for i in range(10_001))
    with pytest.raises(Refused, match="more than 10,000 layers"):
        check(b'<net version="11"><layers>' + layers + b"</layers></net>")


@given(st.data())
def test_a_damaged_document_is_refused_or_harmless_and_nothing_worse(data):
    xml = bytearray(XML)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(xml) - 1))
        piece = data.draw(st.binary(max_size=2) | st.sampled_from([b"<", b"</layer>", b'"', b"9"]))
        xml[at : at + data.draw(st.integers(0, 3))] = piece
    with suppress(Refused):
        check(bytes(xml))
