"""data/quotes.py: what is quoted, wherever a piece ends."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.quotes import Quotes

cells = st.lists(st.lists(st.text('a",\n', max_size=4), min_size=2, max_size=3), min_size=1)


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def found(content: bytes, byte: str, size: int) -> list[int]:
    """Where a byte stands bare, read so many bytes at a time."""
    quotes = Quotes()
    starts = range(0, len(content), size)
    return [
        start + at
        for start in starts
        for at in quotes.piece(content[start : start + size]).bare(ord(byte)).tolist()
    ]


@given(cells, st.integers(1, 9))
def test_bare_newlines_end_the_rows_that_the_csv_module_wrote(
    rows: list[list[str]], size: int
) -> None:
    ends = [len(written(rows[: i + 1])) - 1 for i in range(len(rows))]
    assert found(written(rows), "\n", size) == ends


@given(cells, st.integers(1, 9))
def test_bare_separators_part_the_cells(rows: list[list[str]], size: int) -> None:
    assert len(found(written(rows), ",", size)) == sum(len(row) - 1 for row in rows)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ('a,"b', 2),
        ('"a","b', 4),
        ('"a""b""', 0),  # a doubled quote opens no cell
        ('"""a', 0),
        ('a,"",c', 2),
        ("a,b", None),
    ],
)
def test_the_last_cell_that_opens_with_a_quote_is_found(
    text: str, opening: int | None, size: int
) -> None:
    quotes, last = Quotes(), None
    for start in range(0, len(text), size):
        piece = quotes.piece(text[start : start + size].encode())
        last = last if piece.opening is None else start + piece.opening
    assert last == opening
    assert quotes.open == (text.count('"') % 2 == 1)
