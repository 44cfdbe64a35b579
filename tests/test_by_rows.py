"""by_rows.py: a network over more rows than it is run on at once."""

import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from headstart.by_rows import by_rows, pieces


@pytest.mark.parametrize("n", [0, 1, 8192, 8193, 50_000])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_answers_come_in_the_order_of_the_rows(n: int, workers: int) -> None:
    matrix = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    found = by_rows(lambda rows: rows * 2, matrix, workers)
    assert found.shape == (n, 2)
    assert (found == matrix * 2).all()


def test_no_piece_is_large_and_none_is_left_out() -> None:
    numbers = np.arange(20_000)
    cut = [numbers[piece] for piece in pieces(len(numbers))]
    assert max(map(len, cut)) <= 8192
    assert np.concatenate(cut).tolist() == numbers.tolist()


def test_several_workers_answer_side_by_side() -> None:
    both = threading.Barrier(2, timeout=30)

    def answer(rows: NDArray[np.float32]) -> NDArray[Any]:
        both.wait()
        return rows

    by_rows(answer, np.zeros((2 * 8192, 1), np.float32), 2)
