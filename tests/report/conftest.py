"""Run folders for the report, made from real photos and a real classifier on their pixels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_run import MadeRun, dealt, pixel_probabilities
from PIL import Image
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    """400 of scikit-learn's handwritten digits as PNG files, classified; not yet written."""
    folder = tmp_path_factory.mktemp("photos") / "digits"
    data = load_digits()
    images, target = data.images[:400], data.target[:400]
    names = []
    for i, (image, label) in enumerate(zip(images, target, strict=True)):
        names.append(f"{label}/{i:04}.png")
        path = folder / names[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).resize((48, 64)).save(path)
    labels, splits, classes = [str(label) for label in target], dealt(400), list("0123456789")
    features = images.reshape(400, -1) / 16
    return MadeRun(
        folder=Path("not", "written"),
        source=folder,
        names=names,
        labels=labels,
        splits=splits,
        probabilities=pixel_probabilities(features, labels, splits, classes),
        classes=classes,
    )


@pytest.fixture
def digits_run(digits: MadeRun, tmp_path: Path) -> Callable[..., MadeRun]:
    """Writes a run on the digits of some classes; keywords replace fields of `MadeRun`."""

    def make(of: str = "0123456789", **fields: Any) -> MadeRun:
        kept = [i for i, label in enumerate(digits.labels) if label in of]
        probabilities = digits.probabilities[np.ix_(kept, [int(label) for label in of])]
        run = replace(
            digits,
            folder=tmp_path / "runs" / "digits-1",
            names=[digits.names[i] for i in kept],
            labels=[digits.labels[i] for i in kept],
            splits=[digits.splits[i] for i in kept],
            probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
            classes=list(of),
        )
        return replace(run, **fields).write()

    return make
