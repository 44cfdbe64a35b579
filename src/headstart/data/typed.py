"""What a column of texts is: one type for the whole of it."""

from collections.abc import Callable, Collection
from typing import Any

import polars as pl

from headstart.data import numerals
from headstart.data.columns import Commas

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "?")
"""Cells of a text file that hold no value."""

_NO_LABEL = tuple(word for word in MISSING if word not in ("None", "?"))  # these are classes too
DASH = "-"
"""Holds no value where all others of a column are numbers, dates or the like; else it is a word."""

_MOMENTS = (
    (
        pl.Date,
        ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    ),
    (
        pl.Datetime("us"),
        (
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M:%S%.f%#z",  # +02:00 or Z
            "%Y-%m-%dT%H:%M:%S%.f%#z",
            "%Y-%m-%dT%H:%M%#z",
            "%d.%m.%Y %H:%M:%S",
            "%d.%m.%Y %H:%M",
            "%d/%m/%Y %H:%M:%S",
            "%d/%m/%Y %H:%M",
            "%m/%d/%Y %H:%M:%S",
            "%m/%d/%Y %H:%M",
            "%m/%d/%Y %I:%M:%S %p",
            "%m/%d/%Y %I:%M %p",
            "%d/%m/%Y %I:%M:%S %p",
            "%d/%m/%Y %I:%M %p",
            "%d-%m-%Y %H:%M:%S",
            "%d-%m-%Y %H:%M",
            "%m-%d-%Y %H:%M:%S",
            "%m-%d-%Y %H:%M",
        ),
    ),
    (pl.Time, ("%H:%M:%S%.f", "%H:%M")),
)
_DASHED = r"^\d{1,2}-\d{1,2}-\d{4}\b"  # 12-31-24 is no day of the year 24
_BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})


def as_texts(column: pl.Series, missing: Collection[str] = MISSING) -> pl.Series:
    """A column of texts without blanks around them; null where they hold no value."""
    texts = column.str.strip_chars()
    return texts.set(texts.is_in(missing), None)


def typed(
    column: pl.Series, commas: Collection[Commas] = numerals.THOUSANDS, *, labels: bool = False
) -> pl.Series:
    """A column of texts as what all of its values are: one type for the whole of it.

    Integers of more digits than a float64 holds stay text, and so do those that begin with a
    zero: they are names.

    Args:
        commas: what commas in numbers may be.
        labels: words stay as they stand: `yes` and `no`, `1,234`, and `None`, which is a class
            like others.
    """
    texts = as_texts(column, _NO_LABEL if labels else MISSING)
    if texts.null_count() == len(texts):
        return pl.Series(column.name, [None] * len(column), pl.Null)
    if labels:
        numbers = numerals.as_numbers(texts, ())
        return texts if numbers is None else numbers
    told = texts.set(texts == DASH, None)
    values = told.drop_nulls()
    if not len(values):
        return texts
    made = numerals.as_numbers(told, commas)
    for convert in (_booleans, _moments):
        made = convert(told, values) if made is None else made
    return texts if made is None else made


def with_labels(target: str | None) -> Callable[[pl.Series, Collection[Commas]], pl.Series]:
    """`typed`, for the columns of a table of which one holds labels."""
    return lambda column, commas: typed(column, labels=column.name == target, commas=commas)


def whole_numbers(column: pl.Series) -> bool:
    """Whether all values of a column of texts are whole numbers, of however many digits."""
    texts = column.str.strip_chars()
    return texts.filter(~texts.is_in(MISSING)).str.contains(numerals.INTEGER).all()


def _booleans(texts: pl.Series, values: pl.Series) -> pl.Series | None:
    words = set(values.str.to_lowercase().unique())
    pair = next((pair for pair in _BOOLEANS if words == pair), None)
    if pair is None:
        return None
    return texts.str.to_lowercase().is_in([word for word in pair if word[0] in "ty"])


def _moments(texts: pl.Series, values: pl.Series) -> pl.Series | None:
    """Dates or times; of two ways to read a date the first that fits all of them."""
    found = _form(values)
    return None if found is None else _read(texts, *found)


def _read(texts: pl.Series, dtype: Any, form: str) -> pl.Series:
    """Texts as dates or times by a form, in UTC where it has an offset; else null."""
    found = texts.str.strptime(dtype, form, strict=False)
    if "-%Y" in form:
        found = found.set(~texts.str.contains(_DASHED), None)
    return found.dt.replace_time_zone(None) if form.endswith("z") else found


def _form(values: pl.Series) -> tuple[Any, str] | None:
    for dtype, forms in _MOMENTS:
        for form in forms:
            if _read(values.head(1), dtype, form).null_count():
                continue
            if not _read(values, dtype, form).null_count():
                return dtype, form
    return None


def form_of(column: pl.Series) -> str | None:
    """How all dates or times of a column of texts are written; None: they are none."""
    found = _form(as_texts(column, (*MISSING, DASH)).drop_nulls())
    return None if found is None else found[1]


def moments(column: pl.Series, dtype: Any, form: str) -> pl.Series:
    """Texts as dates or times, each by itself: by a form, or as ISO 8601 has them; else null."""
    texts = as_texts(column)
    known = [
        (each != form, kind, each)
        for kind, forms in _MOMENTS
        for each in forms
        if (each == form or each.startswith(("%Y-", "%H")))
        and (kind == pl.Time) == (dtype == pl.Time)
    ]
    found = pl.Series(column.name, [None] * len(texts), dtype)
    for _, kind, each in sorted(known, key=lambda one: one[0]):
        if found.null_count() == texts.null_count():
            break
        found = found.zip_with(found.is_not_null(), _read(texts, kind, each).cast(dtype))
    return found


def forms_of(typed: pl.DataFrame, texts: pl.DataFrame) -> dict[str, str]:
    """How typed columns are written where they were texts: dates and times, and the `Commas` of
    numbers."""
    found: dict[str, str | None] = {}
    for column in typed:
        cells = texts[column.name]
        if cells.dtype == pl.String and column.dtype.is_temporal():
            found[column.name] = form_of(cells)
        elif cells.dtype == pl.String and column.dtype.is_numeric():
            found[column.name] = numerals.commas_of(as_texts(cells))
    return {name: form for name, form in found.items() if form is not None}
