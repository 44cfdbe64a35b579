import dataclasses
import shutil

import numpy as np
import pytest
from comparison import assert_close, random_pixels, run_keras

from headstart.backbone import catalog, networks
from headstart.backbone.weights import Weights
from headstart.data.pixels import decode
from headstart.errors import ModelError, OptionError
from headstart.store.files import sha256_of_file

MOBILENET = catalog.find("mobilenet-0.25")


def from_file(path, backbone=MOBILENET, size=32):
    return networks.keras_model(backbone, Weights(path, sha256_of_file(path)), size)


def by_keras(keras, size=32, **options):
    """MobileNet as Keras itself makes it."""
    return keras.applications.MobileNet(
        input_shape=(size, size, 3), alpha=0.25, weights=None, **options
    )


def test_real_weights_give_the_features_of_real_photos_that_keras_gives(
    keras, mobilenet_file, shared
):
    photos = sorted((shared / "data" / "imagenet-samples").iterdir())
    seen = np.stack([decode(photo.read_bytes(), 224, "squash") for photo in photos])
    plain = by_keras(keras, 224, include_top=False, pooling="avg")
    plain.load_weights(mobilenet_file)
    prepared = keras.applications.mobilenet.preprocess_input(seen.astype(np.float32))

    features = run_keras(from_file(mobilenet_file, size=224), seen)

    assert features.shape == (3, 256)
    assert_close(features, run_keras(plain, prepared), 1e-5)


@pytest.mark.parametrize("name", ["top.h5", "top.weights.h5", "bare.h5", "bare.weights.h5"])
def test_files_of_either_layout_load_with_their_top_or_without(
    keras, mobilenet_file, tmp_path, name
):
    seen = random_pixels(1, 32)
    expected = run_keras(from_file(mobilenet_file), seen)
    bare = by_keras(keras, include_top=False)
    bare.load_weights(mobilenet_file)
    saved = bare
    if name.startswith("top"):
        saved = by_keras(keras, include_top=True)
        for layer in bare.layers[1:]:  # both have an input of their own
            saved.get_layer(layer.name).set_weights(layer.get_weights())
    path = tmp_path / name
    if name.endswith(".weights.h5"):
        saved.save_weights(path)
    else:
        saved.save(path)  # the whole model, of which we read the weights alone

    assert np.array_equal(run_keras(from_file(path), seen), expected)


@pytest.mark.parametrize(
    ("files", "mend"),
    [
        (MOBILENET.files, r"Keras fetches mobilenet_2_5_224_tf\.h5 once; or give that file to --w"),
        ((), "Give a file that holds the top to --weights, or choose another --backbone"),
    ],
    ids=["published", "unpublished"],
)
def test_a_file_without_the_top_that_is_wanted_is_refused_with_both_ways_out(
    keras, mobilenet_file, files, mend
):
    row = dataclasses.replace(MOBILENET, files=files)

    with pytest.raises(ModelError, match=f"without its top, the layers .* {mend}"):
        networks.keras_model(row, Weights(mobilenet_file, "0" * 64), 32, top=True)


def test_a_file_of_another_network_is_refused_for_that_before_its_top_is_missed(
    keras, mobilenet_file
):
    row, weights = catalog.find("mobilenet-0.5"), Weights(mobilenet_file, "0" * 64)

    with pytest.raises(ModelError, match=r"does not fit the backbone: .*\(3, 3, 3, 16\)"):
        networks.keras_model(row, weights, 32, top=True)


def test_random_weights_are_the_same_for_the_same_seed(keras):
    a, b, c = (networks.keras_model(MOBILENET, Weights(None, f"random-{n}"), 32) for n in (1, 1, 2))
    seen = random_pixels(1, 32)

    assert np.array_equal(run_keras(a, seen), run_keras(b, seen))
    assert not np.array_equal(run_keras(a, seen), run_keras(c, seen))
    assert 1e-3 < run_keras(a, seen).std() < 10  # Keras' own draw vanishes to 1e-15


def test_a_file_of_another_width_is_refused_with_both_shapes(keras, mobilenet_file):
    with pytest.raises(ModelError, match=r"\(3, 3, 3, 16\).*\(3, 3, 3, 8\)"):
        from_file(mobilenet_file, catalog.find("mobilenet-0.5"))


def test_a_file_of_another_network_is_refused_with_both_counts(keras, mobilenet_file):
    with pytest.raises(ModelError, match=r"takes 260 .* or 262 .* holds 135 \(218,544"):
        from_file(mobilenet_file, catalog.find("mobilenet-v2"))


def test_a_file_with_the_name_of_the_other_layout_is_told_to_be_renamed(
    keras, mobilenet_file, tmp_path
):
    renamed = tmp_path / "mobilenet.weights.h5"
    shutil.copy(mobilenet_file, renamed)

    with pytest.raises(ModelError, match=r"older layout.*Rename it to end in \.h5"):
        from_file(renamed)


def test_a_size_that_the_backbone_cannot_take_is_refused_before_anything_is_built():
    with pytest.raises(OptionError):
        networks.keras_model(catalog.find("vgg16"), Weights(None, "random-0"), 225)
