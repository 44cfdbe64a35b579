"""A finished classifier judged by other photos or rows: figures, and the page on them."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import locate
from headstart.clock import Clock
from headstart.data import duplicates
from headstart.data.labelled import Divided
from headstart.data.samples import Sample
from headstart.dataset import Photos, list_photos
from headstart.errors import OutputError, SourceError
from headstart.evaluation.trust import answered
from headstart.events import Listener, Notice, nobody
from headstart.findings import LeftOut
from headstart.options import Layout, TrainOptions, options_from
from headstart.pipeline import write_page
from headstart.record.common import made
from headstart.record.evaluation import Judged, described, find, trained_on
from headstart.report.words import number
from headstart.run import write_columns, write_found, write_given, write_metrics
from headstart.store.files import printable
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
    """Judge a classifier by other photos or rows whose labels are known.

    Args:
        model: a bundle or a run folder.
        source: labelled photos or rows, in any layout that `train` takes.
        layout: how the source is to be read.
        out: a folder to make, with the page, and figures and answers as `train` leaves them.
        force: replace the run that is there.

    Returns:
        A document like `metrics.json` whose scores stand under `test`. `trained_on` counts the
        samples that the classifier was trained on, where its run folder tells
        (`trained_on_known`), and `left_out_files` names what took no part.

    Raises:
        SourceError: no photo can be read, the file is no table, or a label is none of the classes.
        OutputError: the folder is taken, or cannot be written.
    """
    classifier = Classifier.open(model)
    if out is None:
        return _judged(model, classifier, source, layout, listen).metrics
    if locate(model).resolve().is_relative_to(Path(os.path.realpath(out))):
        raise OutputError(
            "holds the classifier that is judged.",
            where=printable(str(out)),
            mend="Name another folder with --out.",
        )
    with new_run(Path(source), out, force=force) as place:
        judged = _judged(model, classifier, source, layout, listen)
        options = options_from(TrainOptions, layout.model_dump())
        write_given(place.folder, judged.data, options)
        write_found(place.folder, judged.data, [judged.answers], judged.findings)
        if judged.told is not None:
            write_columns(place.folder, judged.told)
        write_metrics(place.folder, judged.metrics)
    samples = judged.data.samples
    files: Sequence[Sample] = samples.files if isinstance(samples, Photos) else ()
    write_page(place.run, files, listen, classifier)
    return judged.metrics


def _judged(
    model: str | Path, classifier: Classifier, source: str | Path, layout: Layout, listen: Listener
) -> Judged:
    clock = Clock()
    if classifier.manifest.task == "table":
        from headstart.judging_rows import judged_by_rows  # polars takes 0.15 s

        judged = judged_by_rows(model, classifier, Path(source), layout, clock, listen)
    else:
        judged = _judged_by_photos(model, classifier, source, layout, clock, listen)
    judged.metrics.update(made=made(), seconds=clock.seconds())
    return judged


def _judged_by_photos(
    model: str | Path,
    classifier: Classifier,
    source: str | Path,
    layout: Layout,
    clock: Clock,
    listen: Listener,
) -> Judged:
    with clock("scan"):
        photos = list_photos(source, layout, listen)
        classifier.check_labels(photos.labels)
    with clock("evaluate"):
        paths = [file.path for file in photos.files]
        probabilities, far, faults = classifier.try_answer(paths)
    good = [i for i in range(len(paths)) if i not in faults]
    if not good:
        raise SourceError("No photo in it can be read.", where=str(source), mend="Give others.")
    # Unlike in training a class may be without photos.
    photos = replace(photos.but(faults), classes=classifier.classes)
    _tell_left_out(photos.left_out, listen)
    same = duplicates.identical(photos.keys)
    data = Divided(photos, same, np.full(len(photos), "test"), same)
    answers = answered("test", np.arange(len(good)), photos.numbers, [probabilities[good]])
    seen = trained_on(Path(model), classifier)
    findings = find(data, seen, listen)
    manifest = classifier.manifest
    far = None if far is None else far[good]
    known = seen is not None
    metrics = described(model, classifier, data, answers, findings, far, known=known) | {
        "backbone": manifest.network.name,
        "size": manifest.image.size,
        "resize": manifest.image.resize,
    }
    return Judged(metrics, data, answers, findings)


def _tell_left_out(left_out: Sequence[LeftOut], listen: Listener) -> None:
    if left_out:
        first = left_out[0]
        listen(
            Notice(
                f"{number(len(left_out), 'file')} left out, such as {first.name}: {first.reason}. "
                "--json names all of them."
            )
        )
