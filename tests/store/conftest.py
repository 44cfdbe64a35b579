"""What goes wrong with a disk, for real: a full one, a read-only one."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

OnDisk = Callable[[str, str], str]


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
