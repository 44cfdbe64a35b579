"""backbone/dense.py: the two builders of the dense network agree."""

from typing import Any

import numpy as np
import pytest

from headstart.backbone import dense
from headstart.backbone.dense import Shape
from headstart.backbone.engine import OpenVinoEngine


def test_the_tutorials_network_has_642_parameters(keras: Any) -> None:
    shape = Shape(1, (), (16, 32), 2)
    assert shape.parameters() == 642
    assert dense.keras_model(shape, 0.0, 0).count_params() == 642


@pytest.mark.parametrize(
    "shape",
    [
        Shape(1, (), (16, 32), 2),
        Shape(4, (), (), 3),
        Shape(5, ((1, 9, 3), (4, 30, 6)), (8,), 4),
        Shape(1, ((0, 9, 3),), (8,), 2),
    ],
    ids=["tutorial", "linear", "embedded", "embedded alone"],
)
def test_openvino_computes_what_keras_does(shape: Shape, keras: Any) -> None:
    network = dense.keras_model(shape, 0.2, 3)
    tensors = dense.weights_of(network)
    assert {name: tensor.shape for name, tensor in tensors.items()} == shape.tensors()
    rows = np.random.default_rng(0).standard_normal((50, shape.width)).astype(np.float32)
    for place, buckets, _ in shape.embedded:
        rows[:, place] = np.arange(50) % buckets
    engine = OpenVinoEngine(dense.openvino_model(shape, tensors), "", output="logits")
    expected = np.asarray(network(rows, training=False))
    np.testing.assert_allclose(engine.run(rows), expected, atol=1e-5)


def test_the_seed_chooses_the_weights(keras: Any) -> None:
    shape = Shape(3, (), (4,), 2)
    one, same, other = (dense.weights_of(dense.keras_model(shape, 0.0, s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(one["dense_1/kernel"], same["dense_1/kernel"])
    assert not np.array_equal(one["dense_1/kernel"], other["dense_1/kernel"])


def test_more_rows_get_a_wider_network() -> None:
    widths = [dense.sized(rows, 2)[0] for rows in (100, 2000, 100_000)]
    assert widths == sorted(widths)
    assert 32 <= widths[0] < widths[-1] <= 256
