"""Engines: the same photo gives the same numbers, whoever asks, in whatever company."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from comparison import assert_close, random_pixels

from headstart.backbone import catalog, convert, networks
from headstart.backbone.engine import KerasEngine, OpenVinoEngine, has_bfloat16, processor
from headstart.backbone.weights import resolve
from headstart.data.pixels import decode

LITE0 = catalog.find("efficientnet-lite0")
SIZE = 64


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(tmp_path_factory.mktemp("engine")))
        return convert.graph(LITE0, resolve(LITE0), SIZE)


@pytest.fixture(scope="module")
def engine(graph):
    return OpenVinoEngine(graph.read(), graph.digest)


@pytest.fixture(scope="module")
def pixels():
    return random_pixels(16, SIZE)


def test_a_photo_gets_the_same_bits_in_a_batch_of_any_size(engine, pixels):
    whole = engine.run(pixels)
    assert (whole.shape, whole.dtype) == ((16, engine.shape[-1]), np.float32)
    for n in (1, 3, 8):
        parts = [engine.run(pixels[i : i + n]) for i in range(0, 16, n)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_threads_do_not_disturb_one_another(engine, pixels):
    whole = engine.run(pixels)
    with ThreadPoolExecutor(4) as pool:
        rows = pool.map(lambda i: engine.run(pixels[i % 16 : i % 16 + 1]), range(64))
        for i, row in enumerate(rows):
            np.testing.assert_array_equal(row[0], whole[i % 16])


def test_an_answer_stays_as_it_is_when_the_next_photo_comes(engine, pixels):
    first = engine.run(pixels[:1])
    kept = first.copy()
    engine.run(pixels[1:2])
    np.testing.assert_array_equal(first, kept)


def test_pixels_that_do_not_lie_in_a_row_in_memory_are_read_as_what_they_are(engine, pixels):
    apart = pixels[::2]
    assert not apart.flags.c_contiguous
    np.testing.assert_array_equal(engine.run(apart), engine.run(pixels)[::2])


def test_no_photo_is_an_answer_of_no_rows(engine, pixels):
    assert engine.run(pixels[:0]).shape == (0, engine.shape[-1])


def test_the_key_is_that_of_network_output_and_precision(graph, engine):
    same = OpenVinoEngine(graph.read(), graph.digest)
    other = OpenVinoEngine(graph.read(), "another network")
    assert same.key == engine.key
    assert other.key != engine.key
    assert len(engine.key) == 64
    assert (engine.name, engine.precision) == ("openvino", "float32")


def test_the_output_that_is_asked_for_is_given(trained):
    graph = trained.run.bundle.graph()
    features = OpenVinoEngine(graph, "x", output="features")
    logits = OpenVinoEngine(graph, "x", output="logits")
    assert (features.shape, logits.shape) == ((1280,), (10,))
    assert features.key != logits.key


@pytest.mark.skipif(not has_bfloat16(), reason="this processor does not compute in bfloat16")
def test_bfloat16_is_close_to_float32_and_is_kept_apart_from_it(graph, engine, pixels):
    fast = OpenVinoEngine(graph.read(), graph.digest, "bfloat16")
    assert fast.key != engine.key
    assert_close(fast.run(pixels), engine.run(pixels), 0.1)
    assert not np.array_equal(fast.run(pixels), engine.run(pixels))


def test_the_processor_has_a_name():
    assert processor().strip()


def test_keras_computes_the_same_features(keras, graph, engine, shared):
    model = networks.keras_model(LITE0, resolve(LITE0), SIZE)
    by_keras = KerasEngine(model, graph.digest)
    photos = sorted((shared / "data" / "imagenet-samples").glob("*.*g"))
    seen = np.stack([decode(path.read_bytes(), SIZE, "squash") for path in photos])
    answer = by_keras.run(seen)
    assert (answer.shape, answer.dtype) == ((len(photos), *by_keras.shape), np.float32)
    assert_close(answer, engine.run(seen), 1e-5)
    assert by_keras.key != engine.key
    assert (by_keras.name, by_keras.parallel) == ("keras", 1)
