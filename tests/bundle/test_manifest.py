"""The manifest's fields, and what is not one."""

import json

import pytest
import tiny_bundle
from msgspec import structs

from headstart.bundle.graph_check import Port
from headstart.bundle.manifest import FORMAT, ImageInput, Manifest, TensorSpec
from headstart.bundle.refusal import Refused


@pytest.fixture
def document() -> dict:
    return json.loads(tiny_bundle.manifest().to_bytes())


def test_a_manifest_survives_its_own_bytes():
    manifest = tiny_bundle.manifest()
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


def test_the_same_content_gives_the_same_bytes():
    manifest = tiny_bundle.manifest()
    turned = structs.replace(
        manifest,
        metrics=dict(reversed(manifest.metrics.items())),
        versions=dict(reversed(manifest.versions.items())),
    )
    assert turned.to_bytes() == manifest.to_bytes()
    assert "ñandú" in manifest.to_bytes().decode()


def test_ports_are_those_of_a_photo_classifier():
    manifest = tiny_bundle.manifest()
    assert manifest.inputs() == {"pixels": Port("u8", (-1, 8, 8, 3))}
    assert manifest.outputs() == {
        "features": Port("f32", (-1, 4)),
        "logits": Port("f32", (-1, 3)),
    }


@pytest.mark.parametrize("number", [4, 10, 10**30])
def test_fault_53_a_newer_format_is_named_whatever_else_it_holds(number):
    with pytest.raises(Refused, match=f"format {number}") as caught:
        Manifest.from_bytes(json.dumps({"format": number, "new": []}).encode())
    assert "Update headstart" in caught.value.mend


@pytest.mark.parametrize("number", [None, 0, -1, 1.0, True, "1"])
def test_a_format_that_is_no_number_from_1_on_is_refused(document, number):
    document["format"] = number
    with pytest.raises(Refused, match="its format is"):
        Manifest.from_bytes(json.dumps(document).encode())


def test_the_format_is_raised_together_with_a_fixture():
    from pathlib import Path

    fixtures = Path(__file__).parent / "fixtures"
    assert [(fixtures / f"format_{i}.headstart").is_file() for i in range(1, FORMAT + 1)] == [
        True
    ] * FORMAT


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("softmax",), True, "the whole: Object contains unknown field `softmax`"),
        (("input", "mean"), 0.5, "input: Object contains unknown field `mean`"),
        (("task",), "video", "task: Invalid enum value 'video'"),
        (("classes",), ["cat"], "classes: .* length >= 2"),
        (("classes",), ["cat", "cat"], "two classes have the same name"),
        (("classes",), ["cat", ""], r"classes\[1\]: .* length >= 1"),
        (("classes",), ["cat", "\ud800"], "JSON is malformed"),
        (("input", "size"), "8", r"input\.size: Expected `int`"),
        (("input", "size"), 8.0, r"input\.size: Expected `int`"),
        (("input", "size"), 1_000_000, r"input\.size: Expected `int`"),
        (("input", "size"), 16, "input.size and network.backbone.size differ"),
        (("network", "backbone", "features"), 0, r"network\.backbone\.features: .* >= 1"),
        (("temperature",), 0, "temperature: .* > 0"),
        (("threshold",), 0.5, "threshold: Expected `object"),
        (
            ("threshold",),
            {
                "wanted": 0.9,
                "probability": 0.5,
                "distance": 0.1,
                "nearest": None,
                "references": None,
            },
            "threshold: .* go together",
        ),
        (("metrics",), {"x": 1}, "metrics: Invalid enum value 'x'"),
        (
            ("metrics", "test"),
            {"accuracy": 1.0},
            r"metrics\[.* required field `accuracy_i",
        ),
        (("metrics", "test", "accuracy"), 97, r"metrics\[\.\.\.\]\.accuracy: .* <= 1"),
        (("metrics", "test", "per_class"), {}, "unknown field `per_class`"),
        (("network", "kind"), "pickle", r"network\.kind: Invalid value 'pickle'"),
        (("network", "head", "kind"), "pickle", r"head\.kind: Invalid enum value 'pickle'"),
        (("split_sha256",), "1" * 63, "split_sha256: "),
        (("split_sha256",), "1" * 64 + "\n", "split_sha256: "),
        (
            ("entries",),
            {"a": {"size": -1, "sha256": "1" * 64}},
            r"entries\[.*\]\.size: .* >= 0",
        ),
        (("tensors",), {"a": {}}, "tensors names an entry"),
    ],
)
def test_a_field_that_is_wrong_is_named(document, place, value, words):
    *above, name = place
    record = document
    for step in above:
        record = record[step]
    record[name] = value
    with pytest.raises(Refused, match=words):
        Manifest.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize("name", ["classes", "input", "temperature", "metrics", "versions"])
def test_a_field_that_is_missing_is_named(document, name):
    del document[name]
    with pytest.raises(Refused, match=f"missing required field `{name}`"):
        Manifest.from_bytes(json.dumps(document).encode())


def test_figures_that_are_no_numbers_are_not_written():
    figures = structs.replace(tiny_bundle.manifest().metrics["test"], loss=float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        structs.replace(tiny_bundle.manifest(), metrics={"test": figures}).to_bytes()


def test_what_could_not_be_read_is_not_written():
    manifest = structs.replace(tiny_bundle.manifest(), temperature=-1.0)
    with pytest.raises(ValueError, match=r"float` > 0.* `\$\.temperature`"):
        manifest.to_bytes()


def test_the_weights_of_a_logistic_head_are_a_kernel_and_a_bias():
    assert tiny_bundle.manifest().weights() == {
        "head.kernel": TensorSpec(dtype="F32", shape=(4, 3)),
        "head.bias": TensorSpec(dtype="F32", shape=(3,)),
    }


def test_a_manifest_cannot_be_changed():
    with pytest.raises(AttributeError, match="immutable"):
        ImageInput(size=8, resize="crop", decode_version=1).size = 9
