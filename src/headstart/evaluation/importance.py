"""What each column does for the answers of a network, whatever the network is.

Throughout, `matrix` is float32 (n, width), the rows as the network takes them; `predict` gives
probabilities, float (n, n_classes), of such a matrix; a place is where a column's numbers stand.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.metrics import Labels

Predict = Callable[[NDArray[np.float32]], NDArray[np.float64]]

_FLOOR = 1e-15  # of a probability whose logarithm is taken


def permuted(
    predict: Predict,
    matrix: NDArray[np.float32],
    labels: Labels,
    places: Sequence[slice],
    *,
    rounds: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What every row loses where a column is told that of another row.

    The mean over the rows is the permutation importance (Breiman, Random Forests, 2001; Fisher,
    Rudin and Dominici, All Models Are Wrong, but Many Are Useful, 2019); kept by row, it tells too
    how much of that is chance. Of two columns that tell the same neither seems to matter much.

    Args:
        labels: int64 (n,), the true classes.
        rounds: permutations that are averaged.

    Returns:
        float64 (n, len(places)), twice: right before less right after, −1 to 1; and by how much
        −log p(true class) rose.
    """
    random = np.random.default_rng(seed)
    right, surprise = _judged(predict(matrix), labels)
    lost = np.zeros((len(matrix), len(places)))
    risen = np.zeros_like(lost)
    told = matrix.copy()
    for j, place in enumerate(places):
        for _ in range(rounds):
            told[:, place] = matrix[random.permutation(len(matrix)), place]
            right_now, surprise_now = _judged(predict(told), labels)
            lost[:, j] += (right - right_now) / rounds
            risen[:, j] += (surprise_now - surprise) / rounds
        told[:, place] = matrix[:, place]
    return lost, risen


def dependence(
    predict: Predict,
    matrix: NDArray[np.float32],
    place: slice,
    values: NDArray[np.floating],
) -> NDArray[np.float64]:
    """The mean probabilities where every row is told the same value of one column.

    Partial dependence (Friedman, Greedy Function Approximation, Annals of Statistics 29, 2001).

    Args:
        values: float (m, width of the column), m values as the network takes them.

    Returns:
        float64 (m, n_classes).
    """
    told = matrix.copy()
    found = []
    for value in values:
        told[:, place] = value
        found.append(predict(told).mean(axis=0))
    return np.array(found)


def _judged(
    probabilities: NDArray[np.float64], labels: Labels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p_label = probabilities[np.arange(len(labels)), labels]
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    return right, -np.log(np.maximum(p_label, _FLOOR))
