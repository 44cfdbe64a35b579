"""Any live Keras model as a bundle: proved, judged, and used like one of ours."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from photos import put_digits

import headstart
from headstart.bundle.classifier import Classifier
from headstart.data.pixels import decode
from headstart.errors import HeadstartError, ModelError, OptionError, OutputError, SourceError

DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Photos:
    """Digits as files, uint8 (60, 16, 16, 3) pixels and int64 (60,) labels."""

    source: Path
    files: list[Path]
    x: np.ndarray
    y: np.ndarray


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    source = put_digits(tmp_path_factory.mktemp("package") / "digits", range(60))
    files = sorted(source.rglob("*.png"))
    x = np.stack([decode(file.read_bytes(), 16, "squash") for file in files])
    return Photos(source, files, x, np.array([int(file.parent.name) for file in files]))


def network(
    keras: Any, outputs: int = 10, activation: str | None = "softmax", side: int = 16
) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, 3, activation="elu", kernel_initializer=he(keras, 0)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(outputs, activation=activation, kernel_initializer=he(keras, 1)),
        ],
        name="own",
    )


def he(keras: Any, seed: int) -> Any:
    return keras.initializers.HeNormal(seed)


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    return network(keras)


@pytest.fixture(scope="module")
def packaged(model: Any, photos: Photos, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packaged") / "own.headstart"
    headstart.package(model, DIGITS, "mobilenet", (photos.x, photos.y), out=path)
    return path


def test_it_predicts_from_files_what_keras_does_from_prepared_pixels(
    keras: Any, model: Any, photos: Photos, packaged: Path
) -> None:
    prepared = keras.applications.mobilenet.preprocess_input(photos.x.astype(np.float32))
    found = Classifier.open(packaged).predict_proba(photos.files)
    np.testing.assert_allclose(found, model.predict_on_batch(prepared), atol=1e-5)


def test_its_figures_are_in_the_manifest_and_evaluate_finds_them_again(
    photos: Photos, packaged: Path
) -> None:
    classifier = headstart.load(packaged)
    found = classifier.evaluate(photos.files, [str(label) for label in photos.y])
    figures = classifier.manifest.metrics["validation"]
    for name, value in structs.asdict(figures).items():
        assert found[name] == pytest.approx(value, abs=1e-4), name
    low, high = figures.accuracy_interval
    assert low < figures.accuracy < high
    assert classifier.manifest.network.kind == "packaged"


def test_the_commands_work_on_it(
    call: Any, model: Any, photos: Photos, packaged: Path, tmp_path: Path
) -> None:
    found = json.loads(call("inspect", packaged, "--json").out)
    assert found["parameters"] == model.count_params()
    assert found["trainable_parameters"] == model.count_params() - 16  # the normalization's
    assert "own, packaged; preprocessing: mobilenet" in call("inspect", packaged).out
    predicted = json.loads(call("predict", packaged, photos.files[0], "--json").out)
    assert len(predicted["predictions"]) == 1
    judged = json.loads(call("evaluate", packaged, photos.source, "--json").out)
    accuracy = Classifier.open(packaged).manifest.metrics["validation"].accuracy
    assert judged["test"]["accuracy"] == accuracy
    call("evaluate", packaged, photos.source, "--out", tmp_path / "judged")
    page = (tmp_path / "judged" / "report.html").read_text(encoding="utf-8")
    assert f"{Classifier.open(packaged).manifest.network.name}, {model.count_params():,}" in page


def test_it_gives_no_keras_model_and_says_why(call: Any, packaged: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'own' was packaged; .* only the graph that predicts"):
        Classifier.open(packaged).to_keras()
    found = call("export", packaged, "--to", "json", "--out", tmp_path / "own.json")
    assert (found.code, list(tmp_path.iterdir())) == (2, [])


def test_the_rule_may_be_numbers_the_photos_files_and_the_labels_names(
    model: Any, photos: Photos, packaged: Path, tmp_path: Path
) -> None:
    expected = Classifier.open(packaged).predict_proba(photos.files)
    rule, path = (1 / 127.5, (-1, -1, -1)), tmp_path / "own.headstart"
    names = [str(label) for label in photos.y]
    for validation in (photos.source, (photos.x, names), (photos.x, np.eye(10)[photos.y])):
        found = headstart.package(model, DIGITS, rule, validation, out=path, force=True)
        np.testing.assert_allclose(found.predict_proba(photos.files), expected, atol=1e-5)
        assert found.manifest.metrics == Classifier.open(packaged).manifest.metrics


def test_logits_and_bgr_are_taken_too(keras: Any, photos: Photos, tmp_path: Path) -> None:
    model = network(keras, activation=None)
    path = tmp_path / "own.headstart"
    found = headstart.package(model, DIGITS, "vgg16", (photos.x, photos.y), out=path)
    prepared = keras.applications.vgg16.preprocess_input(photos.x.astype(np.float32))
    expected = keras.ops.softmax(model.predict_on_batch(prepared))
    np.testing.assert_allclose(found.predict_proba(photos.files), expected, atol=1e-4)


def test_a_sigmoid_is_refused_with_a_mend_that_works(
    keras: Any, photos: Photos, tmp_path: Path
) -> None:
    model, path = network(keras, 1, "sigmoid"), tmp_path / "two.headstart"
    given = (["even", "odd"], (1 / 255, 0), (photos.x, photos.y % 2))
    with pytest.raises(ModelError, match="one number, as for two classes with a sigmoid"):
        headstart.package(model, *given, out=path)

    p = model.outputs[0]
    two = keras.Model(model.inputs, keras.layers.Concatenate()([1 - p, p]))
    found = headstart.package(two, *given, out=path).predict_proba(photos.files)
    expected = model.predict_on_batch(photos.x.astype(np.float32) / 255)[:, 0]
    np.testing.assert_allclose(found[:, 1], expected, atol=1e-5)


def test_a_model_that_is_not_of_photos_and_classes_is_refused(keras: Any, photos: Photos) -> None:
    layers, x, y = keras.layers, keras.Input((16, 16, 3)), keras.Input((16, 16, 3), name="second")
    flat = layers.Flatten()
    out = layers.Dense(10)
    wrong = [
        (object(), "This is a builtins.object, and not a keras.Model"),
        (keras.Sequential([keras.Input((4,)), out]), "takes 4 columns, which have no names"),
        (keras.Sequential([keras.Input((16, 16, 1)), flat, layers.Dense(10)]), "16 × 16 × 1"),
        (keras.Sequential([keras.Input((16, 8, 3)), layers.Flatten()]), "takes 16 × 8 × 3"),
        (keras.Sequential([layers.Flatten(), layers.Dense(10)]), "it was not built"),
        (keras.Model([x, y], layers.Dense(10)(layers.Flatten()(x + y))), "2 inputs: .*second"),
        (keras.Model(x, [layers.Flatten()(x), layers.Flatten()(x)]), "has 2 outputs"),
    ]
    for model, words in wrong:
        with pytest.raises(ModelError, match=words):
            headstart.package(model, DIGITS, "none", (photos.x, photos.y), out="none.headstart")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": DIGITS[:9]}, "own gives 10 numbers, and there are 9 classes"),
        ({"classes": [*DIGITS[:9], "0"]}, "Two classes have the same name: 0"),
        ({"classes": "0123456789"}, "is no list of two names or more"),
        ({"preprocessing": "vgg61"}, "no preprocessing 'vgg61'. Did you mean vgg16"),
        ({"preprocessing": (0, 1)}, "A scale of zero"),
        ({"preprocessing": (1, 2, 3)}, "is not \\(scale, offset\\)"),
        ({"validation": 7}, "neither a place with photos nor two arrays"),
    ],
)
def test_a_call_that_is_wrong_is_told_what_and_nothing_is_written(
    model: Any, photos: Photos, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    given = {"classes": DIGITS, "preprocessing": "none", "validation": (photos.x, photos.y)}
    with pytest.raises(OptionError, match=words):
        headstart.package(model, **(given | changes), out=tmp_path / "own.headstart")
    assert list(tmp_path.iterdir()) == []


def test_validation_that_does_not_fit_is_refused(
    model: Any, photos: Photos, tmp_path: Path
) -> None:
    path = tmp_path / "own.headstart"
    for arrays, words in (
        ((photos.x / 255, photos.y), "x is float64 .*before any preprocessing"),
        ((photos.x[:, :8], photos.y), r"photos are uint8 \(n, 16, 16, 3\)"),
        ((photos.x, photos.y + 1), "no label for each of 60 samples"),
        ((photos.x, photos.y[:9]), "no label for each of 60 samples"),
    ):
        with pytest.raises(OptionError, match=words):
            headstart.package(model, DIGITS, "none", arrays, out=path)
    letters = [*"abcdefghij"]
    with pytest.raises(SourceError, match="none of the classes: 0, 1"):
        headstart.package(model, letters, "none", photos.source, out=path)
    assert list(tmp_path.iterdir()) == []


def test_values_that_do_not_tell_are_asked_about(
    keras: Any, photos: Photos, tmp_path: Path
) -> None:
    model, path = network(keras, activation="sigmoid"), tmp_path / "own.headstart"
    given = (DIGITS, (1 / 255, 0), (photos.x, photos.y))
    with pytest.raises(OptionError, match=r'do not sum to one: .* say gives="logits"'):
        headstart.package(model, *given, out=path)
    found = headstart.package(model, *given, out=path, gives="logits")
    expected = keras.ops.softmax(model.predict_on_batch(photos.x.astype(np.float32) / 255))
    np.testing.assert_allclose(found.predict_proba(photos.files), expected, atol=1e-5)


def test_an_operation_that_no_bundle_may_hold_is_named(
    keras: Any, photos: Photos, tmp_path: Path
) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.UpSampling2D(2), layers.Flatten(), layers.Dense(10)]
    )
    with pytest.raises(ModelError, match=r"up_sampling2d.*\(Tile\) is not an operation"):
        headstart.package(
            model, DIGITS, "none", (photos.x, photos.y), out=tmp_path / "up.headstart"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_is_there_is_kept_unless_told_and_until_the_proof(
    keras: Any, model: Any, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.headstart").write_text("mine")
    given = (DIGITS, "none", (photos.x, photos.y))
    with pytest.raises(OutputError, match=r"own\.headstart: is there already"):
        headstart.package(model, *given)

    class Changing(keras.layers.Layer):  # type: ignore[misc]
        """Not the same function when it is traced and when it is run."""

        def call(self, inputs: Any) -> Any:
            return inputs * next(factors)

    factors = iter([1.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    other = keras.Sequential([*model.layers[:-1], Changing(), model.layers[-1]], name="own")
    other.build((None, 16, 16, 3))
    with pytest.raises(HeadstartError, match="gives other answers than Keras"):
        headstart.package(other, *given, force=True)
    assert Path("own.headstart").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1
