"""A live Keras model of rows as a bundle: proved, judged, and used like one of ours."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from metrics_schema import faults
from sklearn.datasets import load_iris
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler

import headstart
from headstart.bundle.classifier import Classifier
from headstart.errors import ModelError, OptionError, SourceError

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
KINDS = ["setosa", "versicolor", "virginica"]
X, Y = load_iris(return_X_y=True)


def iris() -> pl.DataFrame:
    columns = {name: X[:, i] for i, name in enumerate(NAMES)}
    return pl.DataFrame({**columns, "kind": [KINDS[label] for label in Y]})


def network(keras: Any, activation: str | None = "softmax", width: int = 4) -> Any:
    layers, draw = keras.layers, keras.initializers.GlorotUniform
    model = keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(16, activation="relu", kernel_initializer=draw(0)),
            layers.BatchNormalization(),
            layers.Dropout(0.5, seed=2),
            layers.Dense(3, activation=activation, kernel_initializer=draw(1)),
        ],
        name="flowers",
    )
    return model


@pytest.fixture(scope="module")
def scaler() -> Any:
    return MinMaxScaler().fit(X)


@pytest.fixture(scope="module")
def model(keras: Any, scaler: Any) -> Any:
    """Trained on scaled rows, as people do; by a seed, for the tests ask how good it is."""
    keras.utils.set_random_seed(0)
    made = network(keras)
    made.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    made.fit(scaler.transform(X), Y, epochs=40, verbose=0)
    return made


@pytest.fixture(scope="module")
def packaged(model: Any, scaler: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packaged") / "flowers.headstart"
    headstart.package(model, KINDS, scaler, (iris(), "kind"), columns=NAMES, out=path)
    return path


def test_it_predicts_from_rows_as_they_are_what_keras_does_from_scaled_ones(
    model: Any, scaler: Any, packaged: Path, tmp_path: Path
) -> None:
    expected = model.predict_on_batch(scaler.transform(X))
    frame = iris().drop("kind")
    frame.write_csv(tmp_path / "rows.csv")
    backwards = frame.select(reversed(frame.columns))
    for given in (frame, backwards, frame.to_dicts(), tmp_path / "rows.csv"):
        found = Classifier.open(packaged).predict_proba(given)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_predicting_takes_no_tensorflow(packaged: Path) -> None:
    code = (
        f"import headstart, sys; c = headstart.load({str(packaged)!r});"
        f"print(c.predict([dict.fromkeys({NAMES!r}, 1.0)]));"
        "assert 'tensorflow' not in sys.modules and 'sklearn' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_commands_work_on_it(call: Any, model: Any, packaged: Path, tmp_path: Path) -> None:
    iris().write_csv(tmp_path / "rows.csv")
    figures = Classifier.open(packaged).manifest.metrics["validation"]
    assert figures.accuracy > 0.8
    for target in ([], ["--target", "kind"]):
        judged = json.loads(
            call("evaluate", packaged, tmp_path / "rows.csv", *target, "--json").out
        )
        assert judged["test"]["accuracy"] == figures.accuracy
        assert judged["network"] == "flowers"
        assert faults(judged) == []
    call("evaluate", packaged, tmp_path / "rows.csv", "--out", tmp_path / "judged")
    page = (tmp_path / "judged" / "report.html").read_text(encoding="utf-8")
    assert f"flowers, {model.count_params():,} parameters" in page
    assert "flowers, packaged; preprocessing: MinMaxScaler" in call("inspect", packaged).out
    found = json.loads(call("inspect", packaged, "--json").out)
    assert found["parameters"] == model.count_params()
    predicted = json.loads(call("predict", packaged, tmp_path / "rows.csv", "--json").out)
    assert len(predicted["predictions"]) == 150
    refused = call("export", packaged, "--to", "json", "--out", tmp_path / "own.json")
    assert (refused.code, (tmp_path / "own.json").exists()) == (2, False)


def test_a_scaling_may_be_numbers_and_the_rows_an_array(
    model: Any, scaler: Any, packaged: Path, tmp_path: Path
) -> None:
    expected, path = Classifier.open(packaged).predict_proba(iris()), tmp_path / "it.headstart"
    rule = (scaler.scale_, scaler.min_)
    for labels in (Y, np.eye(3)[Y], iris()["kind"]):
        made = headstart.package(
            model, KINDS, rule, (X, labels), columns=NAMES, out=path, force=True
        )
        np.testing.assert_allclose(made.predict_proba(iris()), expected, atol=1e-5)
        assert made.manifest.metrics == Classifier.open(packaged).manifest.metrics
        assert made.manifest.table.target is None


def test_without_a_scaling_the_model_gets_the_values(keras: Any, tmp_path: Path) -> None:
    model = network(keras, activation=None)
    path = tmp_path / "it.headstart"
    made = headstart.package(model, KINDS, validation=(X, Y), columns=NAMES, out=path)
    expected = keras.ops.softmax(model.predict_on_batch(X))
    np.testing.assert_allclose(made.predict_proba(iris()), expected, atol=1e-5)


def test_a_bundle_without_a_target_is_judged_by_the_one_that_is_named(
    call: Any, keras: Any, tmp_path: Path
) -> None:
    path, rows = tmp_path / "it.headstart", tmp_path / "rows.csv"
    headstart.package(network(keras), KINDS, validation=(X, Y), columns=NAMES, out=path)
    iris().write_csv(rows)
    assert call("evaluate", path, rows, "--target", "kind").code == 0
    assert "--target must name the column" in call("evaluate", path, rows).err


def test_classes_that_a_file_gives_as_yes_and_no_are_those_of_the_model(
    call: Any, keras: Any, tmp_path: Path
) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((1,)), layers.Dense(2, activation="softmax")])
    age, ill = X[:, :1], np.where(Y > 0, "Yes", "No")
    path, rows = tmp_path / "it.headstart", tmp_path / "rows.csv"
    made = headstart.package(model, ["No", "Yes"], validation=(age, ill), columns=["age"], out=path)
    pl.DataFrame({"age": age[:, 0], "ill": ill}).write_csv(rows)
    judged = json.loads(call("evaluate", path, rows, "--target", "ill", "--json").out)
    assert judged["test"]["accuracy"] == made.manifest.metrics["validation"].accuracy


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"columns": NAMES[:3]}, OptionError, "flowers takes 4 columns, and 3 are named"),
        ({"columns": [*NAMES[:3], NAMES[0]]}, OptionError, "Two columns have the same name"),
        ({"columns": "abcd"}, OptionError, "is no list of names"),
        ({"columns": None}, ModelError, "takes 4 columns, which have no names"),
        ({"resize": "crop"}, OptionError, "resize would do nothing"),
        ({"validation": None}, OptionError, "Nothing is there to prove it by"),
        ({"validation": X}, OptionError, r"It is not \(x, y\)"),
        ({"validation": (X[:, :3], Y)}, OptionError, r"x has the shape \(150, 3\)"),
        ({"validation": (X, Y[:9])}, OptionError, "no label for each of 150 samples"),
        ({"validation": (iris(), "sort")}, OptionError, "no column 'sort' with the labels"),
        (
            {"validation": (iris().drop(NAMES[0]), Y)},
            SourceError,
            "lacks the column 'sepal length'",
        ),
        (
            {"validation": (iris().with_columns(pl.lit(None).alias(NAMES[0])), Y)},
            SourceError,
            r"cells without a number: 'sepal length' \(150\)",
        ),
        ({"preprocessing": "vgg16"}, OptionError, r"'vgg16' is not \(scale, offset\)"),
        ({"preprocessing": (0, 1)}, OptionError, "A scale of zero"),
        ({"preprocessing": StandardScaler()}, OptionError, "The scaler refuses 4 columns"),
        ({"preprocessing": StandardScaler().fit(X[:, :2])}, OptionError, "The scaler refuses"),
        (
            {"preprocessing": StandardScaler().fit(iris()[NAMES[::-1]])},
            OptionError,
            "The scaler was fitted to petal width, petal length",
        ),
        (
            {"preprocessing": QuantileTransformer(n_quantiles=9).fit(X)},
            OptionError,
            "QuantileTransformer does not do value × scale",
        ),
        (
            {"preprocessing": MinMaxScaler(clip=True).fit(X)},
            OptionError,
            "MinMaxScaler does not do value × scale",
        ),
    ],
)
def test_a_call_that_is_wrong_is_told_what_and_nothing_is_written(
    model: Any, tmp_path: Path, changes: dict[str, Any], error: Any, words: str
) -> None:
    given = {"preprocessing": "none", "validation": (X, Y), "columns": NAMES}
    with pytest.raises(error, match=words):
        headstart.package(model, KINDS, **(given | changes), out=tmp_path / "it.headstart")
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_no_rows_is_refused(keras: Any) -> None:
    model = keras.Sequential([keras.Input((4, 4)), keras.layers.Flatten(), keras.layers.Dense(3)])
    with pytest.raises(ModelError, match="takes 4 × 4, and no row of numbers"):
        headstart.package(model, KINDS, validation=(X, Y), columns=NAMES, out="none.headstart")
