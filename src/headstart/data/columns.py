"""What a network is told of each column of a table: the record that a bundle keeps.

Each column is of one kind, and each kind makes some numbers of a cell. What it needs to know, such
as a mean, comes from the training rows alone (`data.mapping`).
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from headstart.store.records import Kind

Scaling = Literal["minmax", "standard", "robust"]

Commas = Literal["points", "thousands"]
"""What the commas of a number in a text are: 3,5 is 3.5, or 23,500 is 23500."""


class _Column(Kind, frozen=True):
    name: str


class Number(_Column, frozen=True, tag="number"):
    """A number x, as (x - center) · scale.

    Attributes:
        scaling: `minmax` brings the training rows to 0..1, `standard` to mean 0 and variance 1,
            `robust` to median 0 and interquartile range 1, smoothly bounded to ±3 by
            z / √(1 + (z/3)²) (Holzmüller et al., Better by Default, arXiv:2407.04491); `given` is
            what whoever packaged the network said.
        fill: stands for a missing value.
        missing: a second number says 1 where the value is missing.
        commas: what they are where it came as text; 1,234 alone does not tell. None: it had none.
    """

    scaling: Scaling | Literal["given"]
    center: float
    scale: float
    fill: float
    missing: bool
    commas: Commas | None = None

    @property
    def width(self) -> int:
        """How many numbers the network gets of it."""
        return 1 + self.missing


class Boolean(_Column, frozen=True, tag="boolean"):
    """A boolean as 1 or 0; a second number says 1 where it is missing, and then the first is 0."""

    missing: bool

    @property
    def width(self) -> int:
        """How many numbers the network gets of it."""
        return 1 + self.missing


class Category(_Column, frozen=True, tag="category"):
    """One of some values; any other goes into a bucket of its own, and so does a missing one.

    Attributes:
        values: as text, sorted.
        missing: a bucket of its own for missing values; else they go to the others.
        embedded: length of the vector that is trained for each; 0: it is told as 0 and 1.
    """

    values: tuple[str, ...]
    missing: bool
    embedded: Annotated[int, Meta(ge=0)]

    @property
    def buckets(self) -> int:
        """Values, others, and missing ones."""
        return len(self.values) + 1 + self.missing

    @property
    def width(self) -> int:
        """How many numbers the network gets of it."""
        return 1 if self.embedded else self.buckets


Part = Literal["day", "month", "weekday", "hour"]


class Moment(_Column, frozen=True, tag="moment"):
    """A date or a time as parts: `day` scaled, and `month`, `weekday` and `hour` as points on a
    circle: the places in the year, the week and the day.

    Attributes:
        type: what the cells are.
        form: how they were written where they came as text, for `strptime`; 01/02/2024 alone does
            not tell. None: they came as dates or times.
        center, scale: of days since 1970.
        missing: a last number says 1 where it is missing, and then the others are 0.
    """

    type: Literal["date", "datetime", "time"]
    center: float
    scale: float
    missing: bool
    form: str | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the network is told of it."""
        return {
            "date": ("day", "month", "weekday"),
            "datetime": ("day", "month", "weekday", "hour"),
            "time": ("hour",),
        }[self.type]  # type: ignore[return-value]

    @property
    def width(self) -> int:
        """How many numbers the network gets of it."""
        return sum(1 if part == "day" else 2 for part in self.parts) + self.missing


class LeftOut(_Column, frozen=True, tag="left-out"):
    """A column that the network is not given.

    Attributes:
        reason: why, for people.
    """

    reason: str


Used = Number | Boolean | Category | Moment
Column = Used | LeftOut


def places(columns: Sequence[Used | LeftOut]) -> list[tuple[Used, slice]]:
    """Each column that is used, and where its numbers stand in a row's."""
    found, at = [], 0
    for column in columns:
        if not isinstance(column, LeftOut):
            found.append((column, slice(at, at + column.width)))
            at += column.width
    return found


def width(columns: Sequence[Used | LeftOut]) -> int:
    """How many numbers a row becomes."""
    return sum(column.width for column, _ in places(columns))


def embedded(columns: Sequence[Used | LeftOut]) -> tuple[tuple[int, int, int], ...]:
    """(place among a row's numbers, buckets, length of the vector) of each embedded category."""
    return tuple(
        (place.start, column.buckets, column.embedded)
        for column, place in places(columns)
        if isinstance(column, Category) and column.embedded
    )


def names(columns: Sequence[Used | LeftOut]) -> list[str]:
    """What each number of a row is, in words."""
    found: list[str] = []
    for column in columns:
        match column:
            case Number() | Boolean():
                found += [column.name] + [f"{column.name} missing"] * column.missing
            case Category() if column.embedded:
                found.append(column.name)
            case Category():
                found += [f"{column.name} = {value}" for value in column.values]
                found += [f"{column.name} other"] + [f"{column.name} missing"] * column.missing
            case Moment():
                for part in column.parts:
                    circle = (f"{column.name} {part} sin", f"{column.name} {part} cos")
                    found += [f"{column.name} {part}"] if part == "day" else circle
                found += [f"{column.name} missing"] * column.missing
    return found
