"""What is said of a finished classifier that other samples judge, photos or rows."""

import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import Threshold
from headstart.data import duplicates
from headstart.data.labelled import Divided
from headstart.evaluation import abstention
from headstart.evaluation.trust import Answers
from headstart.events import Listener, Notice
from headstart.findings import Finding
from headstart.record.common import versions
from headstart.run import SPLIT, Run
from headstart.store.files import printable, sha256_of_file


@dataclass(frozen=True)
class Judged:
    """A classifier judged.

    Attributes:
        metrics: the document of `evaluate`, but for the seconds.
        data: the samples, all of them of the test.
        told: of rows, what `columns.json` says.
    """

    metrics: dict[str, Any]
    data: Divided
    answers: Answers
    findings: list[Finding]
    told: dict[str, Any] | None = None


def described(
    model: str | Path,
    classifier: Classifier,
    data: Divided,
    answers: Answers,
    findings: list[Finding],
    far: NDArray[np.float32] | None = None,
    *,
    known: bool,
) -> dict[str, Any]:
    """What the document of `evaluate` says whatever was judged.

    Args:
        known: whether it is known what the classifier was trained on.
        far: float32 (n,), the distances from the training samples, where they are looked at.
    """
    samples, manifest = data.samples, classifier.manifest
    return {
        "format": 1,
        "kind": "evaluation",
        "task": manifest.task,
        "model": printable(os.path.abspath(model)),
        "source": Path(samples.source).name,
        "classes": list(classifier.classes),
        "samples": {"test": len(samples)},
        "left_out": sum(item.count for item in samples.left_out),
        "left_out_files": [asdict(item) for item in samples.left_out],
        "ignored": samples.ignored,
        "trained_on": sum(len(f.samples) for f in findings if f.kind == "trained-on"),
        "trained_on_known": known,
        "engine": "openvino",
        "precision": manifest.precision,
        "parameters": manifest.parameters,
        "trainable_parameters": manifest.trainable_parameters,
        "test": answers.scores(classifier.classes),
        "abstention": _abstention(manifest.threshold, answers, far),
        "baselines": {"majority": float(np.bincount(samples.numbers).max() / len(samples))},
        "versions": versions(),
    }


def _abstention(
    threshold: Threshold | None, answers: Answers, far: NDArray[np.float32] | None
) -> dict[str, Any] | None:
    """What the classifier leaves unanswered of these samples."""
    if threshold is None:
        return None
    least, most = threshold.probability, threshold.distance
    right = answers.predicted == answers.labels
    brought = abstention.answering(right, answers.p_predicted, far, least, most)
    return abstention.described(threshold.wanted, least, most) | {"sets": {"test": brought}}


def find(data: Divided, trained_on: Collection[str] | None, listen: Listener) -> list[Finding]:
    """What makes one doubt the figures.

    Args:
        trained_on: SHA-256 of the samples that the classifier was trained on; None: not known.
    """
    samples = data.samples
    findings = duplicates.copies(data, made=False)
    named = zip(samples.names, samples.keys, strict=True)
    seen = [name for name, key in named if key in (trained_on or ())]
    if seen:
        why = (
            f"{len(seen):,} of these {samples.noun}s {'was' if len(seen) == 1 else 'were'} trained "
            "on: the figures are better than they should be."
        )
        listen(Notice(why))
        mend = f"Judge it by {samples.noun}s that it has not seen."
        findings.append(
            Finding("trained-on", "warning", tuple((name,) for name in seen), why, mend)
        )
    return findings


def trained_on(model: Path, classifier: Classifier) -> set[str] | None:
    """SHA-256 of the samples trained on; None: of a bundle away from its run it is not known."""
    folder = model if model.is_dir() else model.parent
    split_file = folder / SPLIT
    known = classifier.manifest.split_sha256
    if not split_file.is_file() or sha256_of_file(split_file) != known:
        return None
    return {row["sha256"] for row in Run(folder).split if row["split"] == "train"}
