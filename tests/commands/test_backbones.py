"""`headstart backbones`: every row of the catalog, and what runs here timed here."""

import json

import pytest

from headstart.backbone import catalog, convert, weights


@pytest.fixture(autouse=True)
def _no_weights_of_keras(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def test_every_backbone_is_listed_with_its_facts(call):
    found = json.loads(call("backbones", "--json").out)["backbones"]
    assert [row["name"] for row in found] == [row.name for row in catalog.BACKBONES]
    vgg16 = next(row for row in found if row["name"] == "vgg16")
    assert (vgg16["features"], vgg16["weights"], vgg16["milliseconds"]) == (4096, None, None)
    assert vgg16["weight_files"] == ["vgg16_weights_tf_dim_ordering_tf_kernels.h5"]


def test_a_network_that_is_ready_is_timed(call):
    lite0 = catalog.find(catalog.DEFAULT)
    convert.graph(lite0, weights.resolve(lite0), lite0.size)
    first, *_ = json.loads(call("backbones", "--json").out)["backbones"]
    assert first["name"] == "efficientnet-lite0"
    assert first["weights"] is not None
    assert first["milliseconds"] > 0


def test_people_get_a_table_that_fits_a_terminal(call):
    found = call("backbones")
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith("efficientnet-lite0")
    assert lines[1].endswith("here")
    assert any(line.startswith("vgg16") and line.endswith("fetched once") for line in lines)
