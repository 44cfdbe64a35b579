"""Files that are whole or not there: write-then-rename, fsync, content keys, names."""

import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from headstart.errors import OutputError


def cache_root() -> Path:
    """The folder under which everything of ours that can be computed again is kept.

    `HEADSTART_CACHE_DIR/headstart-cache`, else `XDG_CACHE_HOME/headstart`, else
    `~/.cache/headstart` (`%LOCALAPPDATA%\\headstart` on Windows). All that lies in it is ours
    and may be removed; what lies beside it is not. It is not created here.
    """
    given = os.environ.get("HEADSTART_CACHE_DIR")
    if given:
        return Path(given).expanduser().absolute() / "headstart-cache"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "headstart"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headstart"


@contextmanager
def new_file(path: Path, size: int | None = None) -> Iterator[BinaryIO]:
    """A file to write that appears at `path` whole when the block ends, or not at all.

    The bytes go to a temporary file beside it, are flushed to the disk, and take the name
    `path` in one step; the folder entry is flushed too. An error inside the block leaves
    what stood at `path` as it was.

    Args:
        size: how many bytes it will have, if known: named where the disk is too full for it.

    Raises:
        OutputError: the disk is full, read-only, or refuses the write.
    """
    # Opened as any new file is, so that it gets the mode that the user's umask asks for.
    temporary = path.parent / f".{uuid.uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(temporary, "xb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise cannot_write(path, size, error) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        # An error that names another file is the block's own: it was reading, not writing.
        ours = (None, str(temporary), str(path.parent))
        if isinstance(error, OSError) and error.filename in ours:
            raise cannot_write(path, size, error) from error
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step; see `new_file`."""
    with new_file(path, len(data)) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path` as UTF-8 in one step; see `new_file`."""
    write_bytes(path, text.encode())


def write_json(path: Path, document: Any) -> None:
    """Put a JSON document at `path` in one step; NaN and infinity are refused.

    A path with bytes that are not UTF-8 comes back as it was: `os.fsdecode` turned them into
    lone surrogates, which JSON can hold as escapes.
    """
    text = _json(document) + "\n"
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def _json(document: Any, margin: str = "\n") -> str:
    """JSON indented by two, with a row of numbers on one line."""
    inner = f"{margin}  "
    if isinstance(document, dict) and document:
        lines = [
            f"{json.dumps(str(k), ensure_ascii=False)}: {_json(v, inner)}"
            for k, v in document.items()
        ]
        return f"{{{inner}{f',{inner}'.join(lines)}{margin}}}"
    if isinstance(document, (list, tuple)) and any(type(x) not in (int, float) for x in document):
        lines = [_json(item, inner) for item in document]
        return f"[{inner}{f',{inner}'.join(lines)}{margin}]"
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def sha256_of_file(path: Path | str) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(**parts: str | int | float | bool | None) -> str:
    """One SHA-256 key over named parts, independent of their order."""
    text = json.dumps(parts, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def printable(name: str) -> str:
    """A file name as one line of printable text, distinct for distinct names.

    Backslash, control characters (those that turn the direction of writing too) and bytes
    that are not UTF-8 are written as escapes; everything else stays as it is.
    """
    return _UNPRINTABLE.sub(_escape, name)


_UNPRINTABLE = re.compile(
    "[\\\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8, as os.fsdecode gives it
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character == "\\":
        return "\\\\"
    if character == "\n":
        return "\\n"
    return f"\\u{ord(character):04x}"


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of the disk, the user, a file


def cannot_write(path: Path, size: int | None, error: OSError) -> OutputError:
    """The error for a place that refuses a write, with the bytes that are needed, if known."""
    reason = error.strerror or str(error)
    mend = "Make that place writable, or name another."
    if error.errno in _NO_ROOM:
        mend = "Free space there, or name another place."
        with suppress(OSError):
            reason += f"; {shutil.disk_usage(path.parent).free:,} bytes are free"
            reason += f", {size:,} are needed" if size is not None else ""
    return OutputError(f"cannot be written ({reason}).", where=printable(str(path)), mend=mend)


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to the disk: what was made or renamed in it stays so."""
    if os.name == "nt":  # a folder cannot be opened there; the rename itself is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a network share that cannot flush a folder
            raise
    finally:
        os.close(handle)
