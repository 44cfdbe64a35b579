"""What `predict` and `classify` are given on the command line → the photos or rows meant."""

import glob
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from headstart.data.samples import image_files
from headstart.errors import OptionError, SourceError
from headstart.report.words import number
from headstart.store.files import printable


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


def records() -> list[dict[str, Any]]:
    """The rows of JSON on the standard input.

    Raises:
        SourceError: what comes in is no JSON.
    """
    return _records(sys.stdin.buffer.read())


def row_file(item: str) -> Path:
    """A file of rows.

    Raises:
        SourceError: it is not there.
    """
    if not os.path.lexists(item):
        raise SourceError("is not there.", where=printable(item), mend="Give a file of rows.")
    return Path(item)


def text_files(inputs: Sequence[str]) -> list[str]:
    """The files of rows in text among the inputs."""
    from headstart.data.table import is_text  # not for photos: polars takes 0.15 s

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


def _records(data: bytes) -> list[dict[str, Any]]:
    """One object, a list of objects, or an object a line."""
    try:
        text = data.decode("utf-8-sig")
        try:
            found = json.loads(text)
        except ValueError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"is no JSON ({error}).",
            where="standard input",
            mend="Give an object a line, or a list of objects, a value for each column.",
        ) from error
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise SourceError(
            "holds no rows.",
            where="standard input",
            mend="Give an object a line, or a list of objects, a value for each column.",
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
