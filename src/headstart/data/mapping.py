"""Rows of a table as what a network takes: columns fitted to training rows, cells mapped.

A scaling that has seen the test rows, or is fitted to them anew, makes figures that no new row will
give; so `fit` is told which rows it may look at.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.data import numerals
from headstart.data.columns import (
    Boolean,
    Category,
    LeftOut,
    Moment,
    Number,
    Part,
    Scaling,
    Used,
    places,
    width,
)
from headstart.data.typed import DASH, MISSING, as_texts, moments, typed

EMPTY, CONSTANT = "empty", "constant"
"""How the reasons begin to leave out a column that says nothing at all."""

AN_ID = "an id"
"""How the reason begins to leave out a column that only names the rows."""

NEARLY = "nearly numbers"
"""How the reason begins to leave out a column that some cells keep from being one of numbers."""

COMMAS, SIGNS = f"{NEARLY}: commas", f"{NEARLY}: with a sign or a unit"
"""How the reason begins where the way to write them does it."""

_MOST_NUMBERS, _HALF = 0.9, 0.5  # of the cells
_SIGN, _UNIT = r"^[€$£¥]\s*", r"\s*([%€$£¥]|\pL{1,4})$"
_FEW = 2  # rows of a category: one that is rarer says nothing that could be learned
_ONE_HOT = 12  # categories; more get a trained vector each
_MANY = 0.5  # of the rows have a value of their own: no category, but an id or a text
_WORDS = 3  # on average: a text
_ID_ROWS = 20
_ID_NAME = r"(?i:(^|[_\s.-])(id|uuid|guid|key|nr|no)$)|[a-z](I[dD]|UUID|Uuid|GUID|Guid|Key|N[ro])$"
_MOST, _MOST_BYTES = 5000, 100_000  # values of one category; the record of all columns is 1 MiB
_TAIL = 10.0  # interquartile ranges from the median: heavy tails
_TRUE, _FALSE = ["true", "yes", "t", "y"], ["false", "no", "f", "n"]
_PERIODS: dict[Part, float] = {"month": 12, "weekday": 7, "hour": 24}


def fit(
    frame: pl.DataFrame, train: NDArray[np.int64], scaling: Scaling | None = None
) -> list[Used | LeftOut]:
    """What kind each column is, and what its kind needs to know.

    Kinds are told from the types and from the training rows.

    Args:
        frame: columns of one type each, as `table.read` gives; no target among them.
        train: numbers of the rows that may be looked at.
        scaling: of all numbers; None: `robust` where there are values far out, else `standard`.
    """
    seen = frame[train]
    return [_fitted(frame[name], seen[name], scaling) for name in frame.columns]


def _fitted(whole: pl.Series, column: pl.Series, scaling: Scaling | None) -> Used | LeftOut:
    name, dtype = column.name, column.dtype
    if dtype == pl.String:
        column = _texts(column)  # some files pad their texts with blanks
    missing = column.null_count() > 0
    values = column.drop_nulls()
    distinct = values.n_unique()
    if not len(values):
        return LeftOut(name=name, reason=EMPTY)
    if distinct == 1 and not missing:
        return LeftOut(name=name, reason=f"{CONSTANT}: every row has {_short(values[0])}")
    if dtype == pl.Boolean:
        return Boolean(name=name, missing=missing)
    if dtype.is_temporal():
        return _moment(column, missing)
    if dtype.is_numeric():
        if _numbered(whole):
            return LeftOut(
                name=name, reason=f"{AN_ID}: whole numbers, each there once, without gaps"
            )
        if dtype.is_integer() and _mostly_once(values) and re.search(_ID_NAME, name):
            return LeftOut(name=name, reason=f"{AN_ID} by its name, and {_own(values)}")
        return _number(column, missing, scaling)
    if reason := _nearly_numbers(values):
        return LeftOut(name=name, reason=reason)
    lengths = values.str.split(" ").list.len()
    if _mostly_once(values):
        if float(lengths.mean() or 0) >= _WORDS:  # type: ignore[arg-type]
            return LeftOut(name=name, reason="free text")
        named = f"{AN_ID}: {_own(values)}"
        return LeftOut(name=name, reason=_nearly_numbers(values, _HALF) or _signed(values) or named)
    kept = _frequent(values)
    if not kept:
        return LeftOut(name=name, reason="no value stands there twice")
    embedded = 0 if len(kept) <= _ONE_HOT else min(16, 1 + round(math.sqrt(len(kept))))
    return Category(name=name, values=tuple(kept), missing=missing, embedded=embedded)


def _mostly_once(values: pl.Series) -> bool:
    """Whether there are so many values that they name rows."""
    return len(values) >= _ID_ROWS and values.n_unique() > _MANY * len(values)


def _own(values: pl.Series) -> str:
    return f"{values.n_unique():,} values in {len(values):,} training rows"


def _frequent(values: pl.Series) -> list[str]:
    """The values that a category tells apart, sorted: the most frequent of those there twice."""
    counts = values.value_counts().sort(["count", values.name], descending=[True, False])
    often = counts.filter(pl.col("count") >= _FEW)[values.name].head(_MOST)
    return sorted(often.filter(often.str.len_bytes().cum_sum() <= _MOST_BYTES).to_list())


def _nearly_numbers(texts: pl.Series, most: float = _MOST_NUMBERS) -> str:
    """Why texts of which most are numbers are nothing that can be used; empty: they are not."""
    if texts.n_unique() <= _ONE_HOT or len(texts) < _ID_ROWS:
        return ""
    found = {commas: numerals.fits(texts, commas) for commas in numerals.EITHER}
    commas = max(found, key=lambda each: float(found[each].mean()))  # type: ignore[arg-type]
    odd = texts.filter(~found[commas])
    if 0 < len(odd) < (1 - most) * len(texts):
        return f"{NEARLY}: {len(odd):,} of {len(texts):,} cells are none, such as {_short(odd[0])}"
    held = texts.filter(texts.str.contains(",", literal=True))
    if not len(odd) and len(held):
        what = "stand for points" if commas == "points" else "part thousands"
        return f"{COMMAS} {what}, such as in {_short(held[0])}"
    return ""


def _signed(texts: pl.Series) -> str:
    """`_nearly_numbers`, where most have a sign of money, a percent sign or one unit."""
    bare = texts.str.replace(_SIGN, "").str.replace(_UNIT, "")
    units = texts.str.extract(_UNIT).drop_nulls().n_unique()
    numbers = numerals.fits(bare, "thousands") | numerals.fits(bare, "points")
    signed = texts.filter(numbers & (bare != texts))
    if units > 1 or not len(signed) or numbers.mean() <= _HALF:  # type: ignore[operator]
        return ""
    return f"{SIGNS}, such as {_short(signed[0])}"


def _number(column: pl.Series, missing: bool, scaling: Scaling | None) -> Number:
    values = column.drop_nulls().cast(pl.Float64).to_numpy()
    low, median, high = (float(q) for q in np.quantile(values, (0.25, 0.5, 0.75)))
    least, most = float(values.min()), float(values.max())
    spread = high - low
    if scaling is None:
        far = max(most - median, median - least) > _TAIL * spread > 0
        scaling = "robust" if far else "standard"
    if scaling == "minmax":
        center, range_ = least, most - least
    elif scaling == "standard":
        center, range_ = float(values.mean()), float(values.std())
    else:
        center, range_ = median, spread or float(values.std())
    return Number(
        name=column.name,
        scaling=scaling,
        center=center,
        scale=1 / range_ if range_ > 0 else 1.0,
        fill=median,
        missing=missing,
    )


def _moment(column: pl.Series, missing: bool) -> Moment:
    kind: Any = (
        "date" if column.dtype == pl.Date else "time" if column.dtype == pl.Time else "datetime"
    )
    days = np.zeros(1) if kind == "time" else _part(column.drop_nulls(), "day")
    spread = float(days.std())
    return Moment(
        name=column.name,
        type=kind,
        center=float(days.mean()),
        scale=1 / spread if spread > 0 else 1.0,
        missing=missing,
    )


def _numbered(column: pl.Series) -> bool:
    """Whether a column of whole numbers only counts the rows."""
    if not column.dtype.is_integer() or len(column) < _ID_ROWS or column.null_count():
        return False
    least, most = int(column.min()), int(column.max())  # type: ignore[arg-type]
    return most - least + 1 == len(column) == column.n_unique()


def _part(moments: pl.Series, part: Part) -> NDArray[np.float64]:
    if part == "day":
        days = moments.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 86_400e6
        return days.to_numpy()
    if part == "hour":
        return (moments.dt.hour() + moments.dt.minute() / 60).cast(pl.Float64).to_numpy()
    found = moments.dt.month() if part == "month" else moments.dt.weekday()
    return found.cast(pl.Float64).to_numpy()


def as_moments(column: pl.Series, kind: str, form: str | None) -> pl.Series:
    """Cells as dates or times; what is none becomes null."""
    dtype: Any = {"date": pl.Date, "time": pl.Time}.get(kind, pl.Datetime("us"))
    if column.dtype == pl.String and form is not None:
        return moments(column, dtype, form)
    found = typed(column) if column.dtype == pl.String else column
    try:
        return found.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series(column.name, [None] * len(column), dtype)


def _texts(column: pl.Series) -> pl.Series:
    texts = column if column.dtype == pl.String else column.cast(pl.String)
    return texts.str.strip_chars()


def _short(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def matrix(columns: Sequence[Used | LeftOut], frame: pl.DataFrame) -> NDArray[np.float32]:
    """What the network takes: float32 (n, width), the used columns in their order.

    An embedded category is one number, its bucket.

    Args:
        frame: has a column for each that is used.
    """
    made = np.empty((len(frame), width(columns)), np.float32)
    for column, place in places(columns):
        made[:, place] = numbers(column, frame[column.name])
    return made


def numbers(column: Used, cells: pl.Series) -> NDArray[np.float64]:
    """The numbers that the cells of a column become, float64 (n, width)."""
    return read(column, cells)[0]


def read(column: Used, cells: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """`numbers`, and which cells hold no value of this kind, bool (n,)."""
    match column:
        case Number():
            made, gone = _scaled(column, cells)
        case Boolean():
            made, gone = _truth(cells)
        case Moment():
            made, gone = _placed(column, cells)
        case Category():
            codes, gone = buckets(column, cells), _texts(cells).is_null().to_numpy()
            if column.embedded:
                return codes[:, None].astype(np.float64), gone
            return np.eye(column.buckets)[codes], gone
    return (np.column_stack([made, gone]) if column.missing else made), gone


def not_read(cells: pl.Series, gone: NDArray[np.bool_]) -> tuple[int, int]:
    """Of the cells without a value of the column's kind, as `read` gives them: how many hold none,
    and how many one of another kind."""
    if not gone.any():
        return 0, 0
    empty = cells.is_null()
    if cells.dtype == pl.String:
        texts = cells.str.strip_chars()
        empty = empty | texts.is_in([*MISSING, DASH]) | texts.str.contains(numerals.INFINITE)
    empties = int((empty.to_numpy() & gone).sum())
    return empties, int(gone.sum()) - empties


def buckets(column: Category, cells: pl.Series) -> NDArray[np.int64]:
    """int64 (n,): which of its values each cell is, then the others, then the missing ones."""
    texts = _texts(cells)
    known = pl.Series(column.values, dtype=pl.String)
    order = pl.DataFrame({"value": known, "code": np.arange(len(known))})
    found = pl.DataFrame({"value": texts}).join(order, "value", "left", maintain_order="left")
    codes = found["code"].fill_null(len(known)).to_numpy().astype(np.int64)
    if column.missing:
        codes[texts.is_null().to_numpy()] = len(known) + 1
    return codes


def unseen(column: Category, cells: pl.Series) -> list[str]:
    """Values that are none of those known, each once, sorted."""
    return sorted({*_texts(cells).drop_nulls().unique()} - {*column.values})


def _scaled(column: Number, cells: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if cells.dtype == pl.String:
        cells = numerals.with_points(cells.str.strip_chars(), column.commas)
    values = cells.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    gone = ~np.isfinite(values)
    z = (np.where(gone, column.fill, values) - column.center) * column.scale
    if column.scaling == "robust":
        z = z / np.sqrt(1 + (z / 3) ** 2)
    return z[:, None], gone


def _truth(cells: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    found = cells
    if cells.dtype == pl.String:  # each by itself, whatever the others are
        lower = as_texts(cells).str.to_lowercase()
        true, false = (lower.is_in(words) for words in (_TRUE, _FALSE))
        words = pl.when(true).then(True).when(false).then(False)
        number = lower.cast(pl.Float64, strict=False) != 0
        found = pl.select(words.otherwise(number)).to_series()
    elif cells.dtype != pl.Boolean:
        found = cells.cast(pl.Float64, strict=False) != 0
    gone = found.is_null().to_numpy()
    return found.fill_null(False).to_numpy().astype(np.float64)[:, None], gone


def _placed(column: Moment, cells: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    moments = as_moments(cells, column.type, column.form)
    gone = moments.is_null().to_numpy()
    made: list[NDArray[np.float64]] = []
    for part in column.parts:
        values = np.nan_to_num(_part(moments, part))
        if part == "day":
            made.append(np.where(gone, 0, (values - column.center) * column.scale))
        else:
            angle = 2 * math.pi * values / _PERIODS[part]
            made += [np.where(gone, 0, np.sin(angle)), np.where(gone, 0, np.cos(angle))]
    return np.column_stack(made), gone
