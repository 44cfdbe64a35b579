"""A bundle as a Keras model again, ready to be trained on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.export import export
from headstart.errors import ModelError


def changed_head(made: Any, folder: Path, **fields: Any) -> Classifier:
    """The bundle with other fields in its head."""
    found = archive.read(made.path)
    head = structs.replace(found.manifest.network.head, **fields)
    network = structs.replace(found.manifest.network, head=head)
    manifest = structs.replace(found.manifest, network=network)
    members = {name: bytes(content) for name, content in found.members.items()}
    archive.write(folder / "changed.headstart", manifest, members)
    return Classifier.open(folder / "changed.headstart")


def test_a_tuned_bundle_gives_the_same_probabilities_as_a_keras_model(made: Any) -> None:
    classifier = Classifier.open(made.path)
    model = classifier.to_keras()
    assert [layer.name for layer in model.layers[-2:]] == ["logits", "probabilities"]
    assert model.count_params() == classifier.manifest.parameters
    expected = classifier.predict_proba(made.files)
    np.testing.assert_allclose(model(made.pixels, training=False), expected, atol=1e-5)


def test_only_what_was_trained_is_trainable(made: Any) -> None:
    weights = Classifier.open(made.path).to_keras().trainable_weights
    assert {weight.path for weight in weights} == made.after.keys()


def test_training_goes_on_in_plain_keras_from_where_it_stopped(
    keras: Any, made: Any, tmp_path: Path
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


def test_without_the_optimizers_state_the_step_is_another(made: Any) -> None:
    """So the test above would notice if it were lost."""
    model = Classifier.open(made.path).to_keras(compiled=True)
    for variable in model.optimizer.variables[1:]:
        variable.assign(np.zeros(variable.shape, np.float32))
    model.train_on_batch(made.pixels, made.labels)
    found = {weight.path: np.asarray(weight.value) for weight in model.trainable_weights}
    assert max(np.abs(found[path] - made.after[path]).max() for path in found) > 1e-4


def test_the_dropout_of_the_training_is_there_and_silent_in_prediction(
    made: Any, tmp_path: Path
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
    made: Any, tmp_path: Path, optimizer: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        changed_head(made, tmp_path, optimizer=optimizer).to_keras(compiled=True)


def test_fault_48_a_first_layer_that_the_backbone_lacks_is_refused(
    made: Any, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"changed\.headstart: .*no layer 'conv_dw_99'"):
        changed_head(made, tmp_path, first="conv_dw_99").to_keras()
