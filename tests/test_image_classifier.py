"""`ImageClassifier` as scikit-learn's own tools use it."""

import numpy as np
import pytest
from photos import put_digits
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from headstart import ImageClassifier
from headstart.errors import OptionError, SourceError
from headstart.features import cache_root


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Paths of 80 digits below 4, and their labels, as integers."""
    folder = put_digits(tmp_path_factory.mktemp("estimators"), range(220))
    paths = [path for label in range(4) for path in sorted((folder / str(label)).iterdir())[:20]]
    return paths, [int(path.parent.name) for path in paths]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("estimators-cache")


@pytest.fixture(autouse=True)
def _shared_cache(cache, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(cache))


def small(**options):
    return ImageClassifier(size=32, **options)


def test_parameters_are_those_of_the_call_and_a_clone_has_them_too():
    classifier = small(class_weight="balanced", seed=3)
    assert clone(classifier).get_params() == classifier.get_params()
    assert classifier.get_params() == {
        "backbone": "efficientnet-lite0",
        "weights": None,
        "size": 32,
        "resize": "squash",
        "class_weight": "balanced",
        "precision": "auto",
        "seed": 3,
    }


def test_cross_validation_by_scikit_learn_computes_each_photo_once(digits):
    scores = cross_val_score(small(), *digits, cv=3)
    assert scores.mean() > 0.8
    kept = list((cache_root() / "features").rglob("*.rows"))
    small().fit(*digits)
    assert list((cache_root() / "features").rglob("*.rows")) == kept


def test_a_grid_search_takes_it(digits):
    search = GridSearchCV(small(), {"class_weight": ["none", "balanced"]}, cv=2).fit(*digits)
    assert search.best_score_ > 0.8
    assert search.predict(digits[0][:2]).tolist() == [0, 0]


@pytest.mark.parametrize("kind", [str, int, lambda label: f"digit {label}"])
def test_labels_come_back_as_they_were_given(digits, kind):
    paths, labels = digits
    labels = np.array([kind(label) for label in labels])
    classifier = small().fit(paths, labels)
    assert classifier.classes_.tolist() == sorted(set(labels.tolist()))
    assert classifier.score(paths, labels) > 0.9
    assert classifier.predict(paths[:3]).dtype == labels.dtype


def test_a_column_of_probabilities_belongs_to_its_class(digits):
    paths, labels = digits
    classifier = small().fit(paths[::-1], labels[::-1])
    found = classifier.predict_proba([str(path) for path in paths])
    assert (found.shape, found.dtype) == ((80, 4), np.float64)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    right = found.argmax(axis=1) == labels
    assert right.mean() > 0.9


def test_the_same_photos_give_the_same_head(digits):
    a, b = small().fit(*digits), small().fit(*digits)
    np.testing.assert_array_equal(a.head_.weights, b.head_.weights)


def test_balanced_weights_lift_a_rare_class(digits):
    paths, labels = digits
    few = [i for i, label in enumerate(labels) if label != 3 or i % 10 == 0]
    photos, known = [paths[i] for i in few], [labels[i] for i in few]
    plain, fair = small().fit(photos, known), small(class_weight="balanced").fit(photos, known)
    rare = paths[60:]
    assert fair.predict_proba(rare)[:, 3].mean() > plain.predict_proba(rare)[:, 3].mean()


def test_photos_that_cannot_be_read_are_all_named(digits, tmp_path):
    (tmp_path / "page.jpg").write_text("<html>")
    paths, labels = digits
    with pytest.raises(SourceError, match=r"page\.jpg: not an image"):
        small().fit([*paths, tmp_path / "page.jpg"], [*labels, 0])
    classifier = small().fit(*digits)
    with pytest.raises(SourceError, match=r"gone-1\.png: .*; gone-2\.png: "):
        classifier.predict(["gone-1.png", paths[0], "gone-2.png"])


def test_it_must_be_fitted_first(digits):
    with pytest.raises(NotFittedError):
        small().predict(digits[0])


@pytest.mark.parametrize(
    ("paths", "labels", "words"),
    [
        (["a.png", "b.png"], [1, 1], "y has one class, 1; two or more"),
        (["a.png", "b.png"], [1], "inconsistent numbers of samples"),
        (["a.png", "b.png"], [0.5, 1.25], "Unknown label type: continuous"),
        ([["a.png"], ["b.png"]], [0, 1], r"X must be a list of paths, \(n,\).*\(2, 1\)"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_the_terms_of_scikit_learn(paths, labels, words):
    with pytest.raises(ValueError, match=words):
        small().fit(paths, labels)


def test_a_parameter_that_is_wrong_is_named_when_it_is_fitted(digits):
    with pytest.raises(OptionError, match="resize='squish'"):
        ImageClassifier(resize="squish").fit(*digits)
