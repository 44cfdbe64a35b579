"""A bundle as a Keras model again, ready to be trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photos import put_digits

from headstart.backbone import catalog
from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.weights import Weights
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.export import export
from headstart.bundle.manifest import BackboneRef, HeadRef, ImageInput, Manifest
from headstart.bundle.save import save, with_head
from headstart.data.pixels import decode
from headstart.errors import ModelError
from headstart.evaluation.metrics import softmax


@dataclass(frozen=True)
class Made:
    """A bundle of a network trained by gradient, and what became of that network.

    Attributes:
        path: the bundle, of photos of 32 pixels and the classes 0 to 9.
        pixels: uint8 (n, 32, 32, 3).
        labels: float32 (n, 10), one-hot.
        files: the photos, as files.
        trained: the names of the layers that were trained.
        after: their weights, by path, when the network that was saved has gone on for one more
            step, of all the photos.
    """

    path: Path
    pixels: np.ndarray
    labels: np.ndarray
    files: list[str]
    trained: set[str]
    after: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def made(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Made:
    from headstart.backbone import convert
    from headstart.training import loop, tail
    from headstart.training.examples import Examples
    from headstart.training.loop import Recipe

    folder = tmp_path_factory.mktemp("made")
    files = sorted(put_digits(folder / "digits", range(24)).rglob("*.png"))
    pixels = np.stack([decode(file.read_bytes(), 32, "squash") for file in files])
    numbers = np.array([int(file.parent.name) for file in files])
    row, weights = catalog.find("mobilenet-0.25"), Weights(None, "random-0")
    found = tail.build(
        row, weights, 32, 10, unfreeze="conv_dw_12", dropout=0.0, momentum=0.9, seed=0
    )
    examples = Examples(np.asarray(found.frozen(pixels)), numbers)
    recipe = Recipe(2, 8, 1e-2, schedule="constant", label_smoothing=0.1)
    place = folder / "checkpoint"
    loop.train(found.network, recipe, examples, None, seed=0, place=place, about={})

    graph, head = convert.of_model(row, found.backbone), found.head()
    logits = OpenVinoEngine(with_head(graph, head), "", output="logits").run(pixels)
    manifest = Manifest(
        task="image",
        classes=tuple("0123456789"),
        image=ImageInput(size=32, resize="squash", decode_version=1),
        backbone=BackboneRef(name=row.name, weights="random-0", features=row.features, size=32),
        precision="float32",
        head=HeadRef(
            kind="dense",
            first=found.first,
            optimizer=loop.optimizer_record(found.network),
            dropout=0.0,
            momentum=0.9,
            label_smoothing=0.1,
        ),
        parameters=found.parameters,
        trainable_parameters=found.trained,
        temperature=None,
        threshold=None,
        metrics={},
        split_sha256="0" * 64,
        versions={},
    )
    save(
        folder / "made.headstart",
        manifest,
        graph,
        head,
        tuned=found.tensors(),
        optimizer=loop.optimizer_state(found.network),
        proof_files=[str(file) for file in files],
        proof=softmax(logits),
        features=np.zeros((0, row.features), np.float32),
    )
    labels = np.eye(10, dtype=np.float32)[numbers]
    found.network.train_on_batch(np.asarray(found.frozen(pixels)), labels)
    after = {w.path: np.asarray(w.value) for w in found.network.trainable_weights}
    trained = {path.partition("/")[0] for path in after}
    names = [str(file) for file in files]
    return Made(folder / "made.headstart", pixels, labels, names, trained, after)


def changed_head(made: Made, folder: Path, **fields: Any) -> Classifier:
    """The bundle with other fields in its head."""
    found = archive.read(made.path)
    head = found.manifest.head.model_copy(update=fields)
    manifest = found.manifest.model_copy(update={"head": head})
    members = {name: bytes(content) for name, content in found.members.items()}
    archive.write(folder / "changed.headstart", manifest, members)
    return Classifier.open(folder / "changed.headstart")


def test_a_tuned_bundle_gives_the_same_probabilities_as_a_keras_model(made: Made) -> None:
    classifier = Classifier.open(made.path)
    model = classifier.to_keras()
    assert [layer.name for layer in model.layers[-2:]] == ["logits", "probabilities"]
    assert model.count_params() == classifier.manifest.parameters
    expected = classifier.predict_proba(made.files)
    np.testing.assert_allclose(model(made.pixels, training=False), expected, atol=1e-5)


def test_only_what_was_trained_is_trainable(made: Made) -> None:
    weights = Classifier.open(made.path).to_keras().trainable_weights
    assert {weight.path for weight in weights} == made.after.keys()


def test_training_goes_on_in_plain_keras_from_where_it_stopped(
    keras: Any, made: Made, tmp_path: Path
) -> None:
    """One step more, of the model that plain Keras loads and of the network that was saved."""
    export(made.path, "keras", tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    assert int(model.optimizer.iterations) == 6

    before = {weight.path: np.asarray(weight.value) for weight in model.trainable_weights}
    model.train_on_batch(made.pixels, made.labels)

    assert int(model.optimizer.iterations) == 7
    found = {weight.path: np.asarray(weight.value) for weight in model.trainable_weights}
    assert found.keys() == made.after.keys()
    for path, expected in made.after.items():
        np.testing.assert_allclose(found[path], expected, rtol=1e-5, atol=1e-6, err_msg=path)
    moved = [np.abs(found[path] - before[path]).max() for path in found]
    assert np.median(moved) > 1e-4


def test_without_the_optimizers_state_the_step_is_another(made: Made) -> None:
    """So the test above would notice if it were lost."""
    model = Classifier.open(made.path).to_keras(compiled=True)
    for variable in model.optimizer.variables[1:]:
        variable.assign(np.zeros(variable.shape, np.float32))
    model.train_on_batch(made.pixels, made.labels)
    found = {weight.path: np.asarray(weight.value) for weight in model.trainable_weights}
    assert max(np.abs(found[path] - made.after[path]).max() for path in found) > 1e-4


def test_the_dropout_of_the_training_is_there_and_silent_in_prediction(
    made: Made, tmp_path: Path
) -> None:
    model = changed_head(made, tmp_path, dropout=0.5).to_keras()
    assert model.get_layer("dropout").rate == 0.5
    expected = Classifier.open(made.path).predict_proba(made.files)
    np.testing.assert_allclose(model(made.pixels, training=False), expected, atol=1e-5)


_CONFIG = {"learning_rate": 1e-3, "beta_1": 0.9}


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        ({"class_name": "Lambda", "config": _CONFIG}, "is 'Lambda', neither Adam nor AdamW"),
        ({"class_name": "Adam"}, "cannot be used"),
        ({"class_name": "Adam", "config": {"learning_rate": 1e-3, "gamma": 1}}, "gamma"),
        ({"class_name": "Adam", "config": _CONFIG | {"name": {"x": 1}}}, "nested"),
        (
            {"class_name": "Adam", "config": {"learning_rate": {"class_name": "os.system"}}},
            "follows 'os.system'",
        ),
        ({"class_name": "Adam", "config": _CONFIG | {"amsgrad": True}}, "variables are not those"),
    ],
)
def test_an_optimizer_is_built_from_known_names_and_numbers_only(
    made: Made, tmp_path: Path, optimizer: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        changed_head(made, tmp_path, optimizer=optimizer).to_keras(compiled=True)


def test_fault_48_a_first_layer_that_the_backbone_lacks_is_refused(
    made: Made, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"changed\.headstart: .*no layer 'conv_dw_99'"):
        changed_head(made, tmp_path, first="conv_dw_99").to_keras()
