"""A CSV or TSV file made fit to be read: its encoding, its separator, its header, its rows.

polars fills rows that are too short and names no line where something is wrong. So every byte is
looked at here first, a few megabytes at a time, whatever the size of the file.
"""

import codecs
import csv
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from headstart.data.absent import absent
from headstart.data.quotes import Quotes
from headstart.errors import OptionError, SourceError
from headstart.store.files import cache_root, printable

_PIECE = 8 << 20  # bytes
_HEADER = 100_000  # characters
_NAMED = 5  # faulty lines
_NEWLINE, _RETURN = b"\n\r"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AS_CSV = "Write it again as UTF-8 CSV or as Parquet."


@dataclass(frozen=True)
class Delimited:
    """A file of cells that polars reads as it is.

    Attributes:
        path: UTF-8, with or without a byte order mark.
        separator: one character.
        header: the names of the columns, no two alike, none blank.
        rows: how many follow it, blank ones too.
    """

    path: Path
    separator: str
    header: list[str]
    rows: int


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[Delimited]:
    """Check a file; one in another encoding is written anew, for as long as it is read.

    Args:
        encoding: `utf-8` stands for what a byte order mark says, too.

    Raises:
        OptionError: no such encoding.
        SourceError: not in this encoding, a NUL byte, rows of other lengths than the header, a
            column that is named twice or not at all.
    """
    where = printable(os.fspath(path))
    codec = _codec(encoding)
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if codec == "utf-8":
            codec = next((name for mark, name in _MARKS if start.startswith(mark)), codec)
        if codec == "utf-8":
            yield _examined(path, where)
            return
        cache_root().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="table-", dir=cache_root()) as folder:
            again = Path(folder, "table.csv")
            with path.open("rb") as source, again.open("wb") as target:
                for text in _decoded(source, codec, where):
                    target.write(text.encode())
            yield _examined(again, where)
    except OSError as error:
        raise unreadable(where, error) from error


def unreadable(where: str, error: Exception) -> SourceError:
    """What to raise where a table cannot be read."""
    if isinstance(error, FileNotFoundError):
        return absent(where)
    reason = str(getattr(error, "strerror", None) or error).strip().partition("\n")[0].rstrip(".")
    return SourceError(f"cannot be read as a table ({reason}).", where=where, mend=_AS_CSV)


def check_names(names: list[str], where: str) -> None:
    """Refuse columns that nobody could tell apart.

    Raises:
        SourceError: a name stands there twice, or is blank.
    """
    twice = sorted({name for name in names if names.count(name) > 1 and name.strip()})
    if twice:
        raise SourceError(
            f"more than one column is named {', '.join(map(repr, twice))}.",
            where=where,
            mend="Give each column a name of its own.",
        )
    blank = [str(i) for i, name in enumerate(names, 1) if not name.strip()]
    if blank:
        raise SourceError(
            f"column {', '.join(blank)} of {len(names)} has no name.",
            where=where,
            mend="The first line must name every column.",
        )


def _codec(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)  # there are codecs of other things than text
    except (LookupError, UnicodeError) as error:
        raise OptionError(
            f"unknown encoding {encoding!r}.",
            where="--encoding",
            mend="Common ones are utf-8, utf-16, cp1252 and latin-1.",
        ) from error
    return "utf-8" if codec == "utf-8-sig" else codec


def _decoded(file: IO[bytes], codec: str, where: str) -> Iterator[str]:
    """The text of a file, piece by piece."""
    decoder = codecs.getincrementaldecoder(codec)()
    done = 0
    while True:
        data = file.read(_PIECE)
        held = len(decoder.getstate()[0])  # bytes of a character that the last piece cut
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            raise SourceError(
                f"byte {done - held + start:,} is not {codec}.",
                where=where,
                mend="Name the right one with --encoding, such as utf-16, cp1252 or latin-1.",
            ) from error
        done += len(data)
        if text:
            yield text
        if not data:
            return


def _examined(path: Path, where: str) -> Delimited:
    with path.open("rb") as file:
        text = _first_record(file, where)
        separator = max(",;\t|", key=text.count)
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        if not any(header):
            raise SourceError(
                "has no header.", where=where, mend="The first line must name every column."
            )
        check_names(header, where)
        file.seek(0)
        rows = _check_rows(file, separator, len(header), where)
    return Delimited(path, separator, header, rows)


def _first_record(file: IO[bytes], where: str) -> str:
    """The text up to the first end of a line that is not quoted."""
    quotes, record = Quotes(), b""
    for text in _decoded(file, "utf-8", where):
        piece = quotes.piece(text.encode())
        ends = [at for byte in (_NEWLINE, _RETURN) for at in piece.bare(byte)[:1].tolist()]
        record += piece.data[: min(ends) + 1 if ends else None].tobytes()
        if ends or len(record) > 4 * _HEADER:  # bytes, of which a character has four at most
            break
    found = record.decode().removeprefix("\ufeff")
    if len(found) > _HEADER:
        raise SourceError(
            f"its header is longer than {_HEADER:,} characters, or a quote opens in it "
            "that is never closed.",
            where=where,
            mend=_AS_CSV,
        )
    return found


def _check_rows(file: IO[bytes], separator: str, width: int, where: str) -> int:
    """Count the cells of every row, and the rows below the header.

    A cell may be quoted, and then holds what it likes (RFC 4180).
    """
    quotes, cells, line, began = Quotes(), 0, 1, 1
    blank = True  # nothing yet in the row that a piece cut
    opened_at = rows = 0
    wrong: list[str] = []
    for text in _decoded(file, "utf-8", where):
        piece = quotes.piece(text.encode())
        data = piece.data
        newlines = np.flatnonzero(data == _NEWLINE)
        nul = np.flatnonzero(data == 0)
        if len(nul):
            at = line + int(np.searchsorted(newlines, nul[0]))
            raise SourceError(f"line {at:,} holds a NUL byte.", where=where, mend=_AS_CSV)
        ends, separators = piece.bare(_NEWLINE), piece.bare(ord(separator))
        if piece.opening is not None:
            opened_at = line + int(np.searchsorted(newlines, piece.opening))
        # separators before each end of a row, less those of the rows before it
        upto = np.searchsorted(separators, ends)
        counts = np.diff(upto, prepend=0)
        starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
        length = ends - starts
        if len(ends):
            counts[0] += cells
            length[0] += not blank
        faulty = np.flatnonzero(counts != width - 1)
        for i in faulty.tolist():
            bare = length[i] == 0 or (length[i] == 1 and data[ends[i] - 1] == _RETURN)
            if bare and counts[i] == 0:
                continue  # a blank line
            at = began if i == 0 else line + int(np.searchsorted(newlines, ends[i - 1])) + 1
            wrong.append(f"line {at:,} has {counts[i] + 1:,}")
            if len(wrong) == _NAMED:
                break
        if len(wrong) == _NAMED:
            break
        rows += len(ends)
        if len(ends):
            rest = int(ends[-1]) + 1
            began = line + int(np.searchsorted(newlines, ends[-1])) + 1
            cells = len(separators) - int(upto[-1])
            blank = rest == len(data)
        else:
            cells += len(separators)
            blank = blank and not len(data)
        line += len(newlines)
    else:
        if quotes.open:
            raise SourceError(
                f"a quote that opens in line {opened_at:,} is never closed.",
                where=where,
                mend="Close it, or double a quote that belongs to the text.",
            )
        if not blank and cells != width - 1:  # the last line has no newline
            wrong.append(f"line {began:,} has {cells + 1:,}")
    if wrong:
        raise SourceError(
            f"the header names {width:,} columns, but {', '.join(wrong)} "
            f"cells{' and there may be more' if len(wrong) == _NAMED else ''}.",
            where=where,
            mend="Give every row as many cells as the header; quote cells that hold a separator.",
        )
    return rows - blank  # the last line may have no newline


@contextmanager
def only(found: Delimited, rows: NDArray[np.int64]) -> Iterator[Delimited]:
    """Some rows of a file, written apart for as long as they are read.

    Args:
        rows: their numbers, ascending, 0 for the one below the header.
    """
    cache_root().mkdir(parents=True, exist_ok=True)
    wanted, number, quotes = np.concatenate([[0], rows + 1]), 0, Quotes()
    with tempfile.TemporaryDirectory(prefix="table-", dir=cache_root()) as folder:
        part = Path(folder, "table.csv")
        with found.path.open("rb") as source, part.open("wb") as target:
            while content := source.read(_PIECE):
                piece = quotes.piece(content)
                data, ends = piece.data, piece.bare(_NEWLINE)
                # Here stand the rows `number` to `last`; the first and the last may be cut.
                last = number + len(ends)
                here = wanted[slice(*np.searchsorted(wanted, [number, last + 1]))]
                taken = np.zeros(len(ends) + 1, np.bool_)
                taken[here - number] = True
                lengths = np.diff(np.concatenate([[0], ends + 1, [len(data)]]))
                target.write(data[np.repeat(taken, lengths)].tobytes())
                number = last
        yield replace(found, path=part, rows=len(rows))


def pieces(found: Delimited) -> Iterator[bytes]:
    """All rows of a file, a few megabytes of whole rows at a time, each time below the header."""
    header, cut, quotes = b"", list[bytes](), Quotes()
    with found.path.open("rb") as source:
        while piece := source.read(_PIECE):
            ends = quotes.piece(piece).bare(_NEWLINE)
            if len(ends) and not header:
                first, ends = int(ends[0]) + 1, ends[1:]
                header, cut, piece = b"".join([*cut, piece[:first]]), [], piece[first:]
                ends = ends - first
            if len(ends):
                last = int(ends[-1]) + 1
                yield b"".join([header, *cut, piece[:last]])
                cut, piece = [], piece[last:]
            cut.append(piece)
    if header and any(cut):
        yield b"".join([header, *cut])
