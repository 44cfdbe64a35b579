"""Numbers as people write them into text files: with points, with commas, with none at all."""

from collections.abc import Collection

import polars as pl

from headstart.data.columns import Commas

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
INTEGER = r"^[+-]?\d+$"
INFINITE = r"(?i)^[+-]?inf(inity)?$"  # among numbers: a cell that holds none
_CODE = r"^[+-]?0\d"  # 00123 is a name made of digits
_POINTS = r"^([+-]?\d+),(\d+([eE][+-]?\d+)?)$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$"
EXACT = 2**53  # integers beyond it are no longer told apart as float64

THOUSANDS: tuple[Commas, ...] = ("thousands",)
EITHER: tuple[Commas, ...] = ("thousands", "points")
"""What commas in numbers may be: that they are points is taken only where they part no cells."""


def as_numbers(texts: pl.Series, commas: Collection[Commas]) -> pl.Series | None:
    """All texts of a column as numbers; None: some are none, or they are names made of digits.

    Args:
        texts: null where they hold no value.
        commas: what commas may be; the first that fits all of the column is taken.
    """
    values = texts.drop_nulls()
    infinite = values.str.contains(INFINITE)
    if infinite.all():
        return None
    if infinite.any():  # no value, as `table.checked` has it for the numbers of other files
        found = as_numbers(texts.set(texts.str.contains(INFINITE), None), commas)
        return None if found is None else found.cast(pl.Float64)
    if values.str.contains(_CODE).any():
        return None
    if not values.str.contains(NUMBER).all():
        fitting = (each for each in commas if fits(values, each).all())
        return next((as_numbers(with_points(texts, each), ()) for each in fitting), None)
    if values.str.contains(INTEGER).all():
        numbers = texts.str.strip_prefix("+").cast(pl.Int64, strict=False)
        if numbers.null_count() == texts.null_count() and int(numbers.abs().max()) < EXACT:  # type: ignore[arg-type]
            return numbers
        return None
    return texts.cast(pl.Float64)


def fits(texts: pl.Series, commas: Commas) -> pl.Series:
    """Which texts are numbers, if this is what commas are in them."""
    if commas == "thousands":
        return texts.str.contains(NUMBER) | texts.str.contains(_THOUSANDS)
    return texts.str.contains(INTEGER) | texts.str.contains(_POINTS)


def with_points(texts: pl.Series, commas: Commas | None) -> pl.Series:
    """Numbers among texts as a computer writes them, each by itself; others stay as they are."""
    if commas == "points":
        return texts.str.replace(_POINTS, "${1}.${2}")
    if commas == "thousands":
        bare = texts.str.replace_all(",", "", literal=True)
        return bare.zip_with(texts.str.contains(_THOUSANDS).fill_null(False), texts)
    return texts


def commas_of(texts: pl.Series) -> Commas | None:
    """What commas are in the texts of a column that `as_numbers` read; None: there are none."""
    held = texts.filter(texts.str.contains(",", literal=True))
    if not len(held):
        return None
    return "thousands" if held.str.contains(_THOUSANDS).all() else "points"
