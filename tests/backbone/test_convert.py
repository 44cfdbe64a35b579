import numpy as np
import pytest
from comparison import assert_close, random_pixels, run, run_keras

from headstart.backbone import catalog, convert, networks
from headstart.backbone.graphs import Graph
from headstart.backbone.weights import Weights, resolve
from headstart.data.pixels import decode
from headstart.errors import HeadstartError, ModelError
from headstart.events import Notice

MOBILENET = catalog.find("mobilenet-0.25")


def test_mobilenet_is_converted_once_and_computes_what_keras_computes(keras, mobilenet_file):
    weights = resolve(MOBILENET, str(mobilenet_file))
    heard = []

    graph = convert.graph(MOBILENET, weights, 96, heard.append)
    again = convert.graph(MOBILENET, weights, 96, heard.append)

    assert again == graph
    assert heard == [Notice("Converting mobilenet-0.25 once.")]
    seen = random_pixels(3, 96)
    expected = run_keras(networks.keras_model(MOBILENET, weights, 96), seen)
    assert_close(run(graph, seen), expected, 1e-5)


def test_mobilenet_with_its_top_gives_the_probabilities_that_keras_gives(
    keras, mobilenet_file, shared, tmp_path
):
    """Keras' weights for the photos; for the top, of which no file is here, a draw."""
    whole = keras.applications.MobileNet(weights=None, alpha=0.25)
    bare = keras.Model(whole.input, whole.get_layer("conv_pw_13_relu").output)  # shares layers
    bare.load_weights(mobilenet_file)
    whole.save_weights(file := tmp_path / "whole.weights.h5")
    photos = sorted((shared / "data" / "imagenet-samples").iterdir())
    seen = np.stack([decode(photo.read_bytes(), 224, "squash") for photo in photos])

    # What the child does, here, where TensorFlow is imported already.
    request = {"backbone": MOBILENET.name, "path": str(file), "digest": "", "size": 224}
    convert.convert(request | {"top": True, "cut": None, "folder": str(tmp_path)})

    prepared = keras.applications.mobilenet.preprocess_input(seen.astype(np.float32))
    probabilities = run(Graph(tmp_path, digest=""), seen)
    assert probabilities.shape == (3, 1000)
    assert_close(probabilities, run_keras(whole, prepared), 1e-4)


def test_a_graph_has_pixels_in_and_features_out_for_any_batch():
    lite0 = catalog.find("efficientnet-lite0")
    model = convert.graph(lite0, resolve(lite0), 64).read()

    (pixels,), (features,) = model.inputs, model.outputs
    assert pixels.get_names() == {"pixels"}
    assert pixels.get_element_type().to_string() == "u8"
    assert pixels.get_partial_shape().to_string() == "[?,64,64,3]"
    assert features.get_names() == {"features"}
    assert features.get_element_type().to_string() == "f32"
    assert features.get_partial_shape().to_string() == "[?,1280]"


def test_the_outputs_that_swish_leaves_behind_are_not_taken(keras):
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(4, 3, activation="swish"),
            keras.layers.Conv2D(5, 3, activation="swish"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )

    converted = convert.traced(model)

    assert [output.get_names() for output in converted.outputs] == [{"features"}]
    seen = random_pixels(2, 32)
    assert_close(run(converted, seen), run_keras(model, seen), 1e-5)


def test_a_graph_that_computes_something_else_than_keras_is_refused(keras, mobilenet_file):
    model = networks.keras_model(MOBILENET, resolve(MOBILENET, str(mobilenet_file)), 32)
    converted = convert.traced(model)
    convert.prove(converted, model)
    first = model.get_layer("conv1")
    first.set_weights([first.get_weights()[0][:, :, ::-1]])  # as if the channels were reversed

    with pytest.raises(HeadstartError, match=r"differ from Keras' by 0\.\d+ of the largest"):
        convert.prove(converted, model)


def test_graphs_of_other_weights_sizes_or_ends_have_other_digests():
    lite0 = catalog.find("efficientnet-lite0")
    digests = {
        convert.graph(lite0, Weights(None, f"random-{seed}"), size, top=top).digest
        for seed in (0, 1)
        for size in (32, 64)
        for top in (False, True)
    }
    assert len(digests) == 8


@pytest.mark.parametrize("top", [False, True])
def test_what_is_wrong_with_a_file_comes_back_from_the_child_as_it_was_raised(tmp_path, top):
    bad = tmp_path / "bad.h5"
    bad.write_bytes(b"<html>")
    pytest.importorskip("h5py", reason="h5py comes with Keras (extra `tensorflow`)")

    with pytest.raises(ModelError, match=r"bad\.h5: is not a weight file") as caught:
        convert.graph(MOBILENET, resolve(MOBILENET, str(bad)), 32, top=top)
    assert caught.value.mend.startswith("Fetch it again")
