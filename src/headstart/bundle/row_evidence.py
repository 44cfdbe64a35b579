"""Rows whose labels are known, to judge a network by, and how it takes their columns."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.bundle import rows
from headstart.bundle.evidence import numbers_of
from headstart.bundle.manifest import ColumnsInput
from headstart.data import mapping
from headstart.data.columns import Number
from headstart.errors import OptionError, SourceError, few
from headstart.evaluation.metrics import Labels

_ALIKE = 1e-6  # how far a scaler may lie from value × scale + offset, as a part of the largest
_AFFINE = "Give a fitted scaler of one scale and offset a column, such as MinMaxScaler"


@dataclass(frozen=True)
class RowEvidence:
    """Rows whose labels are known.

    Attributes:
        input: how a row becomes what the network takes.
        preprocessing: in words.
        frame: the rows, as predictions take them.
        matrix: float32 (n, width), as the network takes them.
        labels: int64 (n,), numbers of classes.
    """

    input: ColumnsInput
    preprocessing: str
    frame: pl.DataFrame
    matrix: NDArray[np.float32]
    labels: Labels


def gather(
    source: Any, classes: Sequence[str], columns: Sequence[str], preprocessing: Any
) -> RowEvidence:
    """The rows to judge by.

    Args:
        source: (x, y); see `package`.
        columns: names of what the model takes, in its order.
        preprocessing: see `package`.

    Raises:
        OptionError: the arrays or the scaling are not as they should be.
        SourceError: columns are missing, or cells hold no number.
    """
    try:
        x, y = source
    except (TypeError, ValueError) as error:
        raise OptionError(
            "It is not (x, y).",
            where="validation",
            mend="Give rows and their labels: (frame, labels), or the name of the column of the "
            "frame that holds them: (frame, 'ill').",
        ) from error
    frame, where = _frame(x, columns)
    target = y if isinstance(y, str) else None
    if target is not None:
        if target not in frame.columns:
            raise OptionError(
                f"There is no column {target!r} with the labels.",
                where="validation",
                mend=f"There are {', '.join(frame.columns)}.",
            )
        y = frame[target]
    labels = numbers_of(np.asarray(y), len(frame), classes)
    values = _values(frame, columns, target, where)
    scale, offset, words = _scaling(preprocessing, columns, values)
    each = zip(columns, -offset / scale, scale, np.median(values, axis=0), strict=True)
    record = ColumnsInput(
        target=target,
        columns=tuple(_number(name, float(c), float(s), float(m)) for name, c, s, m in each),
    )
    return RowEvidence(record, words, frame, mapping.matrix(record.columns, frame), labels)


def _frame(x: Any, columns: Sequence[str]) -> tuple[pl.DataFrame, str]:
    """Rows given as a frame, what becomes one, a file, or an array (n, width)."""
    if isinstance(x, str | os.PathLike) or hasattr(x, "__arrow_c_stream__"):
        return rows.frame_of(x)
    try:
        array = np.asarray(x, np.float64)
    except (TypeError, ValueError):  # records, or a frame with texts among its columns
        return rows.frame_of(x)
    if array.ndim != 2 or array.shape[1] != len(columns) or not len(array):
        raise OptionError(
            f"x has the shape {array.shape}; the rows of {len(columns)} columns are (n, "
            f"{len(columns)}).",
            where="validation",
            mend="Give them as they were before any scaling, the columns in the model's order.",
        )
    return pl.DataFrame(dict(zip(columns, array.T, strict=True))), "validation"


def _number(name: str, center: float, scale: float, fill: float) -> Number:
    return Number(name=name, scaling="given", center=center, scale=scale, fill=fill, missing=False)


def _values(
    frame: pl.DataFrame, columns: Sequence[str], target: str | None, where: str
) -> NDArray[np.float64]:
    """The cells as numbers, float64 (n, width).

    Raises:
        SourceError: a column is missing, or a cell holds none.
    """
    plain = tuple(_number(name, 0.0, 1.0, 0.0) for name in columns)
    rows.Reader(ColumnsInput(target=target, columns=plain), where).matrix(
        frame
    )  # names those missing
    told = {each.name: mapping.read(each, frame[each.name]) for each in plain}
    if empty := [f"{name!r} ({gone.sum():,})" for name, (_, gone) in told.items() if gone.any()]:
        raise SourceError(
            f"cells without a number: {few(empty)}.",
            where=where,
            mend="Leave these rows out: nothing says what the model was given in their place.",
        )
    return np.column_stack([numbers for numbers, _ in told.values()])


def _scaling(
    given: Any, columns: Sequence[str], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Scale and offset of each column, float64 (width,), and what they are in words."""
    width = len(columns)
    if isinstance(given, str | None) and given in (None, "none"):
        return np.ones(width), np.zeros(width), "none"
    if hasattr(given, "transform"):
        return *_of_scaler(given, columns, values), type(given).__name__
    try:
        scale, offset = (np.broadcast_to(np.asarray(part, np.float64), width) for part in given)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"{given!r} is not (scale, offset).",
            where="preprocessing",
            mend=f"Give two numbers, or {width} of each for the columns; or a fitted scaler.",
        ) from error
    if not (np.isfinite(scale).all() and np.isfinite(offset).all() and scale.all()):
        raise OptionError(
            "A scale of zero, or a number that is not finite.",
            where="preprocessing",
            mend="Give (scale, offset): values enter the model as value × scale + offset.",
        )
    return scale, offset, "value × scale + offset"


def _of_scaler(
    scaler: Any, columns: Sequence[str], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a fitted scaler does to each column, told from what it makes of 0 and 1, and proved on
    rows."""
    fitted_to = [str(name) for name in getattr(scaler, "feature_names_in_", columns)]
    if fitted_to != list(columns):
        raise OptionError(
            f"The scaler was fitted to {', '.join(fitted_to)}, not to {', '.join(columns)}.",
            where="preprocessing",
            mend="Name the columns in the order that scaler and model have.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it may have been fitted to columns with names
            at_0, at_1 = np.asarray(
                scaler.transform(np.array([np.zeros(len(columns)), np.ones(len(columns))]))
            )
            expected = np.asarray(scaler.transform(values))
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"The scaler refuses {len(columns)} columns ({str(error).rstrip('.')}).",
            where="preprocessing",
            mend=f"{_AFFINE}.",
        ) from error
    scale, offset = at_1 - at_0, at_0
    away = np.abs(values * scale + offset - expected).max()
    if not (scale.all() and away <= _ALIKE * max(1.0, float(np.abs(expected).max()))):
        raise OptionError(
            f"{type(scaler).__name__} does not do value × scale + offset to each column.",
            where="preprocessing",
            mend=f"{_AFFINE}, or put what it does into the model, as layers.",
        )
    return scale, offset
