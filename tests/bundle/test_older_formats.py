"""Bundles that were saved by earlier versions, or in this format, still open and answer alike."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import tiny_bundle
from photos import put_digits

from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.refusal import Refused
from headstart.errors import ModelError

FIXTURES = Path(__file__).parent / "fixtures"


def test_a_photo_classifier_of_format_1_answers_as_it_did(tmp_path):
    found = Classifier.open(FIXTURES / "format_1_photos.headstart")
    assert (found.manifest.format, found.manifest.threshold) == (1, None)
    digits = sorted(put_digits(tmp_path, range(300)).rglob("*.png"))[:3]
    wanted = [
        [0.1285, 0.1084, 0.0725, 0.1039, 0.1006, 0.132, 0.0796, 0.0721, 0.0977, 0.1048],
        [0.1136, 0.1043, 0.0821, 0.0997, 0.1047, 0.1172, 0.0938, 0.0736, 0.1044, 0.1065],
        [0.1243, 0.0737, 0.0869, 0.093, 0.1044, 0.1109, 0.1165, 0.0611, 0.0994, 0.1298],
    ]
    np.testing.assert_allclose(found.predict_proba(digits), wanted, atol=1e-3)
    assert found.predict(digits) == ["5", "5", "9"]


def test_a_classifier_of_rows_of_format_1_answers_as_it_did():
    found = Classifier.open(FIXTURES / "format_1_rows.headstart")
    row = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
    assert found.predict([row]) == ["setosa"]
    wanted = [[0.99985, 9.31e-05, 5.71e-05]]
    np.testing.assert_allclose(found.predict_proba([row]), wanted, atol=1e-4)


def test_a_bundle_of_format_2_measures_distances_as_it_did():
    found = archive.read(FIXTURES / "format_2.headstart")
    threshold = found.manifest.threshold
    assert threshold is not None
    assert (threshold.probability, threshold.distance, threshold.nearest) == (0.5, 0.001, 5)
    doubt = Classifier(found).doubt
    answer = tiny_bundle.predict(bytes(found.members["model.xml"]), found.members["model.bin"])
    far = doubt.distances(answer["features"])
    np.testing.assert_allclose(far, [0, 0.1498], atol=1e-3)
    shares = np.array([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05]], np.float32)
    said = doubt.answers(shares, np.array([0, 0.002], np.float32), found.manifest.classes)
    assert [(each.label, each.nearest, each.why) for each in said] == [
        ("cat", "cat", None),
        ("unknown", "cat", "unlike the training photos"),
    ]
    unsure = doubt.answers(np.array([[0.4, 0.3, 0.3]], np.float32), None, found.manifest.classes)
    assert (unsure[0].label, unsure[0].why) == ("unknown", "unsure")


def test_a_bundle_of_format_3_reads_commas_as_in_training():
    found = Classifier.open(FIXTURES / "format_3.headstart")
    assert [column.commas for column in found.manifest.table.columns] == ["points", "thousands"]
    texts = found.predict_proba([{"width": "0,125", "price": "1,234"}])
    np.testing.assert_array_equal(texts, found.predict_proba([{"width": 0.125, "price": 1234}]))
    np.testing.assert_allclose(texts, [[0.5882, 0.4118]], atol=1e-4)


def test_format_2_with_commas_is_refused():
    document = archive.read(FIXTURES / "format_3.headstart").manifest.to_bytes()
    with pytest.raises(Refused, match="format 2 knows no commas"):
        tiny_bundle.Manifest.from_bytes(document.replace(b'"format":3', b'"format":2'))


def test_format_1_with_a_threshold_is_refused():
    document = tiny_bundle.doubting().to_bytes().replace(b'"format":3', b'"format":1')
    with pytest.raises(Refused, match="format 1 knows no threshold"):
        tiny_bundle.Manifest.from_bytes(document)


@pytest.mark.parametrize("rows", [0, 2])
def test_reference_features_that_are_not_as_many_as_the_manifest_says_are_refused(tmp_path, rows):
    members = tiny_bundle.members()
    tensors = safetensors.numpy.load(members["weights.safetensors"])
    if rows:
        tensors["reference.features"] = tiny_bundle.reference()[:rows]
    members["weights.safetensors"] = safetensors.numpy.save(tensors)
    archive.write(tmp_path / "short.headstart", tiny_bundle.doubting(), members)
    with pytest.raises(ModelError, match=r"reference\.features"):
        archive.read(tmp_path / "short.headstart")
