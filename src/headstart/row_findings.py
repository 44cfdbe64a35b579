"""What is doubtful in the rows of a table: copies, columns that tell all or nothing, drift."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data import columns, duplicates, mapping, roles
from headstart.data.columns import Category, LeftOut, Number, Used
from headstart.findings import Finding
from headstart.tabular import Data, group_names

_LEAVES = 8  # of a tree on one column
_MOST = 20_000  # rows that such a tree sees
_LEAST = 40  # training rows, below which one column may tell all by chance
_UNIQUE = 0.99  # of the rows that hold one have a whole number of their own
_LEFT = 0.03  # of the mistakes of always giving the same answer: a column that leaves fewer
_BINS = 10
_SHIFTED = 0.2  # population stability index, from which on it is called large
_EXPECTED = 5  # rows of a bin; those with fewer are counted as one
_NEAR = 0.25  # of the middle half: medians that lie closer are not what moved
_EMPTIER = 0.1  # of the rows: then that is what moved
_BEYOND = 4.0  # standard deviations that chance does not explain


def row_findings(data: Data, *, made: bool = True) -> list[Finding]:
    """Copies, groups that were parted, and what the columns make one doubt, the worst first.

    Args:
        made: as of `duplicates.copies`.
    """
    return [
        *duplicates.copies(data, made=made),
        *_parted_groups(data),
        *_giveaways(data),
        *_id_like(data),
        *_drift(data),
        *_left_out(data),
    ]


def _parted_groups(data: Data) -> list[Finding]:
    for column in data.columns:
        if isinstance(column, LeftOut) and column.reason == roles.REASONS["group"]:
            return duplicates.parted_groups(data, group_names(data.samples, column.name))
    return []


def _giveaways(data: Data) -> Iterator[Finding]:
    """Columns that alone tell nearly every label: often they are known only afterwards."""
    train = data.on("train")
    train = train[:: -(-len(train) // _MOST) or 1]
    if len(train) < _LEAST:
        return
    train = np.random.default_rng(0).permutation(train)
    halves = train[::2], train[1::2]
    labels = data.labels
    often = np.bincount(labels[train]).max() / len(train)
    told = [
        (0.0, f"{column.name}: empty where the label is {label!r}, or only there")
        for column, _ in columns.places(data.columns)
        if (label := _told_by_gaps(data, column.name))
    ]
    for column, place in columns.places(data.columns):
        wrong = sum(
            int((_guessed(column, data.matrix[:, place], labels, a, b) != labels[b]).sum())
            for a, b in (halves, halves[::-1])
        )
        if wrong / len(train) <= _LEFT * (1 - often):
            told.append((wrong / len(train), f"{column.name}: {1 - wrong / len(train):.1%} right"))
    if told:
        yield Finding(
            "giveaway-column",
            "warning",
            tuple((text,) for _, text in sorted(told)),
            f"By {'this column' if len(told) == 1 else 'each of these columns'} alone nearly every "
            "row, or every row of a class, can be named. If it is filled in only once the answer "
            "is known, as a date of discharge is, the figures will not hold for new rows.",
            "Ask when it is filled in; leave it out with --ignore and its name if that is later "
            "than the prediction is wanted.",
        )


def _told_by_gaps(data: Data, name: str) -> str:
    """The class that a column's empty cells, or its filled ones, stand for; empty: none."""
    train = data.on("train")
    empty, labels = data.samples.frame[name].is_null().to_numpy()[train], data.labels[train]
    for j, label in enumerate(data.classes):
        of_it = labels == j
        least = min(int(of_it.sum()), int((~of_it).sum()))
        apart = int((empty != of_it).sum())
        if least >= _LEAST / 4 and min(apart, len(train) - apart) <= _LEFT * least:
            return label
    return ""


def _guessed(
    column: Used,
    numbers: NDArray[np.float32],
    labels: NDArray[np.int64],
    seen: NDArray[np.int64],
    asked: NDArray[np.int64],
) -> NDArray[np.int64]:
    """What the numbers of one column alone tell of some rows, learned from others."""
    if isinstance(column, Category):
        codes = numbers[:, 0] if column.embedded else numbers.argmax(axis=1)
        places = codes.astype(np.int64)
        counts = np.zeros((column.buckets, labels.max() + 1), np.int64)
        np.add.at(counts, (places[seen], labels[seen]), 1)
        guessed: NDArray[np.int64] = counts[places[asked]].argmax(axis=1)
        return guessed
    from sklearn.tree import DecisionTreeClassifier

    leaves = max(_LEAVES, 2 * len(np.unique(labels)))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=3, random_state=0)
    found: NDArray[np.int64] = tree.fit(numbers[seen], labels[seen]).predict(numbers[asked])
    return found


def _id_like(data: Data) -> Iterator[Finding]:
    """Columns that are given to the network and look as if they only named the rows."""
    cells = [
        data.samples.frame[column.name]
        for column, _ in columns.places(data.columns)
        if isinstance(column, Number)
    ]
    named = [(column.name,) for column in cells if _ascends(column)]
    if named:
        yield Finding(
            "id-like-column",
            "warning",
            tuple(named),
            "Whole numbers that rise from row to row, each there once: probably ids. What a "
            "network learns from them holds for these rows and for no others.",
            "Leave such a column out with --ignore and its name.",
        )
    own = [(column.name,) for column in cells if (column.name,) not in named and _unique(column)]
    if own:
        yield Finding(
            "unique-numbers",
            "note",
            tuple(own),
            "Whole numbers of which every row, or nearly every one, has a value of its own: an id? "
            "The network is given them.",
            "If they only name the rows, leave such a column out with --ignore and its name.",
        )


def _ascends(cells: pl.Series) -> bool:
    """Whether whole numbers rise from row to row."""
    if not cells.dtype.is_integer() or len(cells) < _LEAST or cells.null_count():
        return False
    return bool((cells.diff().drop_nulls() > 0).all())


def _unique(cells: pl.Series) -> bool:
    """Whether hardly two rows have the same whole number."""
    there = cells.drop_nulls()
    if not cells.dtype.is_integer() or len(there) < _LEAST:
        return False
    return there.n_unique() >= _UNIQUE * len(there)


def _drift(data: Data) -> Iterator[Finding]:
    """Columns, or labels, that are of another kind in the rows to judge by than in training."""
    train = data.on("train")
    for side in ("validation", "test"):
        rows = data.on(side)
        if not len(rows):
            continue
        shifts = [
            (index, f"{column.name}: {_moved(column, data, train, rows)}")
            for column, _ in columns.places(data.columns)
            for index in [_shift(*_counts(column, data, train, rows))]
            if index
        ]
        k = len(data.classes)
        index = _shift(*(np.bincount(data.labels[part], minlength=k) for part in (train, rows)))
        if index:
            shifts.append((index, f"{data.samples.target}: its classes have other shares"))
        if shifts:
            yield Finding(
                "drift",
                "warning",
                tuple((text,) for _, text in sorted(shifts, reverse=True)),
                f"The {side} rows differ from the training rows by more than chance explains "
                "(population stability index over 0.2): the figures are those of a network that "
                "was asked other things than it learned.",
                "Train on rows like those that it will be asked of; if time parts them, train "
                "anew from time to time.",
            )


def _counts(
    column: Used, data: Data, train: NDArray[np.int64], rows: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """How many of the training rows, and of others, stand in each bin of a column."""
    cells = data.samples.frame[column.name]
    if isinstance(column, Category):
        codes = mapping.buckets(column, cells)
    else:
        values = mapping.numbers(column, cells)[:, 0]
        edges = np.unique(np.quantile(values[train], np.arange(1, _BINS) / _BINS))
        codes = np.searchsorted(edges, values, side="left") + 1
        codes[cells.is_null().to_numpy()] = 0
    n = int(codes.max()) + 1
    return [np.bincount(codes[part], minlength=n) for part in (train, rows)]


def _shift(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """The population stability index, or 0 where it is small or chance may explain it.

    The sum over the bins of (p − q) · ln(p / q); times n · m / (n + m) it is about χ² of one
    degree less than there are bins (Yurdakul, Statistical Properties of PSI, 2018).
    """
    n, m = int(first.sum()), int(second.sum())
    sparse = (first + second) * min(n, m) < _EXPECTED * (n + m)  # there χ² holds no longer
    pooled = [
        np.append(counts[~sparse], counts[sparse].sum()).astype(np.float64)
        for counts in (first, second)
    ]
    there = (pooled[0] + pooled[1]) > 0
    bins = int(there.sum())
    if bins < 2:
        return 0.0
    p, q = ((counts[there] + 0.5) / (counts.sum() + 0.5 * bins) for counts in pooled)
    index = float(((p - q) * np.log(p / q)).sum())
    degrees = bins - 1
    ratio = index * n * m / (n + m) / degrees
    spread = 2 / (9 * degrees)
    z = (np.cbrt(ratio) - (1 - spread)) / np.sqrt(spread)  # Wilson and Hilferty, 1931
    return index if index > _SHIFTED and z > _BEYOND else 0.0


def _moved(column: Used, data: Data, train: NDArray[np.int64], rows: NDArray[np.int64]) -> str:
    """How a column differs, in words."""
    cells = data.samples.frame[column.name]
    before, after = cells[train], cells[rows]
    empty, empty_now = (part.null_count() / len(part) for part in (before, after))
    if abs(empty - empty_now) > _EMPTIER:
        return f"empty in {empty:.0%} of the training rows, {empty_now:.0%} here"
    if isinstance(column, Number):
        (low, mid, high), (low_now, mid_now, high_now) = map(_quartiles, (before, after))
        if abs(mid_now - mid) >= _NEAR * (high - low):
            return f"median {mid:.4g} in training, {mid_now:.4g} here"
        return (
            f"its middle half is {low:.4g} to {high:.4g} in training, {low_now:.4g} to "
            f"{high_now:.4g} here"
        )
    if isinstance(column, Category):
        new = set(mapping.unseen(column, after))
        if new:
            share = after.cast(pl.String).is_in(list(new)).sum() / len(after)
            if share > _EMPTIER:
                return f"{share:.0%} of the rows have values that training has hardly any of"
    return "its values have other shares"


def _quartiles(cells: pl.Series) -> list[float]:
    values = cells.drop_nulls().cast(pl.Float64).to_numpy()
    return [float(q) for q in np.quantile(values, (0.25, 0.5, 0.75))] if len(values) else [0.0] * 3


def _left_out(data: Data) -> Iterator[Finding]:
    out = [column for column in data.columns if isinstance(column, LeftOut)]
    ids = [column for column in out if column.reason.startswith(mapping.AN_ID)]
    if ids:
        yield Finding(
            "id-column",
            "warning",
            _named(ids),
            "Values that name the rows and say nothing of others: the network is not given them.",
            "If they do tell something, make a column of that part of them; else drop them.",
        )
    nearly = [column for column in out if column.reason.startswith(mapping.NEARLY)]
    if nearly:
        yield Finding(
            "nearly-numbers",
            "warning",
            _named(nearly),
            "Columns of numbers that are written in a way of their own, or not in all cells: the "
            "network is not given them, and loses what they tell.",
            _as_numbers([column.reason for column in nearly]),
        )
    rest = [column for column in out if column not in ids + nearly]
    if rest:
        yield Finding(
            "column-left-out",
            "note",
            _named(rest),
            "Columns that the network is not given.",
            "Nothing needs to be done.",
        )


def _as_numbers(reasons: Sequence[str]) -> str:
    """How to make numbers of columns that are nearly such."""
    commas = [reason for reason in reasons if reason.startswith(mapping.COMMAS)]
    signs = [reason for reason in reasons if reason.startswith(mapping.SIGNS)]
    ways = ["write 3.5 for 3,5, and 23500 for 23,500"] if commas else []
    ways += ["write numbers without their sign or unit"] if signs else []
    if len(commas) + len(signs) < len(reasons):
        ways.append(
            "write numbers into these cells where they say one, and NA only where they say nothing"
        )
    told = "; ".join(ways)
    return f"{told[0].upper()}{told[1:]}."


def _named(out: Sequence[LeftOut]) -> tuple[tuple[str, ...], ...]:
    return tuple((f"{column.name}: {column.reason}",) for column in out)
