"""Simpler ways to classify the same rows: is a network worth it?

Each is fitted to the training rows, told them as the network is, and judged by the same rows.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from headstart import process
from headstart.columnar import examples
from headstart.data import columns
from headstart.data.labelled import spread
from headstart.evaluation.trust import Answers, answered
from headstart.options import TrainOptions
from headstart.outcome import Part
from headstart.tabular import Data
from headstart.training.head import Problem, select

_FEW = 10_000  # rows
_BINS = 254  # values that trees tell apart in one column; one more stands for all others
_NUMBERS = 2**27  # for the logistic regression, 512 MB

Rows = NDArray[np.int64]
Fitted = Callable[[Data, Rows, Rows, TrainOptions], NDArray[np.float64]]


def baselines(data: Data, judged: Sequence[Part], options: TrainOptions) -> dict[str, Answers]:
    """What logistic regression and gradient boosting say of the rows that the network is judged by.

    Args:
        judged: the rows that the networks are judged by; more parts than one of a cross-validation,
            and then each baseline is fitted to the other rows in turn.
    """
    labels, train = data.labels, data.on("train")
    rows = np.concatenate([part.rows for part in judged])
    name = "cross-validation" if len(judged) > 1 else str(data.sides[rows[0]])
    fits: dict[str, Fitted] = {"logistic_regression": _logistic, "gradient_boosting": _boosted}
    found = {}
    for kind, fit in fits.items():
        pieces = [
            fit(part.data, np.setdiff1d(train, part.rows), part.rows, options) for part in judged
        ]
        found[kind] = answered(name, rows, labels[rows], pieces)
    return found


def _logistic(data: Data, train: Rows, judged: Rows, options: TrainOptions) -> NDArray[np.float64]:
    """Multinomial logistic regression, its L2 penalty chosen as that of a head on photos."""
    most = _NUMBERS // _flat_width(data)
    used, kept = spread(train, most), spread(data.on("validation"), most)
    if len(kept):
        head = select(_problem(data, used, options), _flat(data, kept), data.labels[kept])
    else:  # a fifth of the training rows chooses the penalty
        drawn = np.random.default_rng(options.seed).permutation(used)
        kept, rest = np.split(drawn, [-(-len(drawn) // 5)])
        trial = select(_problem(data, rest, options), _flat(data, kept), data.labels[kept])
        head = _problem(data, used, options).solve(trial.strength)
    pieces = np.array_split(judged, -(-len(judged) // most))
    return np.concatenate([head.probabilities(_flat(data, piece)) for piece in pieces])


def _problem(data: Data, train: Rows, options: TrainOptions) -> Problem:
    learned = examples(data, train, options)
    return Problem(_flat(data, train), learned.labels, len(data.classes), learned.weights)


def _boosted(data: Data, train: Rows, judged: Rows, options: TrainOptions) -> NDArray[np.float64]:
    """Gradient boosting of histogram trees, as scikit-learn does it by default, but for as many
    trees as that makes of few rows: on more than 10,000 its default stops by rows of its own
    choice, whatever their groups, and wants two of a class among them."""
    with process.collecting_no_garbage():
        from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    told, codes = _in_bins(data)
    trees = HistGradientBoostingClassifier(
        categorical_features=codes or None, early_stopping=False, random_state=options.seed
    )
    learned = examples(data, train, options)
    found = np.zeros((len(judged), len(data.classes)))
    few = len(train) < _FEW  # then threads wait for each other longer than they work
    with threadpool_limits(1 if few else None):
        trees.fit(told[train], learned.labels, learned.weights)
        found[:, trees.classes_] = trees.predict_proba(told[judged])
    return found


def _in_bins(data: Data) -> tuple[NDArray[np.float32], list[int]]:
    """The numbers of all rows, float32 (n, …), and which of them are codes of categories.

    A category of more values than trees tell apart takes several columns: each holds some of the
    values, and one code for all others.
    """
    many = columns.embedded(data.columns)
    codes, more = [place for place, _, _ in many], list[NDArray[np.float32]]()
    told = data.matrix.copy() if any(buckets > _BINS for _, buckets, _ in many) else data.matrix
    for place, buckets, _ in many:
        for first in range(0, buckets, _BINS):
            part = data.matrix[:, place] - first
            part[(part < 0) | (part >= _BINS)] = _BINS
            if first:
                more.append(part)
            else:
                told[:, place] = part
    width = told.shape[1]
    told = np.column_stack([told, *more]) if more else told
    return told, [*codes, *range(width, width + len(more))]


def _flat_width(data: Data) -> int:
    embedded = columns.embedded(data.columns)
    return columns.width(data.columns) + sum(n - 1 for _, n, _ in embedded)


def _flat(data: Data, rows: Rows) -> NDArray[np.float32]:
    """float32 (n, …): as the network takes them, embedded categories as 0 and 1."""
    parts = []
    for column, place in columns.places(data.columns):
        numbers = data.matrix[rows, place]
        if isinstance(column, columns.Category) and column.embedded:
            numbers = np.eye(column.buckets, dtype=np.float32)[numbers[:, 0].astype(np.int64)]
        parts.append(numbers)
    return np.concatenate(parts, axis=1)
