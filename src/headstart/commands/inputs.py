"""What `predict` and `classify` are given on the command line → the photos or rows meant."""

import glob
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from headstart.data.absent import absent
from headstart.data.kinds import is_text
from headstart.data.samples import image_files
from headstart.errors import OptionError, SourceError
from headstart.report.words import number
from headstart.store.files import printable

_JSON = (".json", ".jsonl", ".ndjson")
_AS_JSON = (
    "Give an object a line, or a list of objects, a value for each column; CSV is read from files."
)


def photos(inputs: Iterable[str]) -> Iterator[str]:
    """The path of every photo, in the order given.

    Args:
        inputs: files, folders (with all below them), patterns such as `photos/*.jpg`, or `-`
            for paths on the standard input, one a line.

    Raises:
        SourceError: nothing is there under one of them.
    """
    for item in inputs:
        if item == "-":
            yield from (
                os.fsdecode(line.rstrip(b"\r\n")) for line in sys.stdin.buffer if line.strip()
            )
        elif os.path.isdir(item):
            yield from _found(item, _inside(item))
        elif os.path.lexists(item):
            yield item
        else:
            yield from _found(item, sorted(glob.glob(item, recursive=True)))


def records(item: str) -> list[dict[str, Any]] | None:
    """The rows of JSON in a file of that kind, or on the standard input for `-`; None: another
    kind of file.

    Raises:
        SourceError: it is not there, or what it holds is no JSON.
    """
    if item == "-":
        return _records(sys.stdin.buffer.read(), "standard input")
    if Path(item).suffix.lower() not in _JSON:
        return None
    try:
        return _records(Path(item).read_bytes(), printable(item))
    except FileNotFoundError as error:
        raise absent(item) from error
    except OSError as error:
        raise SourceError(
            f"cannot be read ({error.strerror}).", where=printable(item), mend=_AS_JSON
        ) from error


def text_files(inputs: Sequence[str]) -> list[str]:
    """The files of rows in text among the inputs."""
    return [item for item in inputs if is_text(Path(item))]


def refuse_encoding(inputs: Sequence[str], encoding: str) -> None:
    """Refuse an encoding where it is that of nothing.

    Args:
        inputs: rows; none where there are photos.

    Raises:
        OptionError: none of them is a file of text.
    """
    if encoding != "utf-8" and not text_files(inputs):
        raise OptionError(
            "would do nothing: no CSV file is among the inputs.",
            where="--encoding",
            mend="Leave it out.",
        )


def _records(data: bytes, where: str) -> list[dict[str, Any]]:
    """One object, a list of objects, or an object a line."""
    try:
        text = data.decode("utf-8-sig")
        try:
            found = json.loads(text)
        except ValueError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise SourceError(f"is no JSON ({error}).", where=where, mend=_AS_JSON) from error
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise SourceError("holds no rows.", where=where, mend=_AS_JSON)
    for count, row in enumerate(rows, 1):
        for name, value in row.items():
            if isinstance(value, list | dict):
                raise SourceError(
                    f"row {count} holds more than one value in {name!r}.",
                    where=where,
                    mend="Give a number, a text, true, false or null for each column.",
                )
    return rows


def none_readable(inputs: int, first: str) -> SourceError:
    """The error where no photo among the inputs can be read; `first` names one and says why."""
    return SourceError(
        f"No photo can be read among {number(inputs, 'input')}; the first, {first}.",
        mend="Give JPEG, PNG, WebP, GIF, BMP or TIFF files.",
    )


def _inside(folder: str) -> list[str]:
    try:
        return image_files(folder)
    except OSError as error:
        raise SourceError(
            f"cannot be opened ({error.strerror}).",
            where=printable(folder),
            mend="Make it readable, or leave it out.",
        ) from error


def _found(item: str, paths: list[str]) -> list[str]:
    if not paths:
        option = "If an option was meant: `--help` lists them. "
        raise SourceError(
            "no photo is there.",
            where=printable(item),
            mend=(option if item.startswith("-") else "")
            + "Give files, folders, patterns in quotes, or - for paths on standard input.",
        )
    return paths
