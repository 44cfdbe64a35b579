"""The tables of `bench/table.py`, made in a process of its own, for it takes memory.

table_data.py cancer|wine FOLDER       five folds of one of scikit-learn's tables
table_data.py large FOLDER ROWS        ROWS × 30, three of the columns categories
table_data.py huge FILE BYTES          a CSV of 30 columns, block by block
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

TARGET = "kind"
FOLDS = 5


def folds(name: str, folder: Path) -> None:
    """Write `train-K.csv` and `test-K.csv`: each row is in one test file."""
    from sklearn import datasets
    from sklearn.model_selection import StratifiedKFold

    found = {"cancer": datasets.load_breast_cancer, "wine": datasets.load_wine}[name]()
    columns = {str(c): found.data[:, i] for i, c in enumerate(found.feature_names)}
    labels = [str(found.target_names[t]) for t in found.target]
    frame = pl.DataFrame({**columns, TARGET: labels})
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(found.data, found.target)
    for k, (train, test) in enumerate(parts):
        # In no order: Keras validates on the last rows.
        frame[train].sample(fraction=1, shuffle=True, seed=k).write_csv(folder / f"train-{k}.csv")
        frame[test].write_csv(folder / f"test-{k}.csv")


def large(folder: Path, rows: int) -> None:
    """Write `all.parquet`, and four fifths and a fifth of it as `train` and `test`."""
    from sklearn.datasets import make_classification

    numbers, labels = make_classification(
        rows, 30, n_informative=15, n_redundant=5, n_classes=3, n_clusters_per_class=2,
        flip_y=0.02, class_sep=1.0, random_state=0,
    )  # fmt: skip
    columns: dict[str, object] = {f"n{i}": numbers[:, i].astype(np.float32) for i in range(27)}
    for i, values in ((27, 4), (28, 12), (29, 40)):
        bounds = np.quantile(numbers[:, i], np.linspace(0, 1, values + 1)[1:-1])
        columns[f"c{i}"] = [f"v{code}" for code in np.searchsorted(bounds, numbers[:, i])]
    columns[TARGET] = [f"class_{label}" for label in labels]
    frame = pl.DataFrame(columns)
    frame.write_parquet(folder / "all.parquet")
    test = rows // 5
    frame[test:].write_parquet(folder / "train.parquet")
    frame[:test].write_parquet(folder / "test.parquet")


def huge(file: Path, size: int, block: int = 200_000) -> None:
    """Write random rows until the file has `size` bytes; no two rows are alike."""
    number = 0
    with file.open("wb") as out:
        while out.tell() < size:
            random = np.random.default_rng(number)
            values = random.standard_normal((min(block, max(1000, size // 400)), 29), np.float32)
            columns: dict[str, object] = {f"n{i}": values[:, i] for i in range(29)}
            columns["c"] = random.choice(["red", "green", "blue"], len(values))
            high = values[:, :5].sum(axis=1) + random.standard_normal(len(values)) > 0
            columns[TARGET] = np.where(high, "high", "low")
            pl.DataFrame(columns).write_csv(out, include_header=number == 0, float_precision=6)
            number += 1


if __name__ == "__main__":
    what, place, *numbers = sys.argv[1:]
    if what == "large":
        large(Path(place), int(numbers[0]))
    elif what == "huge":
        huge(Path(place), int(numbers[0]))
    else:
        folds(what, Path(place))
