"""`headstart inspect`: what is in a classifier."""

import json
from pathlib import Path

import pytest

from headstart.bundle.manifest import Backboned, BackboneRef, HeadRef
from headstart.commands.inspect import training


def test_layers_lead_from_pixels_to_logits_with_their_weights(call, trained):
    found = json.loads(call("inspect", trained.folder, "--json").out)
    first, *_, last = found["layers"]
    assert (first["name"], first["operation"]) == ("pixels", "Parameter")
    assert first["output"] == [-1, 32, 32, 3]
    assert last["output"] == [-1, 10]
    assert last["weights"] == found["trainable_parameters"] == 1281 * 10
    assert found["parameters"] == trained.run.metrics["parameters"]
    held = sum(layer["weights"] for layer in found["layers"])
    assert 0.98 < held / found["parameters"] <= 1  # batch normalizations are folded in


def test_the_manifest_is_shown_as_it_is(call, trained):
    found = json.loads(call("inspect", trained.folder, "--json").out)
    assert found["manifest"] == json.loads(trained.run.bundle.manifest.to_bytes())
    assert found["learning_rate"] is None
    assert (found["optimizer"], found["first_trained"]) == ("L-BFGS", "logits")


def test_people_get_lines_that_fit_a_terminal_and_the_figures(call, trained):
    found = call("inspect", Path(trained.folder, "model.headstart"))
    assert (found.code, found.err) == (0, "")
    layers, facts = found.out.split("\n\n")
    assert all(len(line) <= 80 for line in layers.splitlines())
    test = trained.run.metrics["test"]["accuracy"]
    assert f"test {test:.1%}" in facts
    assert "3,425,834 in all, 12,810 trained" in facts
    assert "Classes      0, 1, 2" in facts


def test_a_network_trained_by_gradient_tells_from_which_layer_on_and_how(call, tuned):
    found = json.loads(call("inspect", tuned.folder, "--json").out)
    assert (found["optimizer"], found["loss"]) == ("AdamW", "cross-entropy")
    assert found["learning_rate"] == 2e-3  # the top of its schedule
    assert found["first_trained"] == "head_convolution"
    assert found["trainable_parameters"] == tuned.metrics["trainable_parameters"]
    # kernel, scale and shift of the last convolution; the new layer
    assert found["trainable_parameters"] == 320 * 1280 + 2 * 1280 + 1281 * 10
    facts = call("inspect", tuned.folder).out.split("\n\n")[1]
    assert all(len(line) <= 80 for line in facts.splitlines()[:4])
    assert "Trained      from head_convolution on, the rest frozen" in facts
    assert "AdamW, learning rate up to 0.002; loss: cross-entropy" in facts


@pytest.mark.parametrize(
    ("config", "highest"),
    [
        ({"learning_rate": 1e-4}, 1e-4),
        (
            {
                "learning_rate": {
                    "class_name": "CosineDecay",
                    "config": {"initial_learning_rate": 1e-4, "warmup_target": 2e-3},
                }
            },
            2e-3,
        ),
        ({"learning_rate": {"class_name": "Unknown", "config": {}}}, None),
        ({}, None),
    ],
)
def test_the_highest_learning_rate_is_read_from_the_record_of_the_optimizer(config, highest):
    optimizer = {"class_name": "Adam", "config": config}
    head = HeadRef(
        kind="dense", first="logits", optimizer=optimizer, dropout=0.0, label_smoothing=0.1
    )
    backbone = BackboneRef(name="efficientnet-lite0", weights="0" * 64, features=1280, size=224)
    found = training(Backboned(backbone=backbone, head=head))
    assert found["learning_rate"] == highest
    assert found["loss"] == "cross-entropy, label smoothing 0.1"


def test_what_is_no_classifier_is_an_error(call, tmp_path):
    found = call("inspect", tmp_path)
    assert (found.code, found.out) == (2, "")
    assert "without model.headstart" in found.err
