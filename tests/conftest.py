"""What every test shares: a cache of its own, and the real data where it is there."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
