"""`headstart inspect`: what is in a classifier."""

import json
from pathlib import Path


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
    assert found["manifest"] == trained.run.bundle.manifest.model_dump(mode="json")
    assert found["learning_rate"] is None


def test_people_get_lines_that_fit_a_terminal_and_the_figures(call, trained):
    found = call("inspect", Path(trained.folder, "model.headstart"))
    assert (found.code, found.err) == (0, "")
    layers, facts = found.out.split("\n\n")
    assert all(len(line) <= 80 for line in layers.splitlines())
    test = trained.run.metrics["test"]["accuracy"]
    assert f"test {test:.1%}" in facts
    assert "3,425,834 in all, 12,810 trained" in facts
    assert "Classes      0, 1, 2" in facts


def test_what_is_no_classifier_is_an_error(call, tmp_path):
    found = call("inspect", tmp_path)
    assert (found.code, found.out) == (2, "")
    assert "without model.headstart" in found.err
