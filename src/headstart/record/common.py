"""What a run says of itself, whatever it was trained on: figures, findings, manifest."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from headstart.backbone.engine import processor
from headstart.bundle.manifest import Figures, Threshold
from headstart.data import split
from headstart.data.balance import imbalance
from headstart.data.evenness import evenness
from headstart.data.labelled import Divided
from headstart.evaluation.abstention import NEAREST
from headstart.evaluation.trust import Answers, majority_accuracy
from headstart.events import Listener, Notice
from headstart.findings import Finding
from headstart.options import TrainOptions
from headstart.outcome import Outcome
from headstart.parallel import cores
from headstart.run import SPLIT
from headstart.sets import JUDGED, SIDES
from headstart.store.files import printable, sha256_of_file

_NAMED = 3


def find(
    data: Divided,
    answers: list[Answers],
    options: TrainOptions,
    listen: Listener,
    more: Sequence[Finding],
) -> list[Finding]:
    """What the data makes one doubt; warnings are told at once.

    Args:
        more: what was found that tells of photos or of rows alone.
    """
    findings = [*more, *imbalance(data)]
    last = answers[-1]
    judged = set(data.labels[last.samples].tolist())
    unjudged = [label for j, label in enumerate(data.classes) if j not in judged]
    if unjudged:
        findings.append(split.not_scored(unjudged, last.name, data.samples, options))
    for finding in findings:
        if finding.level == "warning":
            listen(Notice(f"{finding.why} {finding.mend} ({_named(finding)})"))
    return findings


def _named(finding: Finding) -> str:
    """What a finding is about: up to three columns or other single samples by their names."""
    if len(finding.samples) <= _NAMED and all(len(group) == 1 for group in finding.samples):
        return "; ".join(printable(name) for (name,) in finding.samples)
    return f"{len(finding.samples)} in the report"


def described(data: Divided, outcome: Outcome, options: TrainOptions, task: str) -> dict[str, Any]:
    """The content of `metrics.json` that all tasks share, but for the seconds."""
    classes, answers = data.classes, outcome.answers
    judged = {each.name.replace("-", "_"): each.scores(classes) for each in answers}
    last = answers[-1]  # the set that is judged by: test, or what comes nearest to it
    majority = majority_accuracy(data.labels[data.on("train")], data.labels[last.samples])
    return {
        "format": 1,
        "kind": "training",
        "task": task,
        "source": Path(data.samples.source).name,
        "classes": list(classes),
        "samples": {side: len(data.on(side)) for side in SIDES},
        "left_out": sum(item.count for item in data.samples.left_out),
        "ignored": data.samples.ignored,
        "engine": outcome.engine,
        "precision": outcome.precision,
        "training": outcome.training,
        "parameters": outcome.parameters,
        "trainable_parameters": outcome.trained,
        **{name: judged.get(name) for name in reversed(JUDGED)},
        "division": evenness(data),
        "leaks": _leaks(data, last),
        "baselines": {"majority": majority},
        "calibration": outcome.calibration.record() if outcome.calibration else None,
        "abstention": outcome.abstention.record() if outcome.abstention else None,
        "selected_on": _selected_on(outcome),
        "versions": versions() | (_of_training() if outcome.training else {}),
        "seed": options.seed,
    }


def _leaks(data: Divided, judged: Answers) -> dict[str, Any] | None:
    """How many of the judged samples belong together with one that trained, and the figures
    without them; None: there is none, or all were judged in turn.
    """
    leaked = data.leaked[judged.samples]
    if judged.name == "cross-validation" or not leaked.any():
        return None
    rest = judged.where(~leaked).scores(data.classes) if not leaked.all() else None
    return {"samples": int(leaked.sum()), "without": rest}


def _selected_on(outcome: Outcome) -> str | None:
    """What chose among epochs, strengths or networks; None: there was no choice."""
    training = outcome.training
    if training and training["used"] and not training["candidates"]:
        recipe = training["recipe"]
        if not recipe["keep_best"] and not recipe["patience"]:
            return None
    validated = any(each.name == "validation" for each in outcome.answers)
    return "validation" if validated else "cross-validation"


def manifest_fields(
    folder: Path, data: Divided, outcome: Outcome, metrics: dict[str, Any]
) -> dict[str, Any]:
    """What the manifests of all classifiers say."""
    return {
        "classes": data.classes,
        "precision": outcome.precision,
        "parameters": outcome.parameters,
        "trainable_parameters": outcome.trained,
        "temperature": outcome.calibration.temperature if outcome.calibration else None,
        "threshold": _threshold(outcome),
        "metrics": {name: Figures.of(metrics[name]) for name in reversed(JUDGED) if metrics[name]},
        "split_sha256": sha256_of_file(folder / SPLIT),
        "versions": metrics["versions"],
    }


def _threshold(outcome: Outcome) -> Threshold | None:
    """What the manifest says of it."""
    found = outcome.abstention
    if found is None:
        return None
    near = found.reference is not None
    return Threshold(
        wanted=found.wanted,
        probability=found.enough.probability,
        distance=found.distance,
        nearest=NEAREST if near else None,
        references=None if found.reference is None else len(found.reference),
    )


def made() -> dict[str, Any]:
    """When, and on what: seconds say little without."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"at": now, "processor": processor(), "cores": cores()}


def versions() -> dict[str, str]:
    """What made the numbers."""
    packages = ("headstart", "numpy", "pillow", "openvino")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def _of_training() -> dict[str, str]:
    """What trained by gradient."""
    from headstart.training.tail import Tail

    return Tail.versions()
