"""Labelled rows made ready: read, fingerprinted, divided, turned into what a network takes."""

import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from msgspec import structs
from numpy.typing import NDArray

from headstart.data import beside, mapping, roles, split, table
from headstart.data.columns import LeftOut as ColumnLeftOut
from headstart.data.columns import Moment, Number, Used
from headstart.data.equal_rows import clusters, row_keys
from headstart.data.kinds import is_text
from headstart.data.labelled import Divided, Labelled, in_order
from headstart.data.listing import find
from headstart.data.numerals import EXACT
from headstart.data.table import Table
from headstart.errors import SourceError, few
from headstart.events import Listener, Notice
from headstart.findings import LeftOut
from headstart.options import Division, TrainOptions
from headstart.sets import Side
from headstart.store.files import printable

_MANY_CLASSES = 30  # numbers with more distinct values than this, most of them rare: no classes


@dataclass(frozen=True)
class Rows(Labelled):
    """Labelled rows of known content; each is named by its number in the file.

    Attributes:
        frame: the columns but the target, a row for each sample.
        rows: int64 (n,), the number of each in its file, as a spreadsheet counts.
        forms: how the dates and times, or the commas, of a column were written in texts.
        not_drawn: how many more there are, which were not read.
        target: the name of the column with the labels.
    """

    frame: pl.DataFrame
    rows: NDArray[np.int64]
    forms: Mapping[str, str]
    not_drawn: int
    target: str

    noun: ClassVar[str] = "row"


@dataclass(frozen=True)
class Data(Divided):
    """Rows on their sides, and what the network takes of them.

    Attributes:
        weights: float64 (n,), how much each counts in training; None: all alike.
        columns: how each column is told to the network, fitted to the training rows.
        matrix: float32 (n, width).
    """

    samples: Rows
    weights: NDArray[np.float64] | None
    columns: Sequence[Used | ColumnLeftOut]
    matrix: NDArray[np.float32]


def list_rows(source: str | Path, options: Division) -> Rows:
    """Read a file of rows with their labels, and the files of those that validate and test.

    Raises:
        OptionError: the target is not named, or there is no such column.
        SourceError: the file is no table, or its target no classes.
    """
    found = beside.read(
        Path(source),
        files_of(options),
        options.encoding,
        options.most_rows,
        target=options.target,
        seed=options.seed,
    )
    return of_table(found, options.target, drop_unlabelled=options.drop_unlabelled)


def files_of(options: Division) -> dict[Side, Path]:
    """The file of each side that has one of its own."""
    named: dict[Side, str | None] = {
        "validation": options.validation_file,
        "test": options.test_file,
    }
    return {side: Path(file) for side, file in named.items() if file is not None}


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
            f"{int(missing.sum()):,} rows have no value in {name!r} ({few(found.names(missing))}).",
            where=where,
            mend="Fill them in, or leave these rows out with --drop-unlabelled.",
        )
    out = [LeftOut(row, f"no value in {name!r}") for row in found.names(missing)]
    if found.not_drawn:
        out.append(LeftOut(f"{found.not_drawn:,} rows", _drawn(len(missing)), found.not_drawn))
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
        keys=row_keys(features, labels),
        classes=in_order(set(labels)),
        left_out=out,
        ignored=0,
        frame=features,
        rows=found.rows[~missing],
        forms=found.forms,
        not_drawn=found.not_drawn,
        target=name,
    )


def _drawn(used: int) -> str:
    return f"not read: {used:,} others were drawn, from all over the table; --most-rows sets that"


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
    whole = column.dtype.is_float() and bool((column == column.round()).all())
    if whole and float(column.abs().max() or 0) < EXACT:  # type: ignore[arg-type]
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


def _ignored(rows: Rows, patterns: Sequence[str]) -> list[str]:
    """The columns that are to be passed over.

    Raises:
        OptionError: a pattern fits none of them.
    """
    found: list[str] = []
    for pattern in patterns:
        exact = [name for name in rows.frame.columns if name == pattern]  # it may hold [ or *
        fitting = exact or fnmatch.filter(rows.frame.columns, pattern)
        if not fitting:
            find(pattern, "--ignore", "", rows.frame.columns, printable(rows.source))
        found += fitting
    return found


def parted(
    rows: Rows, options: Division, listen: Listener
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.str_]]:
    """Which rows are copies of one another, which stay together, int64 (n,) both, and the side of
    each, str (n,).

    Raises:
        OptionError, SourceError: as `split.divide`; or as `roles.groups` and `roles.times`.
    """
    where, times = printable(rows.source), None
    together = copies = _copies(rows, options)
    if options.group is not None:  # rows that are equal in every cell are of one group
        together = roles.groups(rows.frame, options.group, rows.names, where)
    if options.time is not None:
        times = roles.times(rows.frame, options.time, rows.names, where)
    sides = split.divide(rows, together, options, times)
    if times is not None:
        judging = np.isin(sides, ("validation", "test"))
        older = int((times[judging] < times[sides == "train"].max(initial=-1)).sum())
        if older:
            listen(
                Notice(
                    f"{older:,} rows that judge are older in {options.time!r} than some that "
                    "train, for so they were given: the figures are not those of a later time."
                )
            )
    return copies, together, sides


def group_names(rows: Rows, column: str) -> list[str | None]:
    """The value of each row in the column of groups."""
    return rows.frame[column].cast(pl.String).to_list()


def _copies(rows: Rows, options: Division) -> NDArray[np.int64]:
    """`clusters`, by the columns that the network may be given."""
    named = {str(getattr(options, option, None)) for option in roles.REASONS}
    named |= set(_ignored(rows, options.ignore))
    return clusters(rows.frame.drop(named & {*rows.frame.columns}), rows.given)


def tell_drawn(rows: Rows, listen: Listener) -> None:
    """Tell that not all rows of a table were read."""
    if rows.not_drawn:
        total = len(rows) + rows.not_drawn
        used = f"{len(rows):,} of {total:,} rows are used, drawn from all over the table"
        listen(Notice(f"{used}; --most-rows sets how many."))


def divided(rows: Rows, options: TrainOptions, listen: Listener) -> Data:
    """Divide the rows, and fit the columns to those that train.

    Raises:
        OptionError, SourceError: as `parted` and `roles.weights`; or no column is left to learn
            from.
    """
    tell_drawn(rows, listen)
    copies, together, sides = parted(rows, options, listen)
    weights = None
    if options.sample_weight is not None:
        where = printable(rows.source)
        weights = roles.weights(rows.frame, options.sample_weight, rows.names, where)
        if not weights[sides == "train"].any():
            raise SourceError(
                f"every training row has weight 0 in {options.sample_weight!r}.",
                where=where,
                mend="Give those that are to be learned from a weight above 0.",
            )
    fitted = _fitted(rows, np.flatnonzero(sides == "train"), options)
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
    matrix = mapping.matrix(fitted, rows.frame)
    return Data(rows, copies, sides, together, weights, fitted, matrix)


def fitted_to(data: Data, train: NDArray[np.int64], options: TrainOptions) -> Data:
    """The same rows, their columns fitted to some of them alone."""
    fitted = _fitted(data.samples, train, options)
    if all(isinstance(column, ColumnLeftOut) for column in fitted):
        return data  # so few rows that a column seems constant in them
    matrix = mapping.matrix(fitted, data.samples.frame)
    return replace(data, columns=fitted, matrix=matrix)


def _fitted(
    rows: Rows, train: NDArray[np.int64], options: TrainOptions
) -> list[Used | ColumnLeftOut]:
    """What the network is told of each column; those that divide or weigh rows are left out."""
    named = {getattr(options, option): why for option, why in roles.REASONS.items()}
    named |= dict.fromkeys(_ignored(rows, options.ignore), roles.IGNORED)
    told = rows.frame.select(name for name in rows.frame.columns if name not in named)
    scaling = None if options.scaling == "auto" else options.scaling
    fitted: dict[str, Used | ColumnLeftOut] = {}
    for column in mapping.fit(told, train, scaling):
        form = rows.forms.get(column.name)
        if isinstance(column, Moment):
            column = structs.replace(column, form=form)
        elif isinstance(column, Number):
            column = structs.replace(column, commas=form)
        fitted[column.name] = column
    return [
        ColumnLeftOut(name=name, reason=named[name]) if name in named else fitted[name]
        for name in rows.frame.columns
    ]


def cells_of(rows: Rows, source: Path, options: Division) -> pl.DataFrame:
    """The cells of labelled rows as they stand in their files, a row for each, in their order.

    Raises:
        OptionError, SourceError: as `list_rows`.
    """
    files: dict[Side | None, Path] = {None: source}
    files.update(files_of(options).items())
    found: list[pl.DataFrame] = []
    for side, file in files.items():
        own = rows.rows[[given == side for given in rows.given]]
        encoding = options.encoding if is_text(file) else "utf-8"
        memory = table.MEMORY / len(files)
        cells = table.drawn(file, encoding, options.most_rows, seed=options.seed, memory=memory)
        chosen = np.searchsorted(cells.rows, own)
        found.append(cells.frame.select(pl.all().cast(pl.String))[chosen])
    return pl.concat(frame.select(found[0].columns) for frame in found)
