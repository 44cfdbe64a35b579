import functools
import subprocess
import sys

import numpy as np
import pytest
from comparison import assert_close, random_pixels, run, run_keras

from headstart.backbone import lite0
from headstart.backbone.quiet_openvino import openvino
from headstart.data import pixels


@pytest.fixture(scope="module")
def tensors():
    return lite0.load_tensors()


@pytest.fixture(scope="module")
def keras_model(keras, tensors):
    """The Keras model of a size, without top; each is built once, for that takes seconds."""
    return functools.cache(lambda size: lite0.keras_model(tensors, size))


def test_the_lizard_is_an_agama_with_the_stated_probability(tensors, shared):
    (photo,) = (shared / "data" / "imagenet-samples").glob("lizard*")
    lizard = pixels.decode(photo.read_bytes(), 224, "squash", reduce=False)

    probabilities = run(lite0.openvino_model(tensors, 224, top=True), lizard[np.newaxis])

    assert probabilities.argmax() == 40
    assert probabilities.max() == pytest.approx(0.7626, abs=0.001)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [32, 97, 224])
def test_both_builders_compute_the_same_features(tensors, keras_model, size):
    seen = random_pixels(2, size)

    features = run_keras(keras_model(size), seen)

    assert features.shape == (2, 1280)
    assert_close(run(lite0.openvino_model(tensors, size), seen), features, 1e-5)


def test_both_builders_compute_the_same_probabilities_with_the_top(tensors, keras):
    seen = random_pixels(2, 64)
    model = lite0.keras_model(tensors, 64, top=True)

    assert model.count_params() == 4_694_024
    expected = run_keras(model, seen)
    assert_close(run(lite0.openvino_model(tensors, 64, top=True), seen), expected, 1e-5)


def test_the_keras_model_takes_float_pixels_as_well(keras_model):
    model, seen = keras_model(32), random_pixels(1, 32)
    halves = seen.astype(np.float32) + 0.5

    assert np.array_equal(run_keras(model, seen), run_keras(model, seen.astype(np.float32)))
    assert not np.array_equal(run_keras(model, seen), run_keras(model, halves))


def test_every_block_has_the_same_name_and_size_in_both_builders(tensors, keras_model):
    nodes = {
        node.get_friendly_name(): node for node in lite0.openvino_model(tensors, 224).get_ops()
    }
    model = keras_model(224)

    for block in lite0.BLOCKS:
        _, channels, height, width = nodes[block.name].get_output_partial_shape(0)
        shape = (None, height.get_length(), width.get_length(), channels.get_length())
        assert model.get_layer(block.name).output.shape == shape
    assert model.get_layer("block_10").output.shape == (None, 14, 14, 112)
    assert [block.name for block in lite0.BLOCKS] == [
        "stem",
        *(f"block_{number}" for number in range(16)),
        "head",
    ]


def test_normalizations_stay_in_the_keras_model_to_be_trained(keras, keras_model):
    layers = keras_model(32).layers

    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 49
    assert {layer.epsilon for layer in norms} == {1e-3}


def test_the_same_graph_is_written_with_the_same_bytes(tensors, tmp_path):
    written = []
    for name in ("a", "b"):
        xml, weights = tmp_path / f"{name}.xml", tmp_path / f"{name}.bin"
        openvino.serialize(lite0.openvino_model(tensors, 224), xml, weights)
        written.append((xml.read_bytes(), weights.read_bytes()))

    assert written[0] == written[1]


def test_features_do_not_depend_on_the_batch_or_the_number_of_threads(tensors):
    model, seen = lite0.openvino_model(tensors, 96), random_pixels(9, 96)
    expected = run(model, seen)

    for threads in (1, 2):
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        for batch in (1, 4):
            parts = [np.array(compiled(seen[i : i + batch])[0]) for i in range(0, 9, batch)]
            assert np.array_equal(np.concatenate(parts), expected)


def test_random_weights_depend_on_their_seed_alone():
    a, b, c = (lite0.load_tensors(seed) for seed in (1, 1, 2))

    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert not np.array_equal(a["_conv_head.weight"], c["_conv_head.weight"])
    assert {name: array.shape for name, array in a.items()} == {
        name: array.shape for name, array in lite0.load_tensors().items()
    }


def test_features_are_computed_without_tensorflow_and_nothing_leaves_the_process(tmp_path):
    script = """
import sys
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(watch)
from headstart.backbone import catalog, convert, weights
backbone = catalog.find("efficientnet-lite0")
convert.graph(backbone, weights.resolve(backbone), 32).read()
assert not {"tensorflow", "keras", "torch"} & set(sys.modules)
"""
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    environment = {"HOME": str(home), "HEADSTART_CACHE_DIR": str(cache), "PATH": ""}

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert not any(home.iterdir())
    assert {path.name for path in cache.rglob("*") if path.is_file()} == {
        "model.xml",
        "model.bin",
        "sha256.json",
    }
