"""What every test shares: a cache of its own, the real data where it is there, one small run."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from headstart.run import Run

os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")  # as the command does: see `cli.settle`

ROOT = Path(__file__).parents[1]
NOBODY = 65534
Command = Callable[..., subprocess.CompletedProcess[str]]
OnDisk = Callable[[str, str], str]

LONGEST = (
    *("test_tutorial.py", "test_tuning.py", "test_table_classifier.py", "test_loop.py"),
    *("test_notebook.py", "test_bench.py", "test_pipeline_faults.py", "test_export.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest come first: else one process has one of them left at the end, while
    the other has nothing to do."""
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real photos and weights; their absence skips the test by name."""
    folder = Path(os.environ.get("HEADSTART_TEST_DATA", ROOT.parent / "shared")).absolute()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (HEADSTART_TEST_DATA names another place)")
    return folder


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras on TensorFlow; a core install skips the test by name."""
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed (extra `tensorflow`)")
    from headstart.backbone.quiet_keras import keras

    return keras


@dataclass(frozen=True)
class Trained:
    """A finished run that tests look at and leave as it is.

    Attributes:
        run: 212 digits trained on, 44 for validation, 44 for the test; photos of 32 pixels.
        source: the photos, one folder a digit.
        cache: what the run left in its cache.
    """

    run: "Run"
    source: Path
    cache: Path

    @property
    def folder(self) -> str:
        """The run folder, as the command line takes it."""
        return str(self.run.folder)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A real run on 300 handwritten digits, made once."""
    from photos import put_digits

    from headstart.pipeline import train

    folder = tmp_path_factory.mktemp("trained")
    source = put_digits(folder / "digits", range(300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(folder / "cache"))
        run = train(source, folder / "run", size=32, unfreeze="none")
    return Trained(run, source, folder / "cache")


@pytest.fixture(scope="session")
def tuned(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """A real run on the same digits whose last convolution was trained too, made once."""
    from photos import put_digits

    from headstart.pipeline import train

    folder = tmp_path_factory.mktemp("tuned")
    source = put_digits(folder / "digits", range(300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(folder / "cache"))
        return train(source, folder / "run", size=32, unfreeze="head_convolution", epochs=2)


@pytest.fixture
def same_cache(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds what the run `trained` left in its own."""
    folder = tmp_path / "same-cache"
    shutil.copytree(trained.cache, folder)
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """`command("train", source, …)` runs headstart in a process of its own.

    Keywords go to `subprocess.run`, those of `env` beside the environment that is there.
    """
    fonts = str(tmp_path_factory.mktemp("fonts"))  # or each child would look for them anew

    def run(
        *arguments: str | Path, env: dict[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "headstart", *arguments],
            env=os.environ | {"MPLCONFIGDIR": fonts} | (env or {}),
            **{"capture_output": True, "encoding": "utf-8", "timeout": 240} | options,
        )

    return run


class Answer(NamedTuple):
    """What a command did: its exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`call("train", source, …)` runs a command here, in this process."""
    from headstart.cli import main

    def run(*arguments: str | Path) -> Answer:
        code = main([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return run


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

    disk = tmp_path / "disk"
    disk.mkdir()

    def run(mount_options: str, code: str) -> str:
        script = 'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" -W error -c "$4" "$2"'
        child = subprocess.run(
            [*unshare, "sh", "-c", script, "sh", mount_options, disk, sys.executable, code],
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
