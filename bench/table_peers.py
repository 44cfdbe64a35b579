"""The other sides of `bench/table.py`: what users of other libraries write.

    table_peers.py tutorial|keras|mlp|boosting TRAIN TEST TARGET [--seed N] [--epochs N]

TRAIN and TEST are CSV or Parquet files. It prints one JSON document: seconds of the call of `fit`,
whether each row of TEST was named correctly, and how many parameters were trained, if it is known.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl


def tutorial(rows: dict[str, Any], seed: int, epochs: int) -> dict[str, Any]:
    """The tutorial's script, but that the test rows are scaled as the training rows were."""
    from sklearn.preprocessing import MinMaxScaler

    return by_keras(rows, MinMaxScaler(), seed, (16, 32), 1e-4, batch_size=10, epochs=epochs)


def keras(rows: dict[str, Any], seed: int, epochs: int) -> dict[str, Any]:
    """A network of Keras' guides, stopped when it no longer validates better."""
    from sklearn.preprocessing import StandardScaler

    from headstart.backbone.quiet_keras import keras

    more = {
        "validation_split": 0.15,
        "callbacks": [keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)],
    }
    batch = 32 if len(rows["train"]) < 10_000 else 512
    scaler = StandardScaler()
    return by_keras(rows, scaler, seed, (64, 32), 1e-3, batch_size=batch, epochs=epochs, **more)


def by_keras(
    rows: dict[str, Any], scaler: Any, seed: int, hidden: tuple[int, ...], rate: float, **fit: Any
) -> dict[str, Any]:
    from headstart.backbone.quiet_keras import keras

    keras.utils.set_random_seed(seed)
    x, y = scaler.fit_transform(rows["train"]), rows["train_labels"]
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            *(keras.layers.Dense(units, activation="relu") for units in hidden),
            keras.layers.Dense(int(y.max()) + 1, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
    start = time.perf_counter()
    model.fit(x, y, shuffle=True, verbose=0, **fit)
    seconds = time.perf_counter() - start
    found = model.predict(scaler.transform(rows["test"]), verbose=0).argmax(axis=1)
    return {"seconds": seconds, "found": found, "parameters": model.count_params()}


def mlp(rows: dict[str, Any], seed: int, epochs: int) -> dict[str, Any]:
    """scikit-learn's network as it comes, on standardised columns."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are its default
    model = MLPClassifier(random_state=seed, max_iter=epochs)
    return by_sklearn(rows, make_pipeline(StandardScaler(), model))


def boosting(rows: dict[str, Any], seed: int, epochs: int) -> dict[str, Any]:
    """scikit-learn's gradient boosting as it comes."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return by_sklearn(rows, HistGradientBoostingClassifier(random_state=seed, max_iter=epochs))


def by_sklearn(rows: dict[str, Any], model: Any) -> dict[str, Any]:
    start = time.perf_counter()
    model.fit(rows["train"], rows["train_labels"])
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "found": model.predict(rows["test"]), "parameters": None}


def read(train: Path, test: Path, target: str) -> dict[str, Any]:
    """Both files as arrays: numbers, and 0 or 1 for each value of a text; labels by number."""
    frames = [
        pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
        for path in (train, test)
    ]
    both = pl.concat(frames)
    labels = both[target].cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
    both = both.drop(target)
    texts = [name for name, kind in both.schema.items() if kind == pl.String]
    numbers = (both.to_dummies(texts) if texts else both).to_numpy().astype(np.float32)
    n = len(frames[0])
    return {
        **{"train": numbers[:n], "train_labels": labels[:n]},
        **{"test": numbers[n:], "test_labels": labels[n:]},
    }


PEERS = {
    "tutorial": (tutorial, 30),
    "keras": (keras, 100),
    "mlp": (mlp, 200),
    "boosting": (boosting, 100),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="or iterations, other than usual")
    given = parser.parse_args()
    train, epochs = PEERS[given.peer]
    rows = read(given.train, given.test, given.target)
    answer = train(rows, given.seed, given.epochs or epochs)
    answer["right"] = (answer.pop("found") == rows["test_labels"]).tolist()
    print(json.dumps(answer))
