"""The data of `headstart demo`; that the demo runs is seen in `test_processes.py`."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from headstart.commands.demo import write_digits


def test_the_digits_are_those_of_scikit_learn_and_written_once():
    folder = write_digits()
    digits = load_digits()
    paths = sorted(folder.rglob("*.png"))
    assert len(paths) == 1797
    for path in paths[::100]:
        number = int(path.stem)
        assert path.parent.name == str(digits.target[number])
        pixels = np.asarray(Image.open(path).convert("L"), np.float64)
        np.testing.assert_allclose(pixels * 16 / 255, digits.images[number], atol=0.04)
    written = paths[0].stat().st_mtime_ns
    assert write_digits() == folder
    assert paths[0].stat().st_mtime_ns == written
