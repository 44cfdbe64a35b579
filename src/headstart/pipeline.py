"""The order of the work: from labelled photos or rows to an evaluated, saved classifier."""

import importlib
import os
import shlex
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

from headstart import abstaining, aside, suspecting
from headstart.aside import Job
from headstart.backbone import catalog
from headstart.bundle.classifier import Classifier
from headstart.calibrated import calibrated
from headstart.clock import Clock
from headstart.data import decisions, split
from headstart.data.listing import is_table
from headstart.data.pixels import Unreadable, read_image
from headstart.data.samples import Sample
from headstart.dataset import list_photos, load_network, look_at, scan_with, views
from headstart.errors import HeadstartError, InputError, SourceError
from headstart.events import Epoch, Event, Listener, Notice, nobody
from headstart.frozen import fit_head
from headstart.learning_curve import learning_curve
from headstart.options import TrainOptions, options_from
from headstart.photo_findings import photo_findings
from headstart.plain_pixels import plain_pixels
from headstart.record.common import described, find, made
from headstart.record.photos import describe, save_bundle
from headstart.report import card
from headstart.report.matrix_picture import save_confusion_matrix
from headstart.report.page import render
from headstart.report.words import judged, was_trained
from headstart.run import (
    CARD,
    DECISIONS,
    MATRIX,
    REPORT,
    SUSPECTS,
    Run,
    write_columns,
    write_found,
    write_given,
    write_history,
    write_metrics,
)
from headstart.store.files import write_text
from headstart.training.plan import for_columns, planned, refuse_for_photos
from headstart.tuning import built, promising, tune
from headstart.workplace import CHECKPOINT, LAST, Workplace, new_run

_FEW = 20_000  # rows


def train(
    source: str | Path,
    out: str | Path | None = None,
    *,
    force: bool = False,
    resume: bool = False,
    listen: Listener = nobody,
    **options: Any,
) -> Run:
    """Train a classifier on labelled photos or rows, evaluate it, and save it.

    Args:
        source: a folder or zip of photos, a list of them with `image_column`, or a table with
            `target`.
        out: the run folder to make (default: the next free `runs/NAME-N`).
        force: replace the run that is there.
        resume: go on with a training that was cut off.
        listen: is told of progress and notices.
        options: the fields of `options.TrainOptions`.

    Raises:
        HeadstartError: what is wrong, where, and how to mend it.
    """
    given = options_from(TrainOptions, options)
    return train_with(given, source, out, force=force, resume=resume, listen=listen)


def train_with(
    options: TrainOptions,
    source: str | Path,
    out: str | Path | None = None,
    *,
    force: bool = False,
    resume: bool = False,
    listen: Listener = nobody,
) -> Run:
    """`train`, with the options in one piece."""
    if not isinstance(source, str | Path):
        raise SourceError(
            f"{type(source).__name__} is no path.",
            mend="Write a frame to a file, or give it to headstart.TableClassifier.",
        )
    rows = options.image_column is None and is_table(source)
    if not rows:
        refuse_for_photos(options)
    with new_run(Path(source), out, force=force, resume=resume) as place:
        course = _rows if rows else _photos
        samples, classifier = course(options, source, place, resume, listen)
        if os.name == "nt":  # it renames no folder with a file that is in use
            classifier = None
    write_page(place.run, samples, listen, classifier)
    return Run(place.run)


def _photos(
    options: TrainOptions, source: str | Path, place: Workplace, resume: bool, listen: Listener
) -> tuple[Sequence[Sample], Classifier | None]:
    """From photos to the files of a run; returns where the photos lie, and what was saved."""
    clock = Clock()
    plan = planned(options, catalog.find(options.backbone))
    with clock("scan"):
        photos = list_photos(source, options, listen, to_train=True)
        split.check(photos, options)
        abstaining.check(options, photos.classes)
    with clock("features"):
        network = load_network(options, photos.files, photos.keys, listen)
        tail = None
        if plan and not plan.only_if_better:  # first, for it may name no layer
            tail = built(plan, network, len(photos.classes), options.seed)
        data = look_at(photos, network, options, listen)
        abstaining.check_kept(options, data, by_folds=tail is None)
    with clock("train"):
        work = data, network, options
        outcome = None if tail else fit_head(*work, listen)
        many = len(data.on("train")) * (1 + len(views(options)))
        if plan and (outcome is None or promising(plan, outcome.answers, many, listen)):
            last = place.folder / CHECKPOINT / LAST
            outcome = tune(plan, *work, outcome, tail, place=last, resume=resume, listen=listen)
        assert outcome is not None  # what no plan forces has its head
        outcome = abstaining.abstaining(calibrated(outcome, data), data, options, listen)
    metrics = described(data, outcome, options, "image")
    write_given(place.folder, data, options)
    with ThreadPoolExecutor(1) as beside:  # the proof waits for photos and the network mostly
        saving = beside.submit(save_bundle, place.folder, data, outcome, network, metrics)
        with clock("baselines"):
            others = {"plain_pixels": plain_pixels(data, outcome.answers[-1], options.seed)}
            curve = learning_curve(data, outcome, options)
        with clock("evaluate"):
            doubted = suspecting.suspected(data, outcome)
            more = [*photo_findings(data), *suspecting.told(data, doubted)]
            findings = find(data, outcome.answers, options, listen, more)
            write_found(place.folder, data, outcome.answers, findings)
            write_history(place.folder, outcome.history)
            suspecting.save(place.folder / SUSPECTS, data, doubted)
            if photos.decided.found:
                decisions.save(place.folder / DECISIONS, photos.decided)
            metrics = describe(metrics, data, outcome, network, others, curve, doubted, options)
            saved = saving.result()
    write_metrics(place.folder, {**metrics, "made": made(), "seconds": clock.seconds()})
    return data.samples.files, saved


def _rows(
    options: TrainOptions, source: str | Path, place: Workplace, resume: bool, listen: Listener
) -> tuple[Sequence[Sample], Classifier | None]:
    """From a table to the files of a run; returns no photos, and nothing that explains them."""
    from headstart import influence  # polars takes 0.15 s
    from headstart.baselines import baselines
    from headstart.columnar import fit_dense, parts
    from headstart.record import rows
    from headstart.row_findings import row_findings
    from headstart.tabular import divided, list_rows

    clock = Clock()
    with clock("scan"):
        data = divided(list_rows(source, options), options, listen)
        abstaining.check(options, data.classes)
        judged = parts(data, options)
        abstaining.check_kept(options, data, by_folds=len(judged) > 1)
        for_columns(options, len(data.samples))  # what it refuses, before the seconds that follow
    jobs: list[Job] = [(baselines, (data, judged, options)), (row_findings, (data,))]
    few = len(data.samples) < _FEW  # of many rows each side fills all cores and much memory
    with ThreadPoolExecutor(1) as beside:
        begun = list[Future[list[Any]]]()
        if few and aside.is_sooner("sklearn"):
            begun.append(beside.submit(aside.done_aside, jobs))

        def heard(event: Event) -> None:
            # The first epoch is traced in Python; the others are one call each that leaves Python
            # to others.
            if isinstance(event, Epoch) and few and not begun:
                begun.append(beside.submit(aside.done_here, jobs))
            listen(event)

        with clock("import"):
            importlib.import_module("headstart.training.whole")
        with clock("train"):
            last = place.folder / CHECKPOINT / LAST
            outcome = fit_dense(data, judged, options, place=last, resume=resume, listen=heard)
            outcome = abstaining.abstaining(calibrated(outcome, data), data, options, listen)
        with clock("baselines"):
            others, doubts = begun[0].result() if begun else aside.done_here(jobs)
    with clock("evaluate"):
        findings = find(data, outcome.answers, options, listen, doubts)
        metrics = rows.describe(data, outcome, others, options)
        write_given(place.folder, data, options)
        write_found(place.folder, data, outcome.answers, findings)
        write_history(place.folder, outcome.history)
        told = influence.described(
            data, outcome.judges, outcome.answers[-1], outcome.predict, options.seed
        )
        write_columns(place.folder, told)
        rows.save_bundle(place.folder, data, outcome, metrics)
    write_metrics(place.folder, {**metrics, "made": made(), "seconds": clock.seconds()})
    return (), None


def write_page(
    folder: Path,
    samples: Sequence[Sample],
    listen: Listener,
    classifier: Classifier | None = None,
) -> None:
    """`write_report`, where the run is finished, with a page or without."""
    try:
        write_report(folder, samples, classifier)
    except (HeadstartError, OSError) as error:
        again = shlex.join(["headstart", "report", str(folder)])
        listen(Notice(f"The page is not there: {error} `{again}` writes it."))


def write_report(
    folder: Path, samples: Sequence[Sample], classifier: Classifier | None = None
) -> None:
    """Write the page, the picture of the confusion matrix and, where something was trained, the
    model card, from the files of a run.

    Args:
        samples: where the photos lie; those that have changed since are not shown.
        classifier: that of the run, where it is open already.
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

    write_text(folder / REPORT, render(folder, photo, classifier))
    if was_trained(run.metrics):
        write_text(folder / CARD, card.render(folder))
    scores = judged(run.metrics)[1]
    save_confusion_matrix(scores["confusion_matrix"], run.metrics["classes"], folder / MATRIX)


def report(folder: str | Path) -> Path:
    """Write the page of a finished run again, with the photos that are still where they were.

    Returns:
        Where the page is.
    """
    run = Run.open(folder)
    options = options_from(TrainOptions, run.options["options"])
    samples: Sequence[Sample] = ()
    try:
        if run.metrics["task"] == "image":
            samples = scan_with(run.options["source"], options).items
    except InputError:  # the photos are gone; the figures are not
        pass
    write_report(run.folder, samples)
    return run.report()
