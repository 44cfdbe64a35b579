import re
import shutil
import time

import pytest

from headstart.backbone import catalog, packaged, weights
from headstart.errors import MissingError, OptionError
from headstart.events import Notice

LITE0 = catalog.find("efficientnet-lite0")
MOBILENET = catalog.find("mobilenet-0.25")


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch):
    """Keras' cache, empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


def test_lite0_is_present_wherever_its_package_is():
    found = weights.resolve(LITE0)

    assert found.path == weights.present(LITE0) == packaged.weights_file()
    assert found.digest == packaged.DIGEST
    assert found.seed is None


def test_a_file_in_keras_cache_is_found_without_keras(keras_home, mobilenet_file):
    assert weights.present(MOBILENET) is None
    (keras_home / "models").mkdir()
    kept = keras_home / "models" / "mobilenet_2_5_224_tf_no_top.h5"
    shutil.copy(mobilenet_file, kept)

    assert weights.present(MOBILENET) == kept
    assert weights.resolve(MOBILENET) == weights.Weights(
        kept, "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf"
    )


def test_for_the_top_only_the_file_that_holds_it_will_do(keras_home):
    (keras_home / "models").mkdir()
    for name in MOBILENET.files:
        (keras_home / "models" / name).touch()
    without, whole = (keras_home / "models" / name for name in MOBILENET.files)

    assert weights.present(MOBILENET) == without
    assert weights.present(MOBILENET, top=True) == whole
    assert weights.resolve(MOBILENET, top=True).path == whole
    whole.unlink()
    assert weights.present(MOBILENET, top=True) is None


def test_the_last_file_of_every_row_is_the_one_with_the_top():
    for row in catalog.BACKBONES:
        tops = [name for name in row.files if not re.search("no_?top", name)]
        assert tops == list(row.files[-1:])


def test_a_given_file_is_known_by_its_content(tmp_path, mobilenet_file):
    other = tmp_path / "other.h5"
    shutil.copy(mobilenet_file, other)

    a, b = (weights.resolve(MOBILENET, str(path)) for path in (mobilenet_file, other))

    assert a.digest == b.digest
    assert a.path != b.path


def test_random_weights_are_known_by_their_seed():
    assert weights.resolve(MOBILENET, "random") == weights.Weights(None, "random-0")
    assert weights.resolve(MOBILENET, "random-7").seed == 7


@pytest.mark.parametrize("name", ["none.h5", "folder", "notes.txt"])
def test_what_is_no_weight_file_is_refused_by_name(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("no weights")

    with pytest.raises(OptionError, match=name):
        weights.resolve(MOBILENET, str(tmp_path / name))


def test_a_file_for_lite0_is_refused_because_it_would_do_nothing(mobilenet_file):
    with pytest.raises(OptionError, match="brings its own weights"):
        weights.resolve(LITE0, str(mobilenet_file))


def test_without_a_network_both_ways_out_are_named_soon(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nothing listens there
    heard = []
    begun = time.monotonic()

    with pytest.raises(MissingError) as caught:
        weights.resolve(catalog.find("resnet50"), None, heard.append)

    assert time.monotonic() - begun < 10
    assert "Connect once" in str(caught.value)
    assert "--weights FILE" in str(caught.value)
    assert heard == [Notice("Fetching the weights of resnet50 once, by way of Keras.")]
    assert "_notop.h5 or resnet50_weights" in str(caught.value)


def test_without_a_network_only_the_file_with_the_top_is_named_where_that_is_wanted(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nothing listens there

    with pytest.raises(MissingError, match=r"FILE with resnet50_weights_tf_\w+_kernels\.h5\.$"):
        weights.resolve(catalog.find("resnet50"), top=True)


def test_a_width_that_nobody_published_asks_for_a_file():
    with pytest.raises(MissingError, match=r"No weights of mobilenet-0\.4 are published"):
        weights.resolve(catalog.find("mobilenet-0.4"))
