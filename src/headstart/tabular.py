"""Labelled rows made ready: read, fingerprinted, divided, turned into what a network takes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import compress
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data import beside, mapping, split
from headstart.data.columns import LeftOut as ColumnLeftOut
from headstart.data.columns import Used
from headstart.data.labelled import Divided, Labelled, in_order
from headstart.data.listing import find
from headstart.data.table import Table
from headstart.errors import SourceError
from headstart.events import Listener, Notice
from headstart.findings import LeftOut
from headstart.options import Division, TrainOptions
from headstart.sets import Side
from headstart.store.files import printable

_ROWS_NAMED = 5
_MANY_CLASSES = 30  # numbers with more distinct values than this, most of them rare: no classes
_REPEATED = 0.1  # of the rows: from then on equal rows are different samples


@dataclass(frozen=True)
class Rows(Labelled):
    """Labelled rows of known content; each is named by its number in the file.

    Attributes:
        frame: the columns but the target, a row for each sample.
        target: the name of the column with the labels.
    """

    frame: pl.DataFrame
    target: str

    noun: ClassVar[str] = "row"


@dataclass(frozen=True)
class Data(Divided):
    """Rows on their sides, and what the network takes of them.

    Attributes:
        columns: how each column is told to the network, fitted to the training rows.
        matrix: float32 (n, width).
    """

    samples: Rows
    columns: Sequence[Used | ColumnLeftOut]
    matrix: NDArray[np.float32]


def list_rows(source: str | Path, options: Division) -> Rows:
    """Read a file of rows with their labels, and the files of those that validate and test.

    Raises:
        OptionError: the target is not named, or there is no such column.
        SourceError: the file is no table, or its target no classes.
    """
    files: dict[Side, str | None] = {
        "validation": options.validation_file,
        "test": options.test_file,
    }
    beside_it = {side: Path(file) for side, file in files.items() if file is not None}
    found = beside.read(Path(source), beside_it, options.encoding)
    return of_table(found, options.target, drop_unlabelled=options.drop_unlabelled)


def of_table(
    found: Table, target: str | None, *, drop_unlabelled: bool = False, judged: bool = False
) -> Rows:
    """The rows of a table with their labels; see `list_rows`.

    Args:
        drop_unlabelled: leave rows out whose target is missing, which else is an error.
        judged: the rows are to judge by, so one class is enough.
    """
    where = printable(found.source)
    name = find(target, "--target", "the labels", found.frame.columns, where)
    column = found.frame[name]
    missing = column.is_null().to_numpy()
    if missing.any() and not drop_unlabelled:
        raise SourceError(
            f"{int(missing.sum()):,} rows have no value in {name!r} "
            f"({_named(found.names(missing))}).",
            where=where,
            mend="Fill them in, or leave these rows out with --drop-unlabelled.",
        )
    out = [LeftOut(row, f"no value in {name!r}") for row in found.names(missing)]
    frame = found.frame.filter(~missing)
    labels = _labels(frame[name], where, judged)
    features = frame.drop(name)
    if not features.width:
        raise SourceError(f"has no column but {name!r}.", where=where, mend="Add some.")
    return Rows(
        source=found.source,
        names=found.names(~missing),
        labels=labels,
        given=list(compress(found.given, ~missing)),
        keys=_keys(features, labels),
        classes=in_order(set(labels)),
        left_out=out,
        ignored=0,
        frame=features,
        target=name,
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join([*names[:_ROWS_NAMED], *["…"] * (len(names) > _ROWS_NAMED)])


def _labels(column: pl.Series, where: str, judged: bool) -> list[str]:
    """The target as names of classes."""
    name, n = column.name, len(column)
    count = column.n_unique()
    if count < (1 if judged else 2):
        raise SourceError(
            f"every row has {column[0]!r} in {name!r}."
            if n
            else f"no row has a value in {name!r}.",
            where=where,
            mend="A classifier needs two classes or more.",
        )
    if not judged and column.dtype.is_numeric() and count > _MANY_CLASSES and count > n / 20:
        raise SourceError(
            f"{name!r} holds {count:,} different numbers in {n:,} rows: this looks like "
            "regression, which headstart does not do.",
            where=where,
            mend="Name another --target, or make a few classes of its values first.",
        )
    if column.dtype.is_float() and bool((column == column.round()).all()):
        column = column.cast(pl.Int64)
    texts = [printable(str(value)) for value in column.cast(pl.String)]
    rare = [label for label, times in Counter(texts).items() if times < 2]
    if len(rare) > n / 2 and not judged:
        raise SourceError(
            f"most values of {name!r} stand there once: these are no classes.",
            where=where,
            mend="Name another --target.",
        )
    return texts


def _keys(features: pl.DataFrame, labels: list[str]) -> list[str]:
    """SHA-256 of the content of each row; rows that are equal are told apart by their order.

    In a table of few columns rows are equal by chance, not because one was copied; such rows
    may part. `clusters` says which must not.
    """
    texts = features.select(pl.concat_str(pl.all().cast(pl.String).fill_null("\0"), separator="\1"))
    seen: Counter[str] = Counter()
    keys = []
    for text, label in zip(texts.to_series(), labels, strict=True):
        content = f"{text}\1{label}"
        keys.append(sha256(f"{content}\2{seen[content]}".encode()).hexdigest())
        seen[content] += 1
    return keys


def clusters(rows: Rows) -> NDArray[np.int64]:
    """int64 (n,): equal rows have one number, unless so many are equal that it is chance."""
    if not differ(rows):
        return np.arange(len(rows))
    cells = pl.struct(pl.all()).rank("dense")
    numbers = _whole(rows).select(cells).to_series().to_list()
    first: dict[int, int] = {}
    return np.array([first.setdefault(number, len(first)) for number in numbers], np.int64)


def differ(rows: Rows) -> bool:
    """Whether rows that are equal are the exception, so that they were probably copied."""
    return _whole(rows).n_unique() >= (1 - _REPEATED) * len(rows)


def _whole(rows: Rows) -> pl.DataFrame:
    return rows.frame.with_columns(pl.Series("\0label", rows.labels))


def divided(rows: Rows, options: TrainOptions, listen: Listener) -> Data:
    """Divide the rows, and fit the columns to those that train.

    Raises:
        OptionError, SourceError: as `split.divide`; or no column is left to learn from.
    """
    together = clusters(rows)
    sides = split.divide(rows, together, options)
    scaling = None if options.scaling == "auto" else options.scaling
    fitted = mapping.fit(rows.frame, np.flatnonzero(sides == "train"), scaling)
    out = [column for column in fitted if isinstance(column, ColumnLeftOut)]
    if len(out) == len(fitted):
        raise SourceError(
            "No column is left to learn from: "
            + "; ".join(f"{column.name!r} is {column.reason}" for column in out)
            + ".",
            where=printable(rows.source),
            mend="Add columns that tell something of each row.",
        )
    if out:
        named = "; ".join(f"{column.name}: {column.reason}" for column in out)
        listen(Notice(f"{len(out)} of {len(fitted)} columns left out. {named}."))
    return Data(rows, together, sides, fitted, mapping.matrix(fitted, rows.frame))
