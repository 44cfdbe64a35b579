"""Photos made ready: which take part, under which number, on which engine."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from fake_engine import FakeEngine
from photos import put_colours

from headstart import looks
from headstart.backbone import catalog
from headstart.backbone.engine import has_bfloat16
from headstart.backbone.graphs import Graph
from headstart.backbone.weights import Weights
from headstart.dataset import Network, list_photos, load_network, look_at
from headstart.errors import OptionError, SourceError
from headstart.events import Notice, nobody
from headstart.options import TrainOptions
from headstart.store.files import cache_root

LITE0 = catalog.find("efficientnet-lite0")


def network(engine: FakeEngine) -> Network:
    graph = Graph(Path("unused"), "unused")
    return Network(LITE0, Weights(None, "random-0"), graph, engine, None, 8, "squash")


def data_of(source: Path, listen=lambda _event: None):
    options = TrainOptions()
    return look_at(list_photos(source, options), network(FakeEngine()), options, listen)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for label in ("ape", "bee", "cat"):
        put_colours(tmp_path / "source", label, 3)
    return tmp_path / "source"


def test_a_label_is_the_number_of_its_class(source):
    data = data_of(source)
    assert data.classes == ("ape", "bee", "cat")
    named = [data.classes[label] for label in data.labels]
    assert named == data.samples.labels
    assert data.features.shape == (9, 3)


def test_copies_of_one_photo_are_one_cluster(source):
    (source / "cat" / "copy.png").write_bytes((source / "ape" / "1.png").read_bytes())
    data = data_of(source)
    names = data.samples.names
    copy, original = names.index("cat/copy.png"), names.index("ape/1.png")
    assert data.clusters[copy] == data.clusters[original]
    assert len(set(data.clusters.tolist())) == 9
    np.testing.assert_array_equal(data.features[copy], data.features[original])


def test_fault_01_and_03_what_is_no_photo_is_left_out_with_its_reason(source):
    (source / "bee" / "0.png").write_bytes(b"")
    (source / "bee" / "1.png").write_text("<html>")
    (source / "bee" / "0-link.png").symlink_to(source / "ape" / "0.png")
    heard = []
    data = data_of(source, heard.append)
    assert [item.name for item in data.samples.left_out] == [
        "bee/0-link.png",
        "bee/0.png",
        "bee/1.png",
    ]
    assert "empty" in data.samples.left_out[1].reason
    assert Notice("3 left out; the report names each and says why.") in heard
    names = data.samples.names
    assert names == [
        *(f"ape/{i}.png" for i in range(3)),
        "bee/2.png",
        *(f"cat/{i}.png" for i in range(3)),
    ]
    np.testing.assert_array_equal(
        data.features[3], data_of(source).features[names.index("bee/2.png")]
    )
    assert data.labels.tolist() == [0, 0, 0, 1, 2, 2, 2]


@pytest.mark.parametrize("content", [b"", b"<html>"])
def test_fault_19_a_class_without_a_readable_photo_is_an_error_that_names_it(source, content):
    for path in (source / "bee").iterdir():
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"No photo that can be read in 'bee' \(bee/0\.png: "):
        data_of(source)


def test_fault_19_so_is_an_empty_class_folder_for_else_class_numbers_would_shift(source):
    (source / "bat").mkdir()
    with pytest.raises(SourceError, match="No photo that can be read in 'bat'"):
        list_photos(source, TrainOptions())


def test_only_photos_that_take_part_are_looked_at_and_a_broken_one_is_replaced(source):
    options, engine = TrainOptions(per_class="1,1,0"), FakeEngine()
    data = look_at(list_photos(source, options), network(engine), options, nobody)
    used = data.sides != "unused"
    assert (used.sum(), engine.photos) == (6, 6)
    assert not data.features[~used].any()
    assert data.features[used].all()
    broken = data.samples.files[int(np.flatnonzero(used)[0])]
    Path(broken.path).write_text("<html>")
    data = look_at(list_photos(source, options), network(engine), options, nobody)
    assert [item.name for item in data.samples.left_out] == [broken.name]
    assert [len(data.on(side)) for side in ("train", "validation", "unused")] == [3, 3, 2]
    assert data.features[data.sides != "unused"].all()


def test_grey_pictures_are_read_only_where_it_is_not_known_what_they_show(source, monkeypatch):
    first = data_of(source)
    monkeypatch.setattr(looks, "pictures", None)
    again = data_of(source)
    assert np.array_equal(again.clusters, first.clusters)
    assert np.array_equal(again.plain, first.plain)


def test_damage_in_the_cache_is_told(source):
    data_of(source)
    shutil.rmtree(cache_root() / "copies")  # or the grey pictures would not be read again
    segments = [*(cache_root() / "features").rglob("*.rows")]  # features, and grey pictures
    assert len(segments) == 2
    for segment in segments:
        segment.write_bytes(segment.read_bytes()[:-4])
    heard = []
    data_of(source, heard.append)
    assert heard.count(Notice("1 damaged entry of the cache: computed again.")) == 2


def lite0_on(source: Path, **options: object) -> Network:
    chosen = TrainOptions(**options)
    photos = list_photos(source, chosen)
    return load_network(chosen, photos.files, photos.keys)


def test_the_default_network_is_lite0_on_openvino(source):
    found = lite0_on(source, size=32, precision="float32")
    assert (found.backbone, found.size, found.resize) == (LITE0, 32, "squash")
    assert (found.engine.name, found.engine.precision) == ("openvino", "float32")
    assert found.engine.run(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 1280)
    assert found.agreement is None


def test_bfloat16_is_compared_on_some_photos_where_the_processor_has_it(source):
    found = lite0_on(source, size=32)
    if has_bfloat16():
        assert found.agreement.photos == 9
        assert (found.engine.precision == "bfloat16") == found.agreement.holds
    else:
        assert (found.engine.precision, found.agreement) == ("float32", None)


@pytest.mark.skipif(has_bfloat16(), reason="this processor computes in bfloat16")
def test_bfloat16_is_refused_on_a_processor_without_it(source):
    with pytest.raises(OptionError, match="--precision bfloat16: features are not computed"):
        lite0_on(source, size=32, precision="bfloat16")


def test_a_backbone_that_is_not_there_is_refused_with_the_nearest_names(source):
    with pytest.raises(OptionError, match="Did you mean mobilenet"):
        lite0_on(source, backbone="mobilnet")


def test_fault_17_one_class_is_no_source_to_train_on_but_one_to_judge_by(tmp_path):
    put_colours(tmp_path / "source", "ape", 3)
    assert list_photos(tmp_path / "source", TrainOptions()).classes == ("ape",)
    with pytest.raises(SourceError, match="one class only, 'ape'; a classifier needs two or more"):
        list_photos(tmp_path / "source", TrainOptions(), to_train=True)
