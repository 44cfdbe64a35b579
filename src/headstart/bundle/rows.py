"""Rows as a bundle's network takes them, whatever frame they come in."""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.bundle.manifest import ColumnsInput
from headstart.data import mapping, table
from headstart.data.columns import Category, Commas, LeftOut, Moment, Number, places, width
from headstart.data.kinds import is_text
from headstart.data.numerals import with_points
from headstart.data.table import Table
from headstart.data.typed import as_texts, typed
from headstart.errors import SourceError, few
from headstart.events import Listener, Notice
from headstart.store.files import printable

_COUNTED = 100_000  # values that were not trained on
_KINDS = {"number": "number", "boolean": "boolean", "moment": "date or time", "category": "text"}
_INSTEAD = {
    "number": "the median",
    "boolean": "false",
    "moment": "a day in the middle",
    "category": "the bucket of other values",
}


def frame_of(given: Any) -> tuple[pl.DataFrame, str]:
    """A frame, what becomes one, or a file of rows; and what to call it."""
    if isinstance(given, str | os.PathLike):
        return table.as_it_stands(Path(given)).frame, printable(os.fspath(given))
    return table.checked(table.as_frame(given), "rows"), "rows"


def as_trained(
    record: ColumnsInput, target: str | None, texts: pl.Series, commas: Collection[Commas]
) -> pl.Series:
    """A column of texts as the training read it, whatever it looks like in this file.

    Args:
        target: the column with the labels.
        commas: what they may be in numbers that were not trained on.
    """
    known = next((column for column in record.columns if column.name == texts.name), None)
    if isinstance(known, Category) and texts.name != target:
        return as_texts(texts)
    if isinstance(known, Moment):
        return mapping.as_moments(texts, known.type, known.form)
    if isinstance(known, Number) and texts.name != target:
        return typed(with_points(as_texts(texts), known.commas), commas=())
    return typed(texts, labels=texts.name == target, commas=commas)


def in_pieces(record: ColumnsInput, source: Path, encoding: str = "utf-8") -> Iterator[Table]:
    """The rows of a file, some at a time where each can be read by itself."""
    by_others = any(isinstance(c, Moment) and c.form is None for c in record.columns)
    if by_others and is_text(source):  # all of a column tell how its dates are written
        return iter([table.as_it_stands(source, encoding)])
    return table.in_pieces(source, encoding)


class Reader:
    """Makes of frames what the network takes, and notes what is to be told of them.

    Columns may stand in any order. What is more than was trained on, and values of categories that
    were not, is told and does no harm.
    """

    def __init__(self, record: ColumnsInput, where: str) -> None:
        self._where = where
        self._used = [column for column in record.columns if not isinstance(column, LeftOut)]
        self._known = {record.target, *(column.name for column in record.columns)}
        self._more: dict[str, None] = {}
        self._empty: Counter[str] = Counter()
        self._odd: Counter[str] = Counter()
        self._new: dict[str, set[str]] = defaultdict(set)

    def matrix(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """What the network takes of a frame, float32 (n, width).

        Raises:
            SourceError: columns are missing; the nearest names are told.
        """
        self._refuse_lacking(frame)
        self._more |= dict.fromkeys(name for name in frame.columns if name not in self._known)
        made = np.empty((len(frame), width(self._used)), np.float32)
        for column, place in places(self._used):
            made[:, place], gone = mapping.read(column, frame[column.name])
            empty, odd = mapping.not_read(frame[column.name], gone)
            self._empty[column.name] += empty
            self._odd[column.name] += odd
            new = self._new[column.name]
            if isinstance(column, Category) and len(new) < _COUNTED:
                new.update(mapping.unseen(column, frame[column.name]))
        return made

    def tell(self, listen: Listener) -> None:
        """Tell what is to be told of all frames so far."""
        if self._more:
            named = few([*map(repr, self._more)])
            listen(Notice(f"Not used, for it was not trained on: {named}."))
        for column in self._used:
            name, empty, odd = column.name, self._empty[column.name], self._odd[column.name]
            if odd:
                kind = _KINDS[column.kind]
                listen(Notice(f"{name!r} has {_cells(odd)} with no {kind}, taken as empty."))
            if (empty or odd) and not column.missing:
                listen(
                    Notice(
                        f"{name!r} has {_cells(empty + odd)} empty, as no training row had: "
                        f"{_INSTEAD[column.kind]} stands for them."
                    )
                )
            if new := sorted(self._new[name]):
                named = few([*map(repr, new)])
                count = f"{len(new):,}{' or more' if len(new) >= _COUNTED else ''}"
                listen(
                    Notice(
                        f"{name!r} has {count} values that were not trained on ({named}): they "
                        "count as one, other."
                    )
                )

    def _refuse_lacking(self, frame: pl.DataFrame) -> None:
        lacking = [column.name for column in self._used if column.name not in frame.columns]
        if not lacking:
            return
        known = {column.name for column in self._used}
        near = {name: get_close_matches(name, set(frame.columns) - known, n=1) for name in lacking}
        hints = [
            f"Did you mean {found[0]!r} for {name!r}?" for name, found in near.items() if found
        ]
        raise SourceError(
            f"lacks {'the columns' if len(lacking) > 1 else 'the column'} "
            f"{', '.join(map(repr, lacking))}, which the classifier was trained on.",
            where=self._where,
            mend=" ".join([*hints, "Give them; a cell may be empty."]),
        )


def _cells(count: int) -> str:
    return f"{count:,} {'cell' if count == 1 else 'cells'}"
