"""Which columns matter, how the answers follow them, and some rows as the network takes them.

The document that `described` makes is a run's `columns.json`; the page is drawn from it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data import columns, mapping
from headstart.data.columns import Boolean, Category, LeftOut, Moment, Number, Used
from headstart.data.labelled import spread
from headstart.evaluation.importance import Predict, dependence, permuted
from headstart.evaluation.trust import Z95, Answers
from headstart.outcome import Judge
from headstart.tabular import Data

_ROWS = 5000  # that importance is measured on, at most
_ROUNDS = 10
_PREDICTED = 20_000_000  # rows, over all rounds and columns: some ten seconds
_AVERAGED = 1000  # rows of a partial dependence
_TOP = 3  # columns that have one
_POINTS = 21  # of its curve
_RANGE = 0.01, 0.99  # quantiles between which it is drawn: beyond them are too few rows
_BARS = 12  # values of a category
_SAMPLES = 10
_SHOWN = 30  # columns of a sample


def described(
    data: Data, judges: Sequence[Judge], answers: Answers, predict: Predict, seed: int
) -> dict[str, Any]:
    """What the columns do for the answers.

    Args:
        judges: whose answers are judged.
        answers: these answers.
        predict: the network that is kept.
    """
    ranked = _ranked(data, judges, seed)
    known = {column.name: (column, place) for column, place in columns.places(data.columns)}
    best = [known[row["name"]] for row in ranked]
    rows = np.sort(np.concatenate([judge.rows for judge in judges]))
    some = data.matrix[spread(rows, _AVERAGED)]
    followed = [_followed(data, column, place, predict, some) for column, place in best[:_TOP]]
    return {
        "format": 1,
        "set": answers.name.replace("-", "_"),
        "rows": min(len(rows), _ROWS),
        "classes": list(data.classes),
        "columns": ranked,
        "left_out": [
            {"name": column.name, "reason": column.reason}
            for column in data.columns
            if isinstance(column, LeftOut)
        ],
        "dependence": [found for found in followed if found["at"]],
        "samples": _samples(data, answers, best[:_SHOWN]),
    }


def _ranked(data: Data, judges: Sequence[Judge], seed: int) -> list[dict[str, Any]]:
    """The columns by what the accuracy loses without them, with intervals over the rows."""
    placed = columns.places(data.columns)
    n = sum(len(judge.rows) for judge in judges)
    rounds = int(np.clip(_PREDICTED // (min(n, _ROWS) * len(placed)), 1, _ROUNDS))
    lost: list[NDArray[np.float64]] = []
    risen: list[NDArray[np.float64]] = []
    for judge in judges:
        rows = spread(judge.rows, -(-_ROWS * len(judge.rows) // n))
        known = {column.name: place for column, place in columns.places(judge.data.columns)}
        there = [j for j, (column, _) in enumerate(placed) if column.name in known]
        found = permuted(
            judge.predict,
            judge.data.matrix[rows],
            data.labels[rows],
            [known[placed[j][0].name] for j in there],
            rounds=rounds,
            seed=seed,
        )
        for all_of_it, part in zip((lost, risen), found, strict=True):
            whole = np.zeros((len(rows), len(placed)))  # a column that is left out loses nothing
            whole[:, there] = part
            all_of_it.append(whole)
    drops, rises = np.concatenate(lost), np.concatenate(risen)
    half = Z95 * drops.std(axis=0) / np.sqrt(len(drops))
    rows_of_it = [
        {
            "name": column.name,
            "kind": column.kind,
            "accuracy_drop": float(drop),
            "interval": [float(drop - width), float(drop + width)],
            "loss_rise": float(rise),
        }
        for (column, _), drop, width, rise in zip(
            placed, drops.mean(axis=0), half, rises.mean(axis=0), strict=True
        )
    ]
    return sorted(rows_of_it, key=lambda row: (-row["accuracy_drop"], -row["loss_rise"]))


def _followed(
    data: Data, column: Used, place: slice, predict: Predict, matrix: NDArray[np.float32]
) -> dict[str, Any]:
    cells = _grid(column, data.samples.frame[column.name])
    if len(cells) and column.missing:
        cells = cells.extend(pl.Series([None], dtype=cells.dtype))
    found = dependence(predict, matrix, place, mapping.numbers(column, cells))
    return {
        "name": column.name,
        "kind": column.kind,
        "at": [_json(value) for value in cells],
        "probabilities": found.tolist(),
    }


def _grid(column: Used, cells: pl.Series) -> pl.Series:
    """Values of a column, from all over what stands there."""
    there = cells.drop_nulls()
    match column:
        case Category():
            often = cells.cast(pl.String).value_counts(sort=True)[column.name].to_list()
            known = [value for value in often if value in column.values]
            return pl.Series(known[:_BARS], dtype=pl.String)
        case Boolean():
            return pl.Series([False, True])
        case Moment():
            if not len(there):
                return there
            ordered = there.sort()
            at = np.linspace(*_RANGE, _POINTS) * (len(ordered) - 1)
            places = at.round().astype(int)
            return ordered.gather(places).unique(maintain_order=True)
        case Number():
            values = there.cast(pl.Float64)
            if not len(values):
                return values
            low, high = (float(values.quantile(q) or 0) for q in _RANGE)
            points = np.linspace(low, high, _POINTS)
            return pl.Series(np.unique(points.round() if cells.dtype.is_integer() else points))


def _samples(data: Data, answers: Answers, shown: Sequence[tuple[Used, slice]]) -> dict[str, Any]:
    """A few rows as they stand in the table, and as the network takes them."""
    at = spread(np.arange(len(answers.samples)), _SAMPLES)
    names = columns.names(data.columns)
    return {
        "columns": [{"name": column.name, "numbers": names[place]} for column, place in shown],
        "more": len(columns.places(data.columns)) - len(shown),
        "rows": [
            {
                "sample": data.samples.names[i],
                "label": data.classes[label],
                "predicted": data.classes[best],
                "cells": [_json(data.samples.frame[column.name][i]) for column, _ in shown],
                "numbers": [data.matrix[i, place].tolist() for _, place in shown],
            }
            for i, label, best in zip(
                answers.samples[at].tolist(),
                answers.labels[at].tolist(),
                answers.predicted[at].tolist(),
                strict=True,
            )
        ],
    }


def _json(value: Any) -> Any:
    """A cell as JSON has it; dates and times as ISO 8601."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
