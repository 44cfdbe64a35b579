"""Rows as a bundle's network takes them, whatever frame they come in."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from headstart.bundle.manifest import ColumnsInput
from headstart.data import mapping, table
from headstart.data.columns import Category, LeftOut
from headstart.errors import SourceError
from headstart.events import Listener, Notice, nobody
from headstart.store.files import printable

_NAMED = 5
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


def matrix(
    record: ColumnsInput, frame: pl.DataFrame, where: str, listen: Listener = nobody
) -> NDArray[np.float32]:
    """What the network takes of a frame, float32 (n, width).

    Columns may stand in any order. What is more than was trained on, and values of categories that
    were not, is told and does no harm.

    Raises:
        SourceError: columns are missing; the nearest names are told.
    """
    used = [column for column in record.columns if not isinstance(column, LeftOut)]
    lacking = [column.name for column in used if column.name not in frame.columns]
    if lacking:
        known = {column.name for column in used}
        near = {name: get_close_matches(name, set(frame.columns) - known, n=1) for name in lacking}
        hints = [
            f"Did you mean {found[0]!r} for {name!r}?" for name, found in near.items() if found
        ]
        raise SourceError(
            f"lacks {'the columns' if len(lacking) > 1 else 'the column'} "
            f"{', '.join(map(repr, lacking))}, which the classifier was trained on.",
            where=where,
            mend=" ".join([*hints, "Give them; a cell may be empty."]),
        )
    told = {record.target, *(column.name for column in record.columns)}
    if more := [name for name in frame.columns if name not in told]:
        listen(Notice(f"Not used, for it was not trained on: {', '.join(map(repr, more))}."))
    for column in used:
        empty, odd = mapping.not_read(column, frame[column.name])
        if odd:
            listen(
                Notice(
                    f"{column.name!r} has {_cells(odd)} with no {_KINDS[column.kind]}, taken as "
                    "empty."
                )
            )
        if (empty or odd) and not column.missing:
            listen(
                Notice(
                    f"{column.name!r} has {_cells(empty + odd)} empty, as no training row had: "
                    f"{_INSTEAD[column.kind]} stands for them."
                )
            )
        if isinstance(column, Category):
            new = mapping.unseen(column, frame[column.name])
            if new:
                named = ", ".join(map(repr, new[:_NAMED])) + (", …" if len(new) > _NAMED else "")
                listen(
                    Notice(
                        f"{column.name!r} has {len(new):,} values that were not trained on "
                        f"({named}): they count as one, other."
                    )
                )
    return mapping.matrix(used, frame)


def _cells(count: int) -> str:
    return f"{count:,} {'cell' if count == 1 else 'cells'}"
