"""Permutation importance and partial dependence, on a function that is known."""

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.importance import dependence, permuted


def predict(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """Two classes by the first number alone."""
    p = 1 / (1 + np.exp(-8 * matrix[:, 0].astype(np.float64)))
    return np.column_stack([1 - p, p])


def rows(n: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    matrix = np.random.default_rng(0).normal(0, 1, (n, 3)).astype(np.float32)
    return matrix, (matrix[:, 0] > 0).astype(np.int64)


def test_a_column_that_decides_loses_half_and_one_that_does_nothing_nothing() -> None:
    matrix, labels = rows(2000)
    kept = matrix.copy()
    places = [slice(0, 1), slice(1, 3)]
    lost, risen = permuted(predict, matrix, labels, places, rounds=5, seed=0)
    assert lost.shape == risen.shape == (2000, 2)
    assert abs(lost[:, 0].mean() - 0.5) < 0.03  # then a coin would do as well
    assert risen[:, 0].mean() > 1
    assert not lost[:, 1].any()
    assert not risen[:, 1].any()
    np.testing.assert_array_equal(matrix, kept)


def test_the_same_seed_tells_the_same_others() -> None:
    matrix, labels = rows(50)
    first = permuted(predict, matrix, labels, [slice(0, 1)], rounds=2, seed=3)
    again = permuted(predict, matrix, labels, [slice(0, 1)], rounds=2, seed=3)
    np.testing.assert_array_equal(first, again)


def test_partial_dependence_is_the_mean_over_rows_that_are_told_one_value() -> None:
    matrix, _ = rows(40)
    values = np.array([[-1.0], [0.0], [1.0]])
    found = dependence(predict, matrix, slice(0, 1), values)
    np.testing.assert_allclose(found, predict(values.astype(np.float32)), atol=1e-6)
    flat = dependence(predict, matrix, slice(1, 2), values)
    np.testing.assert_allclose(flat, np.tile(predict(matrix).mean(axis=0), (3, 1)))
