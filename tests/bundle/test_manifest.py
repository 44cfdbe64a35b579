"""The manifest's fields, and what is not one."""

import json

import pytest
import tiny_bundle
from pydantic import ValidationError

from headstart.bundle.graph_check import Port
from headstart.bundle.manifest import FORMAT, ImageInput, Manifest
from headstart.bundle.refusal import Refused


@pytest.fixture
def document() -> dict:
    return json.loads(tiny_bundle.manifest().to_bytes())


def test_a_manifest_survives_its_own_bytes():
    manifest = tiny_bundle.manifest()
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


def test_the_same_content_gives_the_same_bytes():
    manifest = tiny_bundle.manifest()
    turned = manifest.model_copy(
        update={
            "metrics": dict(reversed(manifest.metrics.items())),
            "versions": dict(reversed(manifest.versions.items())),
        }
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


@pytest.mark.parametrize("number", [2, 10, 10**30])
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
        (("softmax",), True, "softmax: Extra inputs"),
        (("image", "mean"), 0.5, r"image\.mean: Extra inputs"),
        (("task",), "video", "task: Input should be 'image'"),
        (("classes",), ["cat"], "classes: .* at least 2"),
        (("classes",), ["cat", "cat"], "two classes have the same name"),
        (("classes",), ["cat", ""], r"classes\.1: "),
        (("classes",), ["cat", "\ud800"], "Invalid JSON"),
        (("image", "size"), "8", r"image\.size: "),
        (("image", "size"), 8.0, r"image\.size: "),
        (("image", "size"), 1_000_000, r"image\.size: "),
        (("image", "size"), 16, "image.size and backbone.size differ"),
        (("backbone", "features"), 0, r"backbone\.features"),
        (("temperature",), 0, "temperature: .* greater than 0"),
        (("threshold",), 1.5, "threshold: .* less than or equal to 1"),
        (("head", "kind"), "pickle", r"head\.kind: Input should be 'logistic'"),
        (("split_sha256",), "1" * 63, "split_sha256: "),
        (("split_sha256",), "1" * 64 + "\n", "split_sha256: "),
        (("entries",), {"a": {"size": -1, "sha256": "1" * 64}}, r"entries\.a\.size"),
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


@pytest.mark.parametrize("name", ["classes", "image", "temperature", "metrics", "versions"])
def test_a_field_that_is_missing_is_named(document, name):
    del document[name]
    with pytest.raises(Refused, match=f"{name}: Field required"):
        Manifest.from_bytes(json.dumps(document).encode())


def test_a_manifest_with_nan_is_not_written():
    manifest = tiny_bundle.manifest().model_copy(update={"metrics": {"loss": float("nan")}})
    with pytest.raises(ValueError, match="JSON"):
        manifest.to_bytes()


def test_a_manifest_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        ImageInput(size=8, resize="crop", decode_version=1).size = 9
