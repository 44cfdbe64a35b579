"""A lock that one process holds and that the system takes back when the process ends.

The file carries who holds it, as text for people; what counts is the lock of the operating
system on it (`flock`, or `LockFile` on Windows). So nothing has to guess whether a process
still lives: the lock of one that was killed is free.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _BEYOND = 2**30  # a locked byte cannot be read there, so lock one behind the text

    def _try(handle: int) -> None:
        os.lseek(handle, _BEYOND, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class HeldError(Exception):
    """Another process holds the lock; the message names it: `process 4711 on HOST`."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, in a folder that is there; the file goes when the block ends.

    Raises:
        HeldError: another process holds it, or another thread of this one.
        OSError: the file cannot be made there, or the disk knows no locks.
    """
    while (handle := _attempt(path)) is None:
        pass
    try:
        yield
    finally:
        if os.name == "nt":  # a file that is open cannot be removed there
            os.close(handle)
        with suppress(OSError):
            path.unlink()
        if os.name != "nt":  # removed first: whoever comes from here on makes a new one
            os.close(handle)


def _attempt(path: Path) -> int | None:
    """The open, locked file; None if its holder removed it just now."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _try(handle)
        if os.path.samestat(os.fstat(handle), path.stat()):
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return handle
    except FileNotFoundError:
        pass
    except (BlockingIOError, PermissionError):  # as POSIX and Windows say that it is held
        os.close(handle)
        raise HeldError(_holder(path)) from None
    except BaseException:
        os.close(handle)
        with suppress(OSError):
            path.unlink()
        raise
    os.close(handle)
    return None


def _holder(path: Path) -> str:
    with suppress(OSError):
        return path.read_bytes().decode(errors="replace").strip() or "another process"
    return "another process"
