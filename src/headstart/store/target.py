"""Where a file goes: never over another unasked, and only when it is whole and proved."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headstart.errors import OutputError
from headstart.store.files import cannot_write, printable, sync_folder


def spare(path: Path, force: bool) -> None:
    """Nothing that exists is overwritten unless `force` says so, and only files are then.

    Raises:
        OutputError: something is there.
    """
    if os.path.lexists(path) and not (force and path.is_file()):
        mend = "Name another place" + (", or give --force." if path.is_file() else ".")
        raise OutputError("is there already.", where=printable(str(path)), mend=mend)


@contextmanager
def made_beside(path: Path) -> Iterator[Path]:
    """A path of the same name in a new folder beside `path`, to write at and to prove there.

    When the block ends, the file is flushed and takes the name `path` in one step. After an
    error in the block it is gone, and what stood at `path` is as it was.

    Raises:
        OutputError: the place refuses the write.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent)
    except OSError as error:
        raise cannot_write(path, None, error) from error
    with temporary as folder:
        made = Path(folder, path.name)
        yield made
        try:
            with open(made, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(made, path)
            sync_folder(path.parent)
        except OSError as error:
            raise cannot_write(path, None, error) from error
