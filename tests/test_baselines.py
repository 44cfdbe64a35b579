"""Simpler ways to classify the rows that a network is judged by."""

from pathlib import Path

import numpy as np
import polars as pl

from headstart.baselines import baselines
from headstart.events import nobody
from headstart.options import TrainOptions
from headstart.outcome import Part
from headstart.tabular import divided, list_rows


def test_trees_tell_more_values_of_a_category_apart_than_they_have_bins(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    store = random.integers(0, 900, 20_000)
    open_ = random.permutation(900) < 450  # no order of the stores tells which
    path = tmp_path / "stores.csv"
    frame = pl.DataFrame({"store": [f"s{i}" for i in store], "open": open_[store]})
    frame.write_csv(path)
    options = TrainOptions(target="open")
    data = divided(list_rows(path, options), options, nobody)
    found = baselines(data, [Part(data.on("test"), data)], options)["gradient_boosting"]
    assert (found.predicted == found.labels).mean() > 0.95
