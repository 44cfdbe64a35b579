"""A run folder for the tests of pages, written as `train` writes it."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression

from headstart.evaluation.trust import majority_accuracy, scores
from headstart.findings import Finding, LeftOut, findings_document
from headstart.options import TrainOptions
from headstart.run import PREDICTED
from headstart.store.files import sha256_of_file, write_json, write_text


@dataclass
class MadeRun:
    """A run folder on labelled photos, written as `train` writes it.

    Attributes:
        folder: the run.
        source: the folder of the photos.
        names: the photos, paths below `source`.
        labels: class of each.
        splits: side of each.
        probabilities: float (n, k), of each photo.
    """

    folder: Path
    source: Path
    names: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str]
    probabilities: np.ndarray[Any, Any]
    classes: Sequence[str]
    findings: Sequence[Finding] = ()
    left_out: Sequence[LeftOut] = ()
    ignored: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def photo(self, name: str) -> bytes | None:
        """The bytes of a photo, None where it is gone."""
        path = self.source / name
        return path.read_bytes() if path.is_file() else None

    def write(self) -> "MadeRun":
        """Write every file of the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(
            self.folder / "options.json",
            {
                "format": 1,
                "source": str(self.source),
                "options": TrainOptions(**self.options).model_dump(mode="json"),
            },
        )
        found = findings_document(list(self.findings), list(self.left_out))
        write_json(self.folder / "findings.json", found)
        write_json(self.folder / "metrics.json", self.metrics())
        self._write_split()
        self._write_predictions()
        return self

    def metrics(self) -> dict[str, Any]:
        """The document of `metrics.json`."""
        options = TrainOptions(**self.options)
        crossed = "cross-validation" in self.splits
        sets: dict[str, Any] = {
            key: self._scores(side)
            for key, side in (
                ("train", "train"),
                ("validation", "validation"),
                ("test", "test"),
                ("cross_validation", "cross-validation"),
            )
        }
        if crossed:
            sets["train"] = self._scores("cross-validation")
        judged = self._of("test") or self._of("cross-validation") or self._of("validation")
        learned = self._of("cross-validation" if crossed else "train")
        return {
            "format": 1,
            "kind": "training",
            "task": "image",
            "source": self.source.name,
            "classes": list(self.classes),
            "samples": {s: len(self._of(s)) for s in ("train", "validation", "test")},
            "backbone": "efficientnet-lite0",
            "engine": "openvino",
            "precision": "bfloat16",
            "agreement": {"cosine": 0.99998, "needed": 0.99, "photos": 32},
            "left_out": len(self.left_out),
            "ignored": self.ignored,
            "size": options.size or 224,
            "resize": options.resize,
            "parameters": 3_413_024 + 1281 * len(self.classes),
            "trainable_parameters": 1281 * len(self.classes),
            "head": {"kind": "logistic", "strength": 0.001},
            **sets,
            "baselines": {
                "majority": majority_accuracy(self._numbers(learned), self._numbers(judged))
                if judged
                else 0.5
            },
            "selected_on": "cross-validation" if crossed else "validation",
            "seconds": {
                "scan": 0.021,
                "features": 3.94,
                "train": 0.31,
                "evaluate": 0.02,
                "total": 4.87,
            },
            "made": {"at": "2026-11-29T03:55:57+00:00", "processor": "AMD EPYC", "cores": 2},
            "versions": {"headstart": "0.1.0", "openvino": "2026.4.1", "pillow": "13.0.0"},
            "seed": 0,
        }

    def _of(self, split: str) -> list[int]:
        return [i for i, side in enumerate(self.splits) if side == split]

    def _numbers(self, samples: Sequence[int]) -> np.ndarray[Any, Any]:
        return np.array([list(self.classes).index(self.labels[i]) for i in samples], np.int64)

    def _scores(self, split: str) -> dict[str, Any] | None:
        samples = self._of(split)
        if not samples:
            return None
        return scores(self._numbers(samples), self.probabilities[samples], self.classes)

    def _write_split(self) -> None:
        rows = [
            (name, label, "train" if side == "cross-validation" else side, i, self._key(name))
            for i, (name, label, side) in enumerate(
                zip(self.names, self.labels, self.splits, strict=True)
            )
        ]
        header = ("sample", "label", "split", "cluster", "sha256")
        self._write_csv("split.csv", header, sorted(rows))

    def _write_predictions(self) -> None:
        rows = [
            (
                self.names[i],
                side,
                self.labels[i],
                self.classes[int(self.probabilities[i].argmax())],
                f"{self.probabilities[i][self.classes.index(self.labels[i])]:.6f}",
                f"{self.probabilities[i].max():.6f}",
                *(f"{p:.6f}" for p in self.probabilities[i]),
            )
            for i, side in enumerate(self.splits)
            if side not in ("train", "unused")
        ]
        header = (*PREDICTED, *(f"p:{c}" for c in self.classes))
        self._write_csv("predictions.csv", header, rows)

    def _write_csv(self, name: str, header: Sequence[str], rows: Sequence[Any]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        write_text(self.folder / name, text.getvalue())

    def _key(self, name: str) -> str:
        path = self.source / name
        return sha256_of_file(path) if path.is_file() else ""


def pixel_probabilities(
    features: np.ndarray[Any, Any],
    labels: Sequence[str],
    splits: Sequence[str],
    classes: Sequence[str],
) -> np.ndarray[Any, Any]:
    """float64 (n, k) of a logistic regression on raw pixels, trained on the training photos."""
    numbers = np.array([list(classes).index(label) for label in labels])
    train = np.array(splits) == "train"
    if not train.any():
        train[:] = True
    model = LogisticRegression(C=0.01, max_iter=200).fit(features[train], numbers[train])
    probabilities = np.zeros((len(labels), len(classes)))
    probabilities[:, model.classes_] = model.predict_proba(features)
    return probabilities


def load_pixels(path: Path, side: int) -> np.ndarray[Any, Any]:
    """float64 (side · side · 3,), 0 to 1."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((side, side)), np.float64).ravel() / 255


def dealt(n: int) -> list[str]:
    """A side for each of n samples: of every ten, seven train, one chooses, two judge."""
    sides = ["train"] * 5 + ["validation", "train", "test", "train", "test"]
    return [sides[i % 10] for i in range(n)]
