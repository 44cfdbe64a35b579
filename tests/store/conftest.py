"""What goes wrong with a disk, for real: a full one, a read-only one, a missing permission."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

OnDisk = Callable[[str, str], str]
NOBODY = 65534


@pytest.fixture
def on_disk(tmp_path: Path) -> OnDisk:
    """`on_disk(mount_options, code)` runs Python code in a child that sees a disk of its own.

    The code finds the disk at `sys.argv[1]`; what it prints is returned. The disk is mounted
    in a namespace of the child and goes with it.
    """
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    can_mount = (
        shutil.which("unshare")
        and not subprocess.run(
            [*unshare, "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True
        ).returncode
    )
    if not can_mount:
        pytest.skip("no disk can be mounted here")

    def run(mount_options: str, code: str) -> str:
        script = 'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" -W error -c "$4" "$2"'
        child = subprocess.run(
            [*unshare, "sh", "-c", script, "sh", mount_options, tmp_path, sys.executable, code],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert child.returncode == 0, child.stderr
        return child.stdout

    return run


@contextmanager
def _as_nobody() -> Iterator[None]:
    """The root user may do anything; be someone else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """A context in which file permissions count, even where the tests run as root."""
    if not hasattr(os, "geteuid"):
        pytest.skip("needs POSIX permissions")
    return _as_nobody


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach; `tmp_path` is for its owner alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)
