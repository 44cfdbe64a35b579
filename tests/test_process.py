"""process.py: what only the command's own process does without."""

import importlib
import os
import subprocess
import sys

import pytest

from headstart import process

IMPORTED = """
import sys
if sys.argv[1] == "own":
    from headstart.cli import settle
    settle()  # as the command does first
from headstart.backbone.quiet_keras import keras
print(*(name for name in ("matplotlib", "pandas", "sklearn") if name in sys.modules))
import numpy as np
import pandas as pd
import sklearn.base
frame = pd.DataFrame({"a": np.ones(4, np.float32)})
network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
network.compile("sgd", "mse")
network.fit(frame.to_numpy() if sys.argv[1] == "own" else frame, np.ones(4), verbose=0)
"""


@pytest.mark.usefixtures("keras")
@pytest.mark.parametrize(
    ("whose", "imported"), [("own", ""), ("a script's", "matplotlib pandas sklearn")]
)
def test_keras_has_what_it_wants_in_case_where_the_process_is_not_our_own(
    whose: str, imported: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, whose],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stdout.strip() == imported


def test_a_package_that_was_kept_away_is_there_afterwards() -> None:
    sys.modules.pop("this", None)
    with process.without("this", "os"):
        assert sys.modules["os"] is os  # it was imported before
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("this")
    assert "this" not in sys.modules
    assert sys.modules["os"] is os
