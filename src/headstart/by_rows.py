"""A network run over the rows of a table, so many at a time as the processor's cache likes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.parallel import side_by_side

_ROWS = 8192


def pieces(n: int) -> Iterator[slice]:
    """The rows of a table of n, piece by piece; a table without any is one piece."""
    return (slice(i, i + _ROWS) for i in range(0, max(n, 1), _ROWS))


def by_rows(
    answer: Callable[[NDArray[np.float32]], NDArray[Any]],
    matrix: NDArray[np.float32],
    workers: int = 1,
) -> NDArray[Any]:
    """What is answered for the rows of a matrix (n, width), (n, …), piece by piece.

    Args:
        answer: from (m, width) to (m, …), each row by itself.
        workers: how many threads may call it at once.
    """
    each = (matrix[piece] for piece in pieces(len(matrix)))
    if workers == 1 or len(matrix) <= _ROWS:
        return np.concatenate([answer(rows) for rows in each])
    return np.concatenate([made for _, made in side_by_side(answer, each, workers)])
