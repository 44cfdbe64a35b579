"""What the tests of backbones share: Keras where it is installed, and real weights."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras on TensorFlow; a core install skips the test by name."""
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed (extra `tensorflow`)")
    from headstart.backbone.quiet_keras import keras

    return keras


@pytest.fixture(scope="session")
def mobilenet_file(shared: Path) -> Path:
    """Keras' own ImageNet weights of MobileNet, alpha 0.25, without top."""
    return shared / "weights" / "mobilenet_2_5_224_tf_no_top.h5"
