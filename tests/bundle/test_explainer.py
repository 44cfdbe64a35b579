"""Why a bundle answers as it does: read off exactly where that goes, else by covering parts."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from PIL import Image

from headstart.backbone import lite0
from headstart.backbone.quiet_openvino import openvino
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import Backboned, BackboneRef, HeadRef, ImageInput, Manifest
from headstart.bundle.package import package
from headstart.bundle.save import save, with_head
from headstart.data.pixels import decode
from headstart.errors import OptionError, SourceError
from headstart.evaluation.metrics import softmax
from headstart.training.head import Head


@pytest.fixture(scope="module")
def photos(shared: Path) -> list[Path]:
    """An espresso, a lizard and a strawberry."""
    return sorted((shared / "data" / "imagenet-samples").glob("*.jpg"))


def real(path: Path, photos: list[Path], resize: Any = "squash", **fields: Any) -> Classifier:
    """The default network with the part of its own top that tells those three apart."""
    tensors = lite0.load_tensors(None)
    wanted = [967, 40, 949]
    head = Head(
        np.ascontiguousarray(tensors["_fc.weight"][wanted].T), tensors["_fc.bias"][wanted], 0.0
    )
    graph = lite0.openvino_model(tensors, 224)
    manifest = Manifest(
        task="image",
        classes=("espresso", "lizard", "strawberry"),
        input=ImageInput(size=224, resize=resize, decode_version=1),
        network=Backboned(
            backbone=BackboneRef(
                name="efficientnet-lite0", weights="0" * 64, features=1280, size=224
            ),
            head=HeadRef(kind="logistic", l2=0.0),
        ),
        precision="float32",
        parameters=1,
        trainable_parameters=1,
        temperature=None,
        threshold=None,
        metrics={},
        split_sha256=None,
        versions={},
    )
    from headstart.backbone.engine import OpenVinoEngine

    engine = OpenVinoEngine(with_head(graph, head), "", output="logits")
    pixels = np.array([decode(photo.read_bytes(), 224, resize) for photo in photos])
    proof = softmax(np.concatenate([engine.run(photo[np.newaxis]) for photo in pixels]))
    made = save(
        path,
        manifest,
        graph,
        head,
        tuned={},
        optimizer={},
        proof_files=[str(photo) for photo in photos],
        proof=proof,
        features=np.zeros((0, 1280), np.float32),
    )
    if not fields:
        return made
    found = archive.read(path)
    members = {name: bytes(content) for name, content in found.members.items()}
    archive.write(path, structs.replace(found.manifest, **fields), members)
    return Classifier.open(path)


@pytest.fixture(scope="module")
def classifier(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return real(tmp_path_factory.mktemp("real") / "real.headstart", photos)


def logits(classifier: Classifier, photo: Path) -> np.ndarray:
    from headstart.backbone.engine import OpenVinoEngine

    engine = OpenVinoEngine(classifier.graph(), "", output="logits")
    return engine.run(decode(photo.read_bytes(), 224, "squash")[np.newaxis])[0]


def test_the_mean_of_a_map_and_the_bias_are_the_logit_of_the_class(classifier, photos) -> None:
    for number, name in enumerate(classifier.classes):
        for photo, found in zip(photos, classifier.explain(photos, [name] * 3), strict=True):
            assert (found.class_name, found.method) == (name, "class activation")
            assert (found.map.shape, found.map.dtype) == ((7, 7), np.float32)
            expected = logits(classifier, photo)[number]
            assert found.map.mean() + found.bias == pytest.approx(expected, abs=1e-4)


def test_unasked_the_most_probable_class_is_explained(classifier, photos) -> None:
    found = classifier.explain(photos)
    assert [each.class_name for each in found] == ["espresso", "lizard", "strawberry"]
    expected = classifier.predict_proba(photos).max(axis=1)
    assert [each.probability for each in found] == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_map_lies_where_the_thing_is(classifier, photos, tmp_path) -> None:
    strawberry = Image.open(photos[2]).convert("RGB").resize((112, 112))
    maps = []
    for corner in ((0, 0), (112, 112)):
        sheet = Image.new("RGB", (224, 224), (127, 127, 127))
        sheet.paste(strawberry, corner)
        sheet.save(tmp_path / "sheet.png")
        (found,) = classifier.explain([tmp_path / "sheet.png"], ["strawberry"])
        maps.append(found.map)
    first, second = maps
    assert first[:4, :4].mean() > first[4:, 4:].mean() + 1
    assert second[4:, 4:].mean() > second[:3, :3].mean() + 1


def test_the_probability_is_that_of_the_temperature(photos, tmp_path) -> None:
    warm = real(tmp_path / "warm.headstart", photos, temperature=2.5)
    expected = softmax(logits(warm, photos[1])[np.newaxis] / 2.5)[0]
    (found,) = warm.explain(photos[1:2], ["lizard"])
    assert found.probability == pytest.approx(expected[1], abs=1e-5)
    assert found.map.mean() + found.bias == pytest.approx(logits(warm, photos[1])[1], abs=1e-4)


def test_in_bfloat16_it_is_read_off_too(photos, tmp_path) -> None:
    short = real(tmp_path / "short.headstart", photos, precision="bfloat16")
    assert {each.method for each in short.explain(photos)} == {"class activation"}


def test_a_map_of_one_place_says_nothing_so_parts_are_covered(trained) -> None:
    photos = sorted((trained.source / "0").iterdir())[:2]
    found = trained.run.bundle.explain(photos)  # of 32 pixels
    assert [each.method for each in found] == ["occlusion"] * 2
    assert found[0].map.shape == (8, 8)
    assert found[0].bias == 0


@pytest.fixture(scope="module")
def red(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A packaged Keras model that answers `red` if something red is on the photo."""
    layers = keras.layers
    pixels = keras.Input((64, 64, 3))
    redness = layers.Conv2D(1, 1, name="redness")
    top = layers.Dense(2, activation="softmax", name="top")
    model = keras.Model(pixels, top(layers.GlobalMaxPooling2D()(redness(pixels))), name="red")
    redness.set_weights([np.array([1, -0.5, -0.5]).reshape(1, 1, 3, 1), np.zeros(1)])
    top.set_weights([np.array([[-0.05, 0.05]]), np.array([5.0, -5.0])])
    x = np.full((8, 64, 64, 3), 90, np.uint8)
    x[4:, 20:30, 20:30] = (230, 20, 20)
    out = tmp_path_factory.mktemp("red") / "red.headstart"
    return package(model, ["other", "red"], "none", (x, [0] * 4 + [1] * 4), out=out)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 5), (7, 3)])
def test_an_occlusion_finds_a_planted_square(red, row, column) -> None:
    photo = np.random.default_rng(0).integers(60, 120, (64, 64, 3), np.uint8)
    photo[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = (230, 20, 20)
    one, other = red.explain([png(photo)] * 2, ["red", "other"])
    assert (one.method, one.map.shape) == ("occlusion", (8, 8))
    assert np.unravel_index(one.map.argmax(), (8, 8)) == (row, column)
    assert one.probability > 0.99
    assert one.map.max() > 5
    far = one.map[(row + 4) % 8, (column + 4) % 8]
    assert abs(far) < 0.01
    np.testing.assert_allclose(other.map, -one.map, atol=1e-6)


def test_a_packaged_model_with_a_linear_layer_on_a_mean_is_read_off(keras, tmp_path) -> None:
    layers = keras.layers
    pixels = keras.Input((32, 32, 3))
    maps = layers.Conv2D(4, 3, strides=4, activation="relu")(pixels)
    answers = layers.Dense(2)(layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(pixels, answers, name="pooled")
    x = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    made = package(model, ["a", "b"], "none", (x, [0, 1] * 3), out=tmp_path / "pooled.headstart")
    expected = model.predict(x.astype(np.float32), verbose=0)
    found = made.explain([png(photo) for photo in x], ["b"] * 6)
    assert {each.method for each in found} == {"class activation"}
    means = [each.map.mean() + each.bias for each in found]
    np.testing.assert_allclose(means, expected[:, 1], rtol=1e-4)


def test_what_cannot_be_done_in_time_is_left_out(red, classifier, photos) -> None:
    grey = png(np.full((64, 64, 3), 90, np.uint8))
    assert len([*red.try_explain([grey] * 3, covered=3)]) == 3
    assert [*red.try_explain([grey] * 3, covered=0)] == []
    assert len([*classifier.try_explain(photos, covered=0)]) == 3  # one run for each anyway


def test_an_explainer_opened_first_answers_too_and_the_network_is_compiled_once(
    classifier, photos, monkeypatch
) -> None:
    compiled = []
    core = openvino.Core

    class Counted(core):
        def compile_model(self, *given: Any) -> Any:
            compiled.append(given)
            return super().compile_model(*given)

    monkeypatch.setattr(openvino, "Core", Counted)
    opened = Classifier(archive.read(classifier._path))
    opened.open_explainer()
    answers = opened.predict_proba(photos)
    assert np.abs(answers - classifier.predict_proba(photos)).max() < 1e-5
    (explained,) = opened.explain(photos[:1])
    assert explained.probability == answers[0].max()
    assert len(compiled) == 1


def test_photos_that_cannot_be_read_are_all_named(classifier, photos, tmp_path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    with pytest.raises(SourceError, match=r"page\.jpg: not an image.*gone\.png: "):
        classifier.explain([tmp_path / "page.jpg", photos[0], tmp_path / "gone.png"])
    bad, good = classifier.try_explain([tmp_path / "page.jpg", photos[0]])
    assert bad == 'not an image (starts with "<html>")'
    assert good[0].class_name == "espresso"


def test_a_call_that_cannot_be_answered_is_refused(classifier, photos) -> None:
    with pytest.raises(OptionError, match="one photo, not a list"):
        classifier.explain(photos[0])
    with pytest.raises(OptionError, match="one class, not a list"):
        classifier.explain(photos, "lizard")
    with pytest.raises(OptionError, match="There are 3 photos but 1 classes"):
        classifier.explain(photos, ["lizard"])
    with pytest.raises(OptionError, match=r"No class of this classifier: newt\. It knows espr"):
        classifier.explain(photos[:1], ["newt"])
    assert classifier.explain([]) == []
