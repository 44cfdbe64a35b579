"""The answers to the rows of a table as CSV: column by column, for row by row Python takes three
times as long as reading, network and all."""

import sys
from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.bundle.classifier import Classifier
from headstart.evaluation.abstention import UNKNOWN
from headstart.evaluation.metrics import ranked
from headstart.store.cells import escaped, escaped_column


def write(
    classifier: Classifier, parts: Iterable[tuple[pl.Series, NDArray[np.float32]]], top: int
) -> None:
    """Write the answers to standard output as they come, in the columns that photos have.

    Args:
        parts: what some rows are called, and their probabilities, float32 (n, n_classes).
        top: how many classes each gets.
    """
    for i, (names, made) in enumerate(parts):
        sys.stdout.write(_frame(classifier, names, made, top).write_csv(include_header=i == 0))


def _frame(
    classifier: Classifier, names: pl.Series, made: NDArray[np.float32], top: int
) -> pl.DataFrame:
    classes = pl.Series([escaped(name) for name in classifier.classes], dtype=pl.String)
    best, shares = ranked(made, top)
    columns = {"input": escaped_column(names)}
    if classifier.manifest.threshold is not None:
        why = pl.Series(classifier.doubt.reasons(made, None), dtype=pl.String)
        unknown = pl.Series([UNKNOWN], dtype=pl.String)
        columns["answer"] = unknown.zip_with(why.is_not_null(), classes[best[:, 0]])
        columns["why"] = why
    for j in range(top):
        columns[f"class_{j + 1}"] = classes[best[:, j]]
        columns[f"probability_{j + 1}"] = pl.Series(shares[:, j])
    return pl.DataFrame(columns).with_columns(error=pl.lit(None, pl.String))
