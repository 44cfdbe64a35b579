"""What a run on rows says of itself, and the classifier that it saves."""

from pathlib import Path
from typing import Any

import numpy as np

from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import BUNDLE
from headstart.bundle.manifest import ColumnsInput, Dense, Manifest
from headstart.bundle.save import write_proved
from headstart.evaluation.rivals import compared
from headstart.evaluation.trust import Answers
from headstart.options import TrainOptions
from headstart.outcome import Columnar
from headstart.record.common import described, manifest_fields
from headstart.tabular import Data


def describe(
    data: Data, outcome: Columnar, others: dict[str, Answers], options: TrainOptions
) -> dict[str, Any]:
    """The content of `metrics.json`, but for the seconds.

    Args:
        others: what baselines say of the rows that are judged, by name.
    """
    metrics = described(data, outcome, options, "table")
    comparisons = compared(outcome.answers[-1], others)
    figures = {name: found["accuracy"] for name, found in comparisons.items()}
    return metrics | {
        "baselines": metrics["baselines"] | figures,
        "comparisons": comparisons,
        "target": data.samples.target,
        "columns": len(data.columns),
        "selected_on": _selected_on(outcome),
        "hidden": list(outcome.shape.hidden),
    }


def _selected_on(outcome: Columnar) -> str | None:
    """What chose the epoch; in a cross-validation nothing does, each trains to its end."""
    training = outcome.training
    validated = any(each.name == "validation" for each in outcome.answers)
    chose = training and (training["recipe"]["keep_best"] or training["recipe"]["patience"])
    return "validation" if validated and chose else None


def save_bundle(folder: Path, data: Data, outcome: Columnar, metrics: dict[str, Any]) -> None:
    """Save the classifier, proved on rows kept from training where there are any."""
    kept = data.on("validation")
    kept = kept if len(kept) else data.on("train")
    tuned = outcome.tuned
    manifest = Manifest(
        task="table",
        input=ColumnsInput(target=data.samples.target, columns=tuple(data.columns)),
        network=Dense(
            hidden=outcome.shape.hidden,
            optimizer=tuned.optimizer,
            dropout=tuned.dropout,
            label_smoothing=tuned.label_smoothing,
        ),
        **manifest_fields(folder, data, outcome, metrics),
    )

    def difference(saved: Classifier) -> float:
        found = saved.predict_proba(data.samples.frame[kept])
        return float(np.abs(found - outcome.probabilities(kept)).max())

    graph = outcome.graph()
    write_proved(folder / BUNDLE, manifest, graph, tuned.tensors, tuned.state, difference)
