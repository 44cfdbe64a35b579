"""The order of the work: from labelled photos to an evaluated, saved classifier."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import BUNDLE
from headstart.bundle.manifest import BackboneRef, HeadRef, ImageInput, Manifest
from headstart.bundle.save import save
from headstart.clock import Clock
from headstart.data import duplicates, split
from headstart.data.pixels import DECODE_VERSION, Unreadable, read_image
from headstart.data.samples import Sample
from headstart.dataset import Data, Network, list_photos, load_network, look_at, scan_with
from headstart.errors import HeadstartError, InputError, SourceError
from headstart.evaluation.trust import Answers, majority_accuracy, scores
from headstart.events import Listener, Notice, nobody
from headstart.features import content
from headstart.findings import Finding, LeftOut
from headstart.options import Layout, TrainOptions, options_from
from headstart.report import plots
from headstart.report.page import render
from headstart.report.words import judged, number
from headstart.run import MATRIX, REPORT, SPLIT, Run, new_folder, write_data, write_metrics
from headstart.store.files import printable, sha256_of_file, write_text
from headstart.training.head import (
    Head,
    Problem,
    balanced_weights,
    cross_validate,
    select,
    select_by_folds,
)

FOLDS = 5
_PROOF_PHOTOS = 64
_ANY = Layout()
_SETS = ("train", "validation", "test", "cross_validation")
_FIGURES = ("accuracy", "accuracy_interval", "loss", "macro_f1", "calibration_error")


def train(
    source: str | Path,
    out: str | Path | None = None,
    *,
    force: bool = False,
    listen: Listener = nobody,
    **options: Any,
) -> Run:
    """Train a classifier on labelled photos, evaluate it, and save it.

    Args:
        source: a folder, zip, CSV or Parquet file of photos.
        out: the run folder to make (default: the next free `runs/NAME-N`).
        force: replace the run that is there.
        listen: is told of progress and notices.
        options: the fields of `options.TrainOptions`.

    Raises:
        HeadstartError: what is wrong, where, and how to mend it.
    """
    return train_with(options_from(TrainOptions, options), source, out, force=force, listen=listen)


def train_with(
    options: TrainOptions,
    source: str | Path,
    out: str | Path | None = None,
    *,
    force: bool = False,
    listen: Listener = nobody,
) -> Run:
    """`train`, with the options in one piece."""
    clock = Clock()
    with new_folder(Path(source), out, force=force) as folder:
        with clock("scan"):
            photos = list_photos(source, options)
            split.check(photos.samples, options)
        with clock("features"):
            network = load_network(options, photos.samples, photos.keys, listen)
            data = look_at(photos, network, listen)
        with clock("train"):
            sides = split.divide(data.photos.samples, data.clusters, data.photos.keys, options)
            head, answers = fit_head(data, sides, options)
        with clock("evaluate"):
            # While the bundle is proved in threads outside Python, Python can import.
            Thread(target=plots.prepare, daemon=True).start()
            metrics = describe(data, sides, head, answers, network, options)
            findings = find(data, sides, answers, listen)
            write_data(folder, data, sides, answers, findings, options)
            save_bundle(folder, data, sides, head, network, metrics)
        write_metrics(folder, {**metrics, "seconds": clock.seconds()})
        write_report(folder, data.photos.samples)
    return Run(folder)


def fit_head(
    data: Data, sides: NDArray[np.str_], options: TrainOptions
) -> tuple[Head, list[Answers]]:
    """A head fitted to the training samples, its penalty chosen on samples kept from it.

    Those are the validation samples, or, where there are none, the training samples in turn.
    Cross-validation is part of the answers only if there is no test set to judge by.

    Raises:
        SourceError: there is nothing to judge by.
    """
    n_classes = len(data.photos.classes)
    balanced = options.class_weight == "balanced"
    number = {side: np.flatnonzero(sides == side) for side in split.SIDES}
    train, validation = number["train"], number["validation"]
    x, y = data.features[train], data.labels[train]
    crossed = []
    if len(validation):
        weight = balanced_weights(y, n_classes) if balanced else None
        problem = Problem(x, y, n_classes, weight)
        head = select(problem, data.features[validation], data.labels[validation])
    else:
        keys = [data.photos.keys[i] for i in train]
        labels = [data.photos.samples[i].label for i in train]
        fold = split.folds(labels, data.clusters[train], keys, FOLDS, options.seed)
        head = select_by_folds(x, y, fold, n_classes, balanced=balanced)
        if not len(number["test"]):
            kept_out = cross_validate(x, y, fold, n_classes, balanced=balanced)
            scored = fold >= 0
            if not scored.any():
                raise SourceError(
                    "No class has two different photos: nothing could be judged.",
                    where=printable(data.photos.source),
                    mend="Give every class several photos.",
                )
            crossed = [Answers("cross-validation", train[scored], kept_out[scored])]
    answers = [
        Answers(side, samples, head.probabilities(data.features[samples]))
        for side, samples in number.items()
        if len(samples)
    ]
    return head, [*answers, *crossed]


def find(
    data: Data, sides: NDArray[np.str_], answers: list[Answers], listen: Listener
) -> list[Finding]:
    """What the data makes one doubt; warnings are told at once."""
    names = [sample.name for sample in data.photos.samples]
    labels = [sample.label for sample in data.photos.samples]
    findings = duplicates.copies(names, labels, sides.tolist(), data.clusters)
    last = answers[-1]
    judged = set(data.labels[last.samples].tolist())
    rare = [label for j, label in enumerate(data.photos.classes) if j not in judged]
    if rare:
        findings.append(
            Finding(
                "not-scored",
                "warning",
                tuple((label,) for label in rare),
                "These classes have so few photos that all of them were trained on: nothing "
                "says how well they are recognised.",
                "Add photos to them.",
            )
        )
    for finding in findings:
        if finding.level == "warning":
            listen(Notice(f"{finding.why} {finding.mend} ({len(finding.samples)} in the report)"))
    return findings


def describe(
    data: Data,
    sides: NDArray[np.str_],
    head: Head,
    answers: list[Answers],
    network: Network,
    options: TrainOptions,
) -> dict[str, Any]:
    """The content of `metrics.json`, but for the seconds."""
    judged = {
        each.name.replace("-", "_"): scores(
            data.labels[each.samples], each.probabilities, data.photos.classes
        )
        for each in answers
    }
    last = answers[-1]  # the set that is judged by: test, or what comes nearest to it
    majority = majority_accuracy(data.labels[sides == "train"], data.labels[last.samples])
    trained = head.weights.size + head.bias.size
    return {
        "format": 1,
        "task": "image",
        "source": Path(data.photos.source).name,
        "classes": list(data.photos.classes),
        "samples": {side: int((sides == side).sum()) for side in split.SIDES},
        "left_out": len(data.photos.left_out),
        "ignored": data.photos.ignored,
        "backbone": network.backbone.name,
        "weights": network.weights.digest,
        "size": network.size,
        "resize": options.resize,
        "engine": network.engine.name,
        "precision": network.engine.precision,
        "agreement": asdict(network.agreement) if network.agreement else None,
        "head": {"kind": "logistic", "strength": head.strength},
        "parameters": network.backbone.parameters + trained,
        "trainable_parameters": trained,
        **{name: judged.get(name) for name in _SETS},
        "baselines": {"majority": majority},
        "selected_on": "validation" if "validation" in judged else "cross-validation",
        "versions": versions(),
        "seed": options.seed,
    }


def save_bundle(
    folder: Path,
    data: Data,
    sides: NDArray[np.str_],
    head: Head,
    network: Network,
    metrics: dict[str, Any],
) -> None:
    """Save the classifier, proved on photos kept from training where there are any."""
    kept = np.flatnonzero(sides == "validation")
    kept = kept if len(kept) else np.flatnonzero(sides == "train")
    proof = kept[:: -(-len(kept) // _PROOF_PHOTOS)]  # from all over the list, so of every class
    backbone, size = network.backbone, network.size
    manifest = Manifest(
        task="image",
        classes=data.photos.classes,
        image=ImageInput(size=size, resize=network.resize, decode_version=DECODE_VERSION),
        backbone=BackboneRef(
            name=backbone.name,
            weights=network.weights.digest,
            features=backbone.features,
            size=size,
        ),
        precision=network.engine.precision,
        head=HeadRef(kind="logistic", l2=head.strength),
        temperature=None,
        threshold=None,
        metrics={
            name: {key: value for key, value in metrics[name].items() if key in _FIGURES}
            for name in _SETS
            if metrics[name]
        },
        split_sha256=sha256_of_file(folder / SPLIT),
        versions=metrics["versions"],
    )
    samples, keys = data.photos.samples, data.photos.keys
    try:
        save(
            folder / BUNDLE,
            manifest,
            network.graph,
            head,
            proof_files=[samples[i].path for i in proof],
            proof=head.probabilities(data.features[proof]),
            features=data.features,
        )
    except HeadstartError:
        for i in proof:  # a photo that has changed meanwhile is no fault of the bundle's
            content(samples[i], keys[i])
        raise


def write_report(folder: Path, samples: Sequence[Sample]) -> None:
    """Write the page and the picture of the confusion matrix, from the files of a run.

    Args:
        samples: where the photos lie; those that have changed since are not shown.
    """
    run = Run.open(folder)
    place = {sample.name: sample.path for sample in samples}
    key = {row["sample"]: row["sha256"] for row in run.split}

    def photo(name: str) -> bytes | None:
        try:
            data = read_image(place[name])
        except (KeyError, Unreadable):
            return None
        return data if sha256(data).hexdigest() == key.get(name) else None

    write_text(folder / REPORT, render(folder, photo))
    scores = judged(run.metrics)[1]
    plots.save_confusion_matrix(scores["confusion_matrix"], run.metrics["classes"], folder / MATRIX)


def report(folder: str | Path) -> Path:
    """Write the page of a finished run again, with the photos that are still where they were.

    Returns:
        Where the page is.
    """
    run = Run.open(folder)
    options = options_from(TrainOptions, run.options["options"])
    try:
        samples = scan_with(run.options["source"], options).items
    except InputError:  # the photos are gone; the figures are not
        samples = ()
    write_report(run.folder, samples)
    return run.report()


def evaluate(
    model: str | Path, source: str | Path, layout: Layout = _ANY, listen: Listener = nobody
) -> dict[str, Any]:
    """Judge a classifier by other photos whose labels are known.

    Args:
        model: a bundle or a run folder.
        source: labelled photos, in any layout that `train` takes.
        layout: how the source is to be read.

    Returns:
        A document like `metrics.json` whose scores stand under `test`. `trained_on` counts the
        photos that the classifier was trained on, where its run folder tells, and
        `left_out_files` names what took no part.

    Raises:
        SourceError: no photo can be read, or a label is none of the classes.
    """
    classifier = Classifier.open(model)
    photos = list_photos(source, layout)
    labels = [sample.label for sample in photos.samples]
    classifier.check_labels(labels)
    answers, faults = classifier.try_predict([sample.path for sample in photos.samples])
    good = [i for i in range(len(labels)) if i not in faults]
    if not good:
        raise SourceError("No photo in it can be read.", where=str(source), mend="Give others.")
    unreadable = [LeftOut(photos.samples[i].name, why) for i, why in faults.items()]
    left_out = [*photos.left_out, *unreadable]
    if left_out:
        first = left_out[0]
        listen(
            Notice(
                f"{number(len(left_out), 'file')} left out, such as {first.name}: {first.reason}. "
                "--json names all of them."
            )
        )
    trained_on = _trained_on(Path(model), classifier)
    trained = sum(photos.keys[i] in trained_on for i in good)
    if trained:
        listen(
            Notice(
                f"{trained:,} of these photos {'was' if trained == 1 else 'were'} trained on: the "
                "figures are better than they should be."
            )
        )
    true = np.array([classifier.classes.index(labels[i]) for i in good])
    return {
        "format": 1,
        "task": "image",
        "source": Path(photos.source).name,
        "classes": list(classifier.classes),
        "samples": {"test": len(good)},
        "left_out": len(left_out),
        "left_out_files": [asdict(item) for item in left_out],
        "trained_on": trained,
        "test": scores(true, answers[good], classifier.classes),
        "baselines": {"majority": float(np.bincount(true).max() / len(true))},
        "versions": versions(),
    }


def _trained_on(model: Path, classifier: Classifier) -> set[str]:
    """SHA-256 of the photos trained on; of a bundle away from its run nothing is known."""
    folder = model if model.is_dir() else model.parent
    split_file = folder / SPLIT
    known = classifier.manifest.split_sha256
    if not split_file.is_file() or sha256_of_file(split_file) != known:
        return set()
    return {row["sha256"] for row in Run(folder).split if row["split"] == "train"}


def versions() -> dict[str, str]:
    """What made the numbers."""
    packages = ("headstart", "numpy", "pillow", "openvino")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
