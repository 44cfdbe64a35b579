"""A classifier that is open: what it answers, and what it refuses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from sklearn.metrics import accuracy_score, confusion_matrix

import headstart
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.errors import ModelError, OptionError, SourceError


@dataclass(frozen=True)
class Judged:
    """The test photos of the run that all tests share, with what the run said of them."""

    paths: list[Path]
    labels: list[str]
    predicted: list[str]
    probabilities: np.ndarray


@pytest.fixture(scope="module")
def classifier(trained) -> Classifier:
    return Classifier.open(trained.folder)


@pytest.fixture(scope="module")
def judged(trained) -> Judged:
    rows = [row for row in trained.run.predictions if row["split"] == "test"]
    return Judged(
        [trained.source / row["sample"] for row in rows],
        [row["label"] for row in rows],
        [row["predicted"] for row in rows],
        np.array([[float(row[f"p:{digit}"]) for digit in range(10)] for row in rows]),
    )


def changed(trained, tmp_path: Path, **fields: object) -> Path:
    """The bundle of the run with other fields in its manifest."""
    found = archive.read(Path(trained.folder, "model.headstart"))
    members = {name: bytes(content) for name, content in found.members.items()}
    archive.write(
        tmp_path / "changed.headstart", structs.replace(found.manifest, **fields), members
    )
    return tmp_path / "changed.headstart"


def test_it_says_of_test_photos_what_the_run_says(classifier, judged):
    found = classifier.predict_proba(judged.paths)
    assert (found.shape, found.dtype) == ((44, 10), np.float32)
    np.testing.assert_allclose(found, judged.probabilities, atol=1e-4)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert classifier.predict(judged.paths) == judged.predicted


def test_the_whole_bundle_file_may_be_given_instead_of_its_run(trained, judged, classifier):
    by_file = headstart.load(Path(trained.folder, "model.headstart"))
    np.testing.assert_array_equal(
        by_file.predict_proba(judged.paths[:3]), classifier.predict_proba(judged.paths[:3])
    )
    assert by_file.classes == tuple("0123456789")


def test_photos_may_be_paths_or_the_bytes_of_files(classifier, judged):
    path = judged.paths[0]
    rows = classifier.predict_proba([path, str(path), path.read_bytes()])
    np.testing.assert_array_equal(rows, rows[[0, 0, 0]])


def test_a_photo_gets_the_same_answer_alone_and_among_others(classifier, judged):
    alone = [classifier.predict_proba([path])[0] for path in judged.paths[:9]]
    np.testing.assert_array_equal(alone, classifier.predict_proba(judged.paths)[:9])


def test_no_photos_give_no_answers(classifier):
    assert classifier.predict([]) == []
    assert classifier.predict_proba([]).shape == (0, 10)


@pytest.mark.parametrize("photo", ["a.jpg", b"\xff\xd8", Path("a.jpg")])
def test_a_photo_instead_of_a_list_of_photos_is_refused(classifier, photo):
    for answer in (classifier.predict, classifier.predict_proba, classifier.try_predict):
        with pytest.raises(OptionError, match=r"one photo, not a list of them\. Give \[photo\]"):
            answer(photo)
    with pytest.raises(OptionError, match="one photo, not a list"):
        classifier.evaluate(photo, ["1"])
    with pytest.raises(OptionError, match="one label, not a list"):
        classifier.evaluate([photo], "1")


def test_photos_without_labels_or_labels_without_photos_are_refused(classifier, judged):
    with pytest.raises(OptionError, match="There are 2 photos but 1 labels"):
        classifier.evaluate(judged.paths[:2], judged.labels[:1])
    with pytest.raises(SourceError, match="no photo to judge by"):
        classifier.evaluate([], [])


def test_photos_that_cannot_be_read_are_all_named(classifier, judged, tmp_path):
    (tmp_path / "page.jpg").write_text("<html>")
    bad = [tmp_path / "page.jpg", judged.paths[0], tmp_path / "gone\n.png", b""]
    with pytest.raises(SourceError) as caught:
        classifier.predict(bad)
    assert "page.jpg: not an image" in str(caught.value)
    assert "gone\\n.png: " in str(caught.value)
    assert "photo 3: " in str(caught.value)
    assert judged.paths[0].name not in str(caught.value)


def test_or_reported_beside_the_answers_to_the_others(classifier, judged, tmp_path):
    (tmp_path / "page.jpg").write_text("<html>")
    paths = [*judged.paths[:10], tmp_path / "page.jpg", *judged.paths[10:]]
    rows, faults = classifier.try_predict(paths)
    assert faults.keys() == {10}
    assert np.isnan(rows[10]).all()
    np.testing.assert_array_equal(
        np.delete(rows, 10, axis=0), classifier.predict_proba(judged.paths)
    )


def test_it_judges_itself_by_photos_with_labels(classifier, judged, trained):
    found = classifier.evaluate(judged.paths, judged.labels)
    assert found["accuracy"] == accuracy_score(judged.labels, judged.predicted)
    matrix = confusion_matrix(judged.labels, judged.predicted, labels=list(classifier.classes))
    assert found["confusion_matrix"] == matrix.tolist()
    assert found["loss"] == pytest.approx(trained.run.metrics["test"]["loss"], abs=1e-4)


def test_labels_that_are_none_of_the_classes_are_named(classifier, judged):
    with pytest.raises(SourceError, match=r"does not know: eleven, ten\. It knows 0, 1, 2"):
        classifier.evaluate(judged.paths[:3], ["ten", "1", "eleven"])


def test_a_temperature_divides_the_logits(trained, classifier, judged, tmp_path):
    twice = 2 * classifier.manifest.temperature
    warm = Classifier.open(changed(trained, tmp_path, temperature=twice))
    plain = classifier.predict_proba(judged.paths).astype(np.float64)
    expected = np.sqrt(plain)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(warm.predict_proba(judged.paths), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "resnet9000"}, r"names the backbone 'resnet9000', which is not known here"),
        ({"cut": "block5"}, "names the layer 'block5' of efficientnet-lite0"),
        ({"name": "mobilenet-v3-large"}, "1,280 features of mobilenet-v3-large, which has 960"),
    ],
)
def test_fault_48_a_backbone_or_layer_that_is_not_known_is_refused(
    trained, tmp_path, fields, words
):
    network = trained.run.bundle.manifest.network
    backbone = structs.replace(network.backbone, **fields)
    path = changed(trained, tmp_path, network=structs.replace(network, backbone=backbone))
    with pytest.raises(ModelError, match=words) as caught:
        Classifier.open(path)
    assert str(caught.value).startswith(f"{path}: manifest.json: ")
    assert "pip install --upgrade" in caught.value.mend


def test_photos_that_were_decoded_otherwise_are_refused(trained, tmp_path):
    image = structs.replace(trained.run.bundle.manifest.input, decode_version=7)
    with pytest.raises(ModelError, match="names decode_version 7, which is not 1") as caught:
        Classifier.open(changed(trained, tmp_path, input=image))
    assert "pip install --upgrade" in caught.value.mend


def test_as_a_keras_model_it_gives_the_same_probabilities(
    keras, trained, classifier, judged, tmp_path
):
    from headstart.data.pixels import decode

    warm = Classifier.open(changed(trained, tmp_path, temperature=2.0))
    pixels = np.stack([decode(path.read_bytes(), 32, "squash") for path in judged.paths])
    for each in (classifier, warm):
        model = each.to_keras()
        assert model.output_shape == (None, 10)
        assert model.count_params() == trained.run.metrics["parameters"]
        np.testing.assert_allclose(
            model(pixels, training=False), each.predict_proba(judged.paths), atol=1e-4
        )
