"""Held-out probabilities and the temperature, through whole trainings."""

import numpy as np
import pytest
from metrics_schema import faults
from photos import put_digits

from headstart.dataset import list_photos, load_network, look_at
from headstart.evaluation.calibration import tempered
from headstart.evaluation.metrics import log_loss
from headstart.events import nobody
from headstart.frozen import fit_head
from headstart.options import TrainOptions


def made(source, **given):
    options = TrainOptions(size=32, **given)
    photos = list_photos(source, options)
    network = load_network(options, photos.files, photos.keys)
    data = look_at(photos, network, options, nobody)
    return data, fit_head(data, network, options, nobody)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return put_digits(tmp_path_factory.mktemp("digits"), range(300))


def test_training_photos_are_judged_by_heads_that_have_not_seen_them(digits):
    data, outcome = made(digits)
    assert outcome.held_out is not None
    np.testing.assert_array_equal(outcome.held_out.samples, data.on("train"))
    shares, labels = outcome.held_out.probabilities, data.labels[data.on("train")]
    assert shares.shape == (len(labels), 10)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    learned = outcome.probabilities(data.on("train"))
    assert log_loss(labels, shares) > 2 * log_loss(labels, learned)
    assert np.mean(shares.argmax(axis=1) == labels) > 0.7


def test_views_of_a_held_photo_do_not_train_the_head_that_judges_it(digits):
    """Views that are nearly the photo itself: a head that saw one would know its label."""
    found = [made(digits)[1].held_out, made(digits, rotation_range=0.5, views=2)[1].held_out]
    labels = made(digits)[0].labels[found[0].samples]
    right = [np.mean(each.probabilities.argmax(axis=1) == labels) for each in found]
    assert right[0] < 0.9
    assert abs(right[0] - right[1]) < 0.05


def test_a_cross_validation_that_was_made_anyway_is_what_is_held_out(digits, tmp_path):
    _, outcome = made(put_digits(tmp_path / "few", range(120)))
    crossed = outcome.answers[-1]
    assert crossed.name == "cross-validation"
    np.testing.assert_array_equal(outcome.held_out.samples, crossed.samples)
    np.testing.assert_array_equal(outcome.held_out.probabilities, crossed.probabilities)


def test_everything_a_run_says_is_calibrated(trained):
    run = trained.run
    found = run.metrics["calibration"]
    assert found["fitted_on"] == "cross-validation"
    assert found["samples"] == run.metrics["samples"]["train"]
    assert run.bundle.manifest.temperature == found["temperature"] != 1
    assert faults(run.metrics) == []
    place = {row["sample"]: trained.source / row["sample"] for row in run.split}
    rows = [row for row in run.predictions if row["split"] == "test"]
    shares = run.bundle.predict_proba([place[row["sample"]] for row in rows])
    written = [float(row["p_predicted"]) for row in rows]
    np.testing.assert_allclose(shares.max(axis=1), written, atol=1e-3)
    labels = np.array([run.metrics["classes"].index(row["label"]) for row in rows])
    assert run.metrics["test"]["loss"] == pytest.approx(log_loss(labels, shares), rel=1e-2)
    before = tempered(shares, 1 / found["temperature"])
    assert found["before"]["loss"] == pytest.approx(log_loss(labels, before), rel=1e-2)
    assert sum(each["samples"] for each in found["before"]["bins"]) == len(rows)


def test_the_page_shows_sureness_before_and_after(trained):
    page = (trained.run.folder / "report.html").read_text()
    assert 'class="earlier"' in page
    assert f"A temperature of {trained.run.metrics['calibration']['temperature']:.2f}" in page
