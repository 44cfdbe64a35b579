"""Rows of a table that are equal: copies of one another, or alike by chance."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

_EXPECTED = 0.05  # rows that equal a given one by chance: from then on they are no copies
_REPEATED, _LARGEST = 0.05, 20  # share and number of rows: more that are equal are no copies


def row_keys(features: pl.DataFrame, labels: list[str]) -> list[str]:
    """SHA-256 of the content of each row, in whatever order its columns stand; rows that are equal
    are told apart by their order.

    In a table of few columns rows are equal by chance, not because one was copied; such rows
    may part. `clusters` says which must not.
    """
    named = [
        pl.col(name).cast(pl.Float64).cast(pl.String)
        if features[name].dtype.is_numeric()  # 1 in one file is 1.0 in another
        else pl.col(name).cast(pl.String)
        for name in sorted(features.columns)
    ]
    cells = [column.fill_null("\0") for column in named]
    texts = features.select(pl.concat_str(cells, separator="\1"))
    seen: Counter[str] = Counter()
    keys = []
    for text, label in zip(texts.to_series(), labels, strict=True):
        content = f"{text}\1{label}"
        keys.append(sha256(f"{content}\2{seen[content]}".encode()).hexdigest())
        seen[content] += 1
    return keys


def clusters(frame: pl.DataFrame, files: Sequence[str | None]) -> NDArray[np.int64]:
    """int64 (n,): rows that are equal have one number, unless that may be chance.

    Args:
        frame: without the labels.
        files: which file each row is of; one file may be a copy of the other, so what is chance is
            told by the rows of one file.
    """
    alone = np.arange(len(frame))
    frame = _compared(frame)
    if not frame.width or _by_chance(frame, files):
        return alone
    numbers = frame.select(pl.struct(pl.all()).rank("dense")).to_series().to_list()
    first: dict[int, int] = {}
    found = np.array([first.setdefault(number, len(first)) for number in numbers], np.int64)
    return alone if np.bincount(found).max() > max(_LARGEST, _REPEATED * len(found)) else found


def differ(frame: pl.DataFrame, files: Sequence[str | None]) -> bool:
    """Whether rows that are equal were probably copied: by chance hardly any two would be."""
    return not _by_chance(_compared(frame), files)


def _compared(frame: pl.DataFrame) -> pl.DataFrame:
    """Without texts or whole numbers that name each row: a copy has a name of its own."""
    exact = [
        column.name
        for column in frame
        if (column.dtype == pl.String or column.dtype.is_integer())
        and column.n_unique() == len(frame)
    ]
    return frame.drop(exact)


def _by_chance(frame: pl.DataFrame, files: Sequence[str | None]) -> bool:
    """Whether a row would have equals if the columns had nothing to do with each other.

    Of n rows n − 1 times the product, over the columns, of the share of pairs that agree.
    """
    part = pl.Series("\0file", files, dtype=pl.String)
    sizes = part.value_counts()["count"].to_numpy().astype(np.float64)
    pairs = float((sizes * (sizes - 1)).sum())
    expected = float(len(frame) - 1)
    for column in frame:
        counts = pl.DataFrame([column, part]).group_by(pl.all()).len()["len"].to_numpy()
        agree = float((counts * (counts - 1.0)).sum())
        expected *= agree / pairs if pairs else 0.0
    return expected > _EXPECTED
