"""How much the cache may hold: what was not used for longest goes first.

A segment of features goes by itself, a graph and an unpacked zip file as a whole. Nothing else
under the root is touched.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple

LIMIT_BYTES = 10 * 2**30
_DAY_S = 24 * 60 * 60


class _Kept(NamedTuple):
    """What goes or stays as a whole."""

    used: float
    size: int
    path: Path


def make_room(root: Path, limit_bytes: int = LIMIT_BYTES) -> int:
    """Remove what was not used for longest until the rest fits the limit.

    Photos of a zip file are read as long as a run lasts, so they stay for a day after they
    were asked for. What a killed process left half-written goes when it is a day old.

    Args:
        root: the cache.

    Returns:
        The number of bytes that were freed.
    """
    yesterday = time.time() - _DAY_S
    kept = sorted(_kept(root))
    excess = sum(item.size for item in kept) - limit_bytes
    freed = 0
    for item in kept:
        hidden = item.path.name.startswith(".")
        busy = item.used > yesterday and (hidden or item.path.parent.name == "zips")
        if (freed < excess or hidden) and not busy and _remove(item.path):
            freed += item.size
    return freed


def _kept(root: Path) -> Iterator[_Kept]:
    features = root / "features"
    paths = [*features.rglob("*.rows"), *features.rglob(".*.part")]
    for kind in "graphs", "zips":
        with suppress(OSError):
            paths += (root / kind).iterdir()
    for path in paths:
        with suppress(OSError):  # another process makes room too
            status = path.lstat()
            size = _size(path) if S_ISDIR(status.st_mode) else status.st_size
            yield _Kept(status.st_mtime, size, path)


def _size(folder: Path) -> int:
    return sum(
        os.lstat(os.path.join(inside, name)).st_size
        for inside, _, names in os.walk(folder)
        for name in names
    )


def _remove(path: Path) -> bool:
    """Whether it could be removed: it may be another user's, or in use where that locks a file."""
    try:
        if path.is_dir():  # hidden first: nobody finds half of it
            hidden = path.with_name(f".gone-{uuid.uuid4().hex}")
            path.rename(hidden)
            shutil.rmtree(hidden, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
