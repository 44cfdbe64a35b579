"""`TableClassifier` as scikit-learn's own tools use it, on scikit-learn's own data."""

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import datasets
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from headstart import TableClassifier, train
from headstart.errors import OptionError, SourceError

pytestmark = pytest.mark.usefixtures("keras")


def people(n: int = 300) -> pl.DataFrame:
    """Numbers, categories, booleans and dates, some missing; `ill` follows from three of them."""
    random = np.random.default_rng(0)
    city = random.choice(["Ankara", "Bonn", "Cusco"], n)
    age, smokes = random.integers(13, 100, n), random.random(n) < 0.3
    ill = age + 20 * smokes + 10 * (city == "Bonn") + random.normal(0, 5, n) > 70
    return pl.DataFrame(
        {
            "age": [None if i % 17 == 0 else int(a) for i, a in enumerate(age)],
            "city": [None if i % 23 == 0 else str(c) for i, c in enumerate(city)],
            "smokes": smokes,
            "seen": [f"2024-03-{day:02}" for day in random.integers(1, 28, n)],
            "ill": np.where(ill, "sick", "well"),
        }
    ).with_columns(pl.col("seen").str.to_date())


@pytest.fixture(scope="module")
def fitted(keras: Any) -> TableClassifier:
    return TableClassifier().fit(people(), "ill")


def test_it_passes_the_checks_that_scikit_learn_has_for_estimators(keras: Any) -> None:
    found = check_estimator(TableClassifier(), on_skip=None)
    assert len(found) > 50
    skipped = {check["check_name"] for check in found if check["status"] == "skipped"}
    assert skipped <= {"check_array_api_input", "check_classifier_data_not_an_array"}


def test_parameters_are_those_of_the_call_and_a_clone_has_them_too() -> None:
    classifier = TableClassifier(hidden=(8, 4), class_weight={"a": 2}, seed=3)
    assert clone(classifier).get_params() == classifier.get_params()
    assert clone(classifier).hidden == (8, 4)


@pytest.mark.parametrize(
    ("load", "least"),
    [(datasets.load_iris, 0.93), (datasets.load_wine, 0.95), (datasets.load_breast_cancer, 0.94)],
)
def test_real_tables_are_learned(load: Any, least: float) -> None:
    assert cross_val_score(TableClassifier(), *load(return_X_y=True), cv=3).mean() > least


def test_clones_are_lent_the_same_networks_which_no_copy_and_no_fitted_clone_holds() -> None:
    classifier = TableClassifier(epochs=2)
    one, other = clone(classifier), clone(classifier)
    assert one._networks is other._networks
    one.fit(*datasets.load_iris(return_X_y=True))
    assert "_networks" not in vars(one)
    assert "_networks" not in vars(pickle.loads(pickle.dumps(classifier)))
    assert clone(pickle.loads(pickle.dumps(one)))._networks is not other._networks


def test_a_grid_search_and_a_pipeline_take_it() -> None:
    x, y = datasets.load_iris(return_X_y=True)
    steps = make_pipeline(StandardScaler(), TableClassifier(epochs=15))
    search = GridSearchCV(steps, {"tableclassifier__hidden": [(8,), (16, 8)]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.8


def test_a_frame_of_everything_is_taken_with_its_target_by_name(fitted: TableClassifier) -> None:
    frame = people()
    assert fitted.score(frame, "ill") == fitted.score(frame.drop("ill"), frame["ill"]) > 0.9
    assert fitted.classes_.tolist() == ["sick", "well"]
    assert fitted.feature_names_in_.tolist() == ["age", "city", "smokes", "seen"]
    assert [column.kind for column in fitted.columns_] == [
        "number",
        "category",
        "boolean",
        "moment",
    ]
    apart = TableClassifier().fit(frame.drop("ill"), frame["ill"])
    np.testing.assert_array_equal(apart.predict_proba(frame.drop("ill")), predicted(fitted))


def kinds(classifier: TableClassifier) -> list[str]:
    return [column.kind for column in classifier.columns_]


def predicted(classifier: TableClassifier) -> Any:
    return classifier.predict_proba(people().drop("ill"))


def test_it_is_what_train_makes_of_the_same_rows(fitted: TableClassifier, tmp_path: Any) -> None:
    people().write_parquet(tmp_path / "people.parquet")
    run = train(tmp_path / "people.parquet", tmp_path / "run", target="ill", test=0)
    assert run.bundle.classes == tuple(fitted.classes_)
    np.testing.assert_allclose(run.bundle.predict_proba(people()), predicted(fitted), atol=1e-6)


def test_records_and_arrow_are_taken_too(fitted: TableClassifier) -> None:
    records = people().drop("ill").to_dicts()
    np.testing.assert_array_equal(fitted.predict_proba(records), predicted(fitted))


def test_a_pandas_frame_is_taken_as_the_same_polars_frame_is(fitted: TableClassifier) -> None:
    frame = pd.DataFrame(people().to_dict(as_series=False), index=range(7, 7 + len(people())))
    of_pandas = TableClassifier().fit(frame.drop(columns="ill"), frame["ill"])
    np.testing.assert_array_equal(
        of_pandas.predict_proba(frame.drop(columns="ill")), predicted(fitted)
    )
    np.testing.assert_array_equal(TableClassifier().fit(frame, "ill").classes_, fitted.classes_)


def test_the_same_rows_give_the_same_bits_and_another_seed_others(fitted: TableClassifier) -> None:
    np.testing.assert_array_equal(predicted(clone(fitted).fit(people(), "ill")), predicted(fitted))
    other = TableClassifier(seed=1).fit(people(), "ill")
    assert not np.array_equal(predicted(other), predicted(fitted))


def test_from_200_rows_on_some_of_them_say_when_to_stop(fitted: TableClassifier) -> None:
    losses = [row["val_loss"] for row in fitted.history_]
    assert fitted.kept_ == 1 + int(np.argmin(losses))
    few = TableClassifier(epochs=3).fit(people(150), "ill")
    assert np.isnan([row["val_loss"] for row in few.history_]).all()
    assert few.kept_ == 3
    asked = TableClassifier(epochs=3, validation=0.2).fit(people(150), "ill")
    assert np.isfinite([row["val_loss"] for row in asked.history_]).all()


def test_it_predicts_the_same_after_pickle_in_a_process_without_tensorflow(
    fitted: TableClassifier, tmp_path: Any
) -> None:
    (tmp_path / "it.pickle").write_bytes(pickle.dumps(fitted))
    people().drop("ill").write_parquet(tmp_path / "people.parquet")
    code = (
        "import pickle, polars, sys; it = pickle.load(open('it.pickle', 'rb'));"
        "print(it.predict_proba(polars.read_parquet('people.parquet')).tobytes().hex());"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert bytes.fromhex(done.stdout.strip()) == predicted(fitted).tobytes()


@pytest.mark.parametrize("kind", [int, bool, str, lambda label: f"kind {label}"])
def test_labels_come_back_as_they_were_given(kind: Any) -> None:
    x, y = datasets.load_iris(return_X_y=True)
    labels = np.array([kind(label) for label in y])
    classifier = TableClassifier(epochs=15).fit(x, labels)
    assert classifier.classes_.tolist() == sorted(set(labels.tolist()))
    assert classifier.predict(x).dtype == labels.dtype
    assert classifier.score(x, labels) > 0.9


def test_weights_lift_a_rare_class() -> None:
    x, y = datasets.load_breast_cancer(return_X_y=True)
    few = np.flatnonzero((y == 1) | (np.arange(len(y)) % 10 == 0))

    def rare(class_weight: Any) -> float:
        made = TableClassifier(class_weight=class_weight, epochs=3, hidden=(4,)).fit(x[few], y[few])
        return float(made.predict_proba(x[y == 0])[:, 0].mean())

    assert rare(None) == rare("none")
    assert rare("balanced") > rare("none")
    assert rare({0: 30}) > rare("none")


def test_an_array_of_texts_is_read_as_a_file_is() -> None:
    frame = people().drop("ill").select(pl.all().cast(pl.String).fill_null(""))
    classifier = TableClassifier(epochs=1).fit(frame.to_numpy(), people()["ill"])
    assert kinds(classifier) == ["number", "category", "boolean", "moment"]
    assert classifier.columns_[0].name == "x0"


def test_columns_of_texts_of_a_frame_are_read_as_those_of_a_file() -> None:
    texts = people().with_columns(
        pl.col("age").cast(pl.String), pl.col("seen").dt.strftime("%d.%m.%Y")
    )
    classifier = TableClassifier().fit(texts, "ill")
    assert kinds(classifier) == ["number", "category", "boolean", "moment"]
    assert classifier.columns_[3].form == "%d.%m.%Y"
    np.testing.assert_array_equal(classifier.predict_proba(texts), predicted(classifier))
    alone = classifier.predict_proba(texts[7:8])
    np.testing.assert_allclose(alone, predicted(classifier)[7:8], atol=1e-6)


def test_columns_that_are_left_out_are_named_but_for_those_that_hold_nothing() -> None:
    frame = people().with_columns(
        name=pl.Series([f"p{i}" for i in range(300)]), one=pl.lit("same"), none=None
    )
    with pytest.warns(UserWarning, match="left out") as caught:
        TableClassifier(epochs=1).fit(frame, "ill")
    (told,) = (str(warning.message) for warning in caught)
    assert told == "Columns left out. name: an id: 255 values in 255 training rows."


@pytest.mark.parametrize(
    ("x", "y", "error", "words"),
    [
        (people(40), "il", ValueError, "no column 'il' for y. Did you mean 'ill'"),
        (people(40).with_columns(ill=None), "ill", ValueError, "40 rows have no value in 'ill'"),
        (people(40), ["a"] * 40, ValueError, "y has one class, a; two or more"),
        (people(40), ["a", "b"], ValueError, "inconsistent numbers of samples"),
        (people(40), np.arange(40) / 7, ValueError, "Unknown label type: continuous"),
        (people(40).clear(), [], ValueError, "nothing to learn from"),
        (pl.DataFrame({"a": [[1], [2]]}), [0, 1], SourceError, "more than one value"),
        (pl.DataFrame({"a": [1, 1]}), [0, 1], SourceError, "No column is left"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x: Any, y: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        TableClassifier().fit(x, y)


def test_what_cannot_be_predicted_is_refused(fitted: TableClassifier) -> None:
    with pytest.raises(NotFittedError):
        TableClassifier().predict(people())
    with pytest.raises(ValueError, match="now missing:\n- age"):
        fitted.predict(people().drop("age"))
    with pytest.raises(ValueError, match="unseen at fit time:\n- hair"):
        fitted.predict(people().with_columns(hair=pl.lit("red")))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"scaling": "log"}, "scaling='log'"), ({"class_weight": "fair"}, "class_weight='fair'")],
)
def test_a_parameter_that_is_wrong_is_named_when_it_is_fitted(wrong: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        TableClassifier(**wrong).fit(people(40), "ill")


def test_texts_are_read_at_prediction_as_in_training() -> None:
    random = np.random.default_rng(0)
    sick = random.random(120) < 0.5
    words = np.where(sick, "yes", random.choice(["no", "maybe"], 120))
    days = [f"{(1 if s else 7) + i % 6:02}/{1 + i % 28:02}/2024" for i, s in enumerate(sick)]
    X = np.column_stack([words, days]).astype(object)
    classifier = TableClassifier(epochs=20).fit(X, sick)
    whole = classifier.predict_proba(X)
    some = np.flatnonzero((words != "maybe") & (np.arange(120) % 28 < 12))  # days or months
    np.testing.assert_allclose(classifier.predict_proba(X[some]), whole[some], atol=1e-12)
    assert (classifier.predict(X) == sick).mean() > 0.95
