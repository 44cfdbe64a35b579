"""The tiny bundle, made once."""

from pathlib import Path

import pytest
import tiny_bundle

from headstart.bundle import archive


@pytest.fixture(scope="session")
def members() -> dict[str, bytes]:
    return tiny_bundle.members()


@pytest.fixture(scope="session")
def bundle_bytes(members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "model.headstart"
    archive.write(path, tiny_bundle.manifest(), members)
    return path.read_bytes()


@pytest.fixture
def bundle(bundle_bytes: bytes, tmp_path: Path) -> Path:
    """A bundle that the test may damage."""
    path = tmp_path / "model.headstart"
    path.write_bytes(bundle_bytes)
    return path
