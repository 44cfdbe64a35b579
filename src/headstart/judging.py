"""A finished classifier judged by other photos: figures, and the page on them."""

import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import locate
from headstart.clock import Clock
from headstart.data import duplicates
from headstart.data.labelled import Divided
from headstart.dataset import Photos, list_photos
from headstart.errors import OptionError, OutputError, SourceError
from headstart.evaluation.trust import Answers, answered
from headstart.events import Listener, Notice, nobody
from headstart.findings import Finding, LeftOut
from headstart.options import Layout, TrainOptions, options_from
from headstart.pipeline import write_page
from headstart.record import versions
from headstart.report.words import number
from headstart.run import SPLIT, Run, write_data, write_metrics
from headstart.store.files import printable, sha256_of_file
from headstart.workplace import new_run

_ANY = Layout()


def evaluate(
    model: str | Path,
    source: str | Path,
    layout: Layout = _ANY,
    listen: Listener = nobody,
    *,
    out: str | Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Judge a classifier by other photos whose labels are known.

    Args:
        model: a bundle or a run folder.
        source: labelled photos, in any layout that `train` takes.
        layout: how the source is to be read.
        out: a folder to make, with the page, and figures and answers as `train` leaves them.
        force: replace the run that is there.

    Returns:
        A document like `metrics.json` whose scores stand under `test`. `trained_on` counts the
        photos that the classifier was trained on, where its run folder tells, and
        `left_out_files` names what took no part.

    Raises:
        SourceError: no photo can be read, or a label is none of the classes.
        OutputError: the folder is taken, or cannot be written.
    """
    classifier = Classifier.open(model)
    if classifier.manifest.task == "table":
        return _judged_by_rows(model, classifier, Path(source), layout, listen, out)
    if out is None:
        return _judged(model, classifier, source, layout, listen)[0]
    if locate(model).resolve().is_relative_to(Path(os.path.realpath(out))):
        raise OutputError(
            "holds the classifier that is judged.",
            where=printable(str(out)),
            mend="Name another folder with --out.",
        )
    with new_run(Path(source), out, force=force) as place:
        metrics, photos, answers, findings = _judged(model, classifier, source, layout, listen)
        options = options_from(TrainOptions, layout.model_dump())
        write_data(place.folder, _undivided(photos), [answers], findings, options)
        write_metrics(place.folder, metrics)
    write_page(place.run, photos.files, listen)
    return metrics


def _judged(
    model: str | Path, classifier: Classifier, source: str | Path, layout: Layout, listen: Listener
) -> tuple[dict[str, Any], Photos, Answers, list[Finding]]:
    """The document of `evaluate`, and what it was made from."""
    clock = Clock()
    with clock("scan"):
        photos = list_photos(source, layout, listen)
        classifier.check_labels(photos.labels)
    with clock("evaluate"):
        paths = [file.path for file in photos.files]
        probabilities, faults = classifier.try_predict(paths)
    good = [i for i in range(len(paths)) if i not in faults]
    if not good:
        raise SourceError("No photo in it can be read.", where=str(source), mend="Give others.")
    # Unlike in training a class may be without photos.
    photos = replace(photos.but(faults), classes=classifier.classes)
    _tell_left_out(photos.left_out, listen)
    answers = answered("test", np.arange(len(good)), photos.numbers, [probabilities[good]])
    findings = _findings(photos, _trained_on(Path(model), classifier), listen)
    known = sum(len(f.samples) for f in findings if f.kind == "trained-on")
    manifest = classifier.manifest
    metrics = {
        "format": 1,
        "kind": "evaluation",
        "task": "image",
        "model": printable(os.path.abspath(model)),
        "source": Path(photos.source).name,
        "classes": list(classifier.classes),
        "samples": {"test": len(good)},
        "left_out": len(photos.left_out),
        "left_out_files": [asdict(item) for item in photos.left_out],
        "ignored": photos.ignored,
        "trained_on": known,
        "backbone": manifest.network.name,
        "size": manifest.image.size,
        "resize": manifest.image.resize,
        "engine": "openvino",
        "precision": manifest.precision,
        "parameters": manifest.parameters,
        "trainable_parameters": manifest.trainable_parameters,
        "test": answers.scores(classifier.classes),
        "baselines": {"majority": float(np.bincount(photos.numbers).max() / len(good))},
        "versions": versions(),
        "seconds": clock.seconds(),
    }
    return metrics, photos, answers, findings


def _judged_by_rows(
    model: str | Path,
    classifier: Classifier,
    source: Path,
    layout: Layout,
    listen: Listener,
    out: str | Path | None,
) -> dict[str, Any]:
    """`evaluate` of a classifier of rows."""
    from headstart.data import table  # polars takes 0.15 s
    from headstart.tabular import differ, of_table

    if out is not None:
        raise OptionError(
            "A page on a table's figures is not made yet.", where="--out", mend="Leave it out."
        )
    clock, manifest = Clock(), classifier.manifest
    with clock("scan"):
        found = table.read(source, layout.encoding, layout.most_rows)
        target = layout.target or manifest.table.target
        samples = of_table(found, target, drop_unlabelled=layout.drop_unlabelled, judged=True)
        classifier.check_labels(samples.labels)
        samples = replace(samples, classes=classifier.classes)
    with clock("evaluate"):
        probabilities = classifier.of_rows(samples.frame, listen)
    answers = answered("test", np.arange(len(samples)), samples.numbers, [probabilities])
    seen = _trained_on(Path(model), classifier) if differ(samples) else set()
    known = sum(key in seen for key in samples.keys)
    return {
        "format": 1,
        "kind": "evaluation",
        "task": "table",
        "model": printable(os.path.abspath(model)),
        "source": source.name,
        "classes": list(classifier.classes),
        "samples": {"test": len(samples)},
        "left_out": len(samples.left_out),
        "left_out_files": [asdict(item) for item in samples.left_out],
        "ignored": 0,
        "trained_on": known,
        "target": target,
        "hidden": list(manifest.shape.hidden),
        "engine": "openvino",
        "precision": manifest.precision,
        "parameters": manifest.parameters,
        "trainable_parameters": manifest.trainable_parameters,
        "test": answers.scores(classifier.classes),
        "baselines": {"majority": float(np.bincount(samples.numbers).max() / len(samples))},
        "versions": versions(),
        "seconds": clock.seconds(),
    }


def _undivided(photos: Photos) -> Divided:
    return Divided(photos, duplicates.identical(photos.keys), np.full(len(photos), "test"))


def _tell_left_out(left_out: Sequence[LeftOut], listen: Listener) -> None:
    if left_out:
        first = left_out[0]
        listen(
            Notice(
                f"{number(len(left_out), 'file')} left out, such as {first.name}: {first.reason}. "
                "--json names all of them."
            )
        )


def _findings(photos: Photos, trained_on: Collection[str], listen: Listener) -> list[Finding]:
    """What makes one doubt the figures."""
    findings = duplicates.copies(_undivided(photos))
    named = zip(photos.names, photos.keys, strict=True)
    seen = [name for name, key in named if key in trained_on]
    if seen:
        why = (
            f"{len(seen):,} of these photos {'was' if len(seen) == 1 else 'were'} trained on: the "
            "figures are better than they should be."
        )
        listen(Notice(why))
        mend = "Judge it by photos that it has not seen."
        samples = tuple((name,) for name in seen)
        findings.append(Finding("trained-on", "warning", samples, why, mend))
    return findings


def _trained_on(model: Path, classifier: Classifier) -> set[str]:
    """SHA-256 of the photos trained on; of a bundle away from its run nothing is known."""
    folder = model if model.is_dir() else model.parent
    split_file = folder / SPLIT
    known = classifier.manifest.split_sha256
    if not split_file.is_file() or sha256_of_file(split_file) != known:
        return set()
    return {row["sha256"] for row in Run(folder).split if row["split"] == "train"}
