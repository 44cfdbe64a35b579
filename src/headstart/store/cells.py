"""Text in the cells of a CSV file that a spreadsheet may open.

A spreadsheet runs a cell that begins with = + - or @ as a formula, and some skip a tab, a
carriage return or a NUL before it. Such a cell is written with a ' in front, which
spreadsheets take for "this is text"; numbers stay numbers. What was written comes back the
same: a text that has this form already gets one ' more.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_FORMULA = re.compile(r"'*[=+\-@\t\r\0]")
_NUMBER = re.compile(
    r"[+-]?((\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.ASCII | re.IGNORECASE
)


def escaped(text: str) -> str:
    """A text as it is written into a cell."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def escaped_column(column: "pl.Series") -> "pl.Series":
    """A column of texts as `escaped` writes each, but for a `-` that stands alone."""
    odd = column.filter(column.str.contains(r"^(['=+@\t\r\x00]|-(?s:.))")).unique()
    return column.replace(odd, [escaped(text) for text in odd]) if len(odd) else column


def plain(cell: str) -> str:
    """The text that was written into a cell as `escaped` gives it."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell
