"""A bundle in Keras' formats: loaded by plain Keras, and the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from headstart.backbone import catalog
from headstart.backbone.preprocessing import prepared
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.export import export, images
from headstart.errors import HeadstartError, OptionError, OutputError

pytestmark = pytest.mark.usefixtures("keras")


def load(keras: Any, form: str, path: Path, weights: Path) -> Any:
    """What plain Keras makes of a file; `weights` is one of the weights alone."""
    if form in ("keras", "h5"):
        return keras.models.load_model(path)
    model = keras.models.model_from_json(path.with_suffix("").with_suffix(".json").read_text())
    model.load_weights(weights)
    return model


def test_every_form_loads_in_plain_keras_and_answers_as_the_bundle(keras, made, tmp_path):
    weights = tmp_path / "model.weights.h5"
    files = [tmp_path / "model.json", weights, tmp_path / "model.keras", tmp_path / "model.h5"]
    forms = ("json", "weights", "keras", "h5")
    heard: list[Any] = []
    done = [
        export(made.path, form, file, listen=heard.append)
        for form, file in zip(forms, files, strict=True)
    ]
    assert all(each.difference < 1e-4 for each in done)
    assert [each.text for each in heard] == [
        "Keras 3 can read no state of an optimizer from .h5: in training it would begin anew. "
        "--to keras keeps that state.",
    ]
    assert sorted(tmp_path.iterdir()) == sorted(files)

    expected = Classifier.open(made.path).predict_proba(made.files)
    for form, file in zip(forms, files, strict=True):
        model = load(keras, form, file, weights)
        np.testing.assert_allclose(model(made.pixels, training=False), expected, atol=1e-5)
        if form in ("keras", "h5"):
            assert (type(model.optimizer).__name__, model.loss.from_logits) == ("AdamW", False)
    assert form == "h5"  # `.keras` is trained on in test_rebuild.py
    assert np.isfinite(model.fit(made.pixels, made.labels, verbose=0).history["loss"][0])


def test_that_the_learning_rate_has_come_to_its_end_is_said(tuned, tmp_path):
    heard: list[Any] = []
    export(tuned.folder, "keras", tmp_path / "model.keras", listen=heard.append)
    assert "come to the end of its schedule" in heard[0].text


def test_a_logistic_head_is_compiled_with_adam_and_that_is_said(keras, trained, tmp_path):
    heard: list[Any] = []
    export(trained.folder, "keras", tmp_path / "model.keras", listen=heard.append)
    model = keras.models.load_model(tmp_path / "model.keras")
    assert type(model.optimizer) is keras.optimizers.Adam
    assert [weight.path for weight in model.trainable_weights] == ["logits/kernel", "logits/bias"]
    assert "fitted by L-BFGS, which Keras does not have" in heard[0].text


def test_channels_in_reverse_go_into_keras_older_files_too(keras, tmp_path):
    """ResNet50 and VGG16 take BGR; a slice would be no layer, which `.h5` cannot hold."""
    pixels = keras.Input((16, 16, 3))
    rule = catalog.find("resnet50").preprocessing
    keras.Model(pixels, prepared(pixels, rule)).save(tmp_path / "bgr.h5")
    seen = images(16)
    found = keras.models.load_model(tmp_path / "bgr.h5", compile=False)(seen)
    expected = keras.applications.resnet50.preprocess_input(seen.astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_nothing_that_exists_is_overwritten_unasked(trained, tmp_path):
    path = tmp_path / "model.json"
    path.write_text("mine")
    with pytest.raises(OutputError, match=r"model\.json: is there already\. .*--force"):
        export(trained.folder, "json", path)
    assert path.read_text() == "mine"
    export(trained.folder, "json", path, force=True)
    assert path.read_text().startswith("{")


def test_a_name_that_keras_does_not_take_is_refused(trained, tmp_path):
    with pytest.raises(OptionError, match=r"model\.h5: Keras wants a name that ends in \.keras"):
        export(trained.folder, "keras", tmp_path / "model.h5")


def test_a_model_that_answers_otherwise_is_not_handed_over(trained, tmp_path):
    found = archive.read(Path(trained.folder, "model.headstart"))
    members = {name: bytes(content) for name, content in found.members.items()}
    kept = safetensors.numpy.load(members["weights.safetensors"])
    kept["head.bias"] = kept["head.bias"][::-1].copy()  # the graph has the other
    members["weights.safetensors"] = safetensors.numpy.save(kept)
    archive.write(tmp_path / "other.headstart", found.manifest, members)
    (tmp_path / "model.json").write_text("mine")
    with pytest.raises(HeadstartError, match="gives other answers than the bundle") as caught:
        export(tmp_path / "other.headstart", "json", tmp_path / "model.json", force=True)
    assert caught.value.exit_code == 1
    assert (tmp_path / "model.json").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_name_it_lies_in_this_folder_named_after_the_run(
    call, trained, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    found = call("export", trained.folder, "--to", "json")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("run.json: agrees with the bundle within ")
    assert "keras.models.model_from_json" in found.out
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
