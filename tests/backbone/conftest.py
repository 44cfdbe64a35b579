"""What the tests of backbones share: real weights."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mobilenet_file(shared: Path) -> Path:
    """Keras' own ImageNet weights of MobileNet, alpha 0.25, without top."""
    return shared / "weights" / "mobilenet_2_5_224_tf_no_top.h5"
