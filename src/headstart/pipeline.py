"""The order of the work: from labelled photos to an evaluated, saved classifier."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbone import catalog
from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import BUNDLE
from headstart.bundle.manifest import (
    Backboned,
    BackboneRef,
    ColumnsInput,
    Dense,
    HeadRef,
    ImageInput,
    Manifest,
)
from headstart.bundle.save import save, write_proved
from headstart.clock import Clock
from headstart.data import split
from headstart.data.listing import is_table
from headstart.data.pixels import DECODE_VERSION, Unreadable, read_image
from headstart.data.samples import Sample
from headstart.dataset import Data, Network, list_photos, load_network, look_at, scan_with, views
from headstart.errors import HeadstartError, InputError
from headstart.events import Listener, Notice, nobody
from headstart.features import content
from headstart.frozen import fit_head
from headstart.options import TrainOptions, options_from
from headstart.outcome import Columnar, Headed
from headstart.record import described, find, manifest_fields
from headstart.report import plots
from headstart.report.page import render
from headstart.report.words import judged
from headstart.run import (
    MATRIX,
    REPORT,
    Run,
    write_data,
    write_history,
    write_metrics,
)
from headstart.store.files import write_text
from headstart.training.plan import planned, refuse_for_photos
from headstart.tuning import built, promising, tune
from headstart.workplace import CHECKPOINT, LAST, new_run

if TYPE_CHECKING:
    from headstart.tabular import Data as Rows

_PROOF_PHOTOS = 64


def train(
    source: str | Path,
    out: str | Path | None = None,
    *,
    force: bool = False,
    resume: bool = False,
    listen: Listener = nobody,
    **options: Any,
) -> Run:
    """Train a classifier on labelled photos, evaluate it, and save it.

    Args:
        source: a folder, zip, CSV or Parquet file of photos.
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
    if options.image_column is None and is_table(source):
        return _train_on_rows(options, Path(source), out, force=force, resume=resume, listen=listen)
    refuse_for_photos(options)
    clock = Clock()
    plan = planned(options, catalog.find(options.backbone))
    with new_run(Path(source), out, force=force, resume=resume) as place:
        with clock("scan"):
            photos = list_photos(source, options, listen, to_train=True)
            split.check(photos, options)
        with clock("features"):
            network = load_network(options, photos.files, photos.keys, listen)
            tail = None
            if plan and not plan.only_if_better:  # first, for it may name no layer
                tail = built(plan, network, len(photos.classes), options.seed)
            data = look_at(photos, network, options, listen)
        with clock("train"):
            work = data, network, options
            outcome = None if tail else fit_head(*work, listen)
            many = len(data.on("train")) * (1 + len(views(options)))
            if plan and (outcome is None or promising(plan, outcome.answers, many, listen)):
                last = place.folder / CHECKPOINT / LAST
                outcome = tune(plan, *work, outcome, tail, place=last, resume=resume, listen=listen)
        assert outcome is not None  # what no plan forces has its head
        with clock("evaluate"):
            # While the bundle is proved in threads outside Python, Python can import.
            Thread(target=plots.prepare, daemon=True).start()
            metrics = describe(data, outcome, network, options)
            findings = find(data, outcome.answers, options, listen)
            write_data(place.folder, data, outcome.answers, findings, options)
            write_history(place.folder, outcome.history)
            save_bundle(place.folder, data, outcome, network, metrics)
        write_metrics(place.folder, {**metrics, "seconds": clock.seconds()})
    write_page(place.run, data.samples.files, listen)
    return Run(place.run)


def _train_on_rows(
    options: TrainOptions,
    source: Path,
    out: str | Path | None,
    *,
    force: bool,
    resume: bool,
    listen: Listener,
) -> Run:
    """`train_with` on a table."""
    from headstart.columnar import fit_dense  # polars takes 0.15 s
    from headstart.tabular import divided, list_rows

    clock = Clock()
    with new_run(source, out, force=force, resume=resume) as place:
        with clock("scan"):
            data = divided(list_rows(source, options), options, listen)
        with clock("train"):
            last = place.folder / CHECKPOINT / LAST
            outcome = fit_dense(data, options, place=last, resume=resume, listen=listen)
        with clock("evaluate"):
            metrics = described(data, outcome, options, "table") | {
                "target": data.samples.target,
                "columns": len(data.columns),
                "hidden": list(outcome.shape.hidden),
            }
            findings = find(data, outcome.answers, options, listen)
            write_data(place.folder, data, outcome.answers, findings, options)
            write_history(place.folder, outcome.history)
            _save_rows(place.folder, data, outcome, metrics)
        write_metrics(place.folder, {**metrics, "seconds": clock.seconds()})
    write_page(place.run, (), listen)
    return Run(place.run)


def _save_rows(folder: Path, data: "Rows", outcome: Columnar, metrics: dict[str, Any]) -> None:
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


def write_page(folder: Path, samples: Sequence[Sample], listen: Listener) -> None:
    """`write_report`, where the run is finished, with a page or without."""
    try:
        write_report(folder, samples)
    except (HeadstartError, OSError) as error:
        again = shlex.join(["headstart", "report", str(folder)])
        listen(Notice(f"The page is not there: {error} `{again}` writes it."))


def describe(
    data: Data, outcome: Headed, network: Network, options: TrainOptions
) -> dict[str, Any]:
    """The content of `metrics.json`, but for the seconds."""
    return described(data, outcome, options, "image") | {
        "backbone": network.backbone.name,
        "weights": network.weights.digest,
        "size": network.size,
        "resize": options.resize,
        "precision": network.engine.precision if network.engine else outcome.precision,
        "agreement": asdict(network.agreement) if network.agreement else None,
        "head": {
            "kind": "dense" if outcome.tuned else "logistic",
            "strength": outcome.head.strength,
        },
    }


def save_bundle(
    folder: Path,
    data: Data,
    outcome: Headed,
    network: Network,
    metrics: dict[str, Any],
) -> None:
    """Save the classifier, proved on photos kept from training where there are any."""
    kept = data.on("validation")
    kept = kept if len(kept) else data.on("train")
    proof = kept[:: -(-len(kept) // _PROOF_PHOTOS)]  # from all over the list, so of every class
    backbone, size, tuned = network.backbone, network.size, outcome.tuned
    manifest = Manifest(
        task="image",
        input=ImageInput(size=size, resize=network.resize, decode_version=DECODE_VERSION),
        network=Backboned(
            backbone=BackboneRef(
                name=backbone.name,
                weights=network.weights.digest,
                features=backbone.features,
                size=size,
            ),
            head=_head(outcome),
        ),
        **manifest_fields(folder, data, outcome, metrics),
    )
    files, keys = data.samples.files, data.samples.keys
    try:
        save(
            folder / BUNDLE,
            manifest,
            outcome.graph(),
            outcome.head,
            tuned=tuned.tensors if tuned else {},
            optimizer=tuned.state if tuned else {},
            proof_files=[files[i].path for i in proof],
            proof=outcome.probabilities(proof),
            features=data.features if tuned is None else data.features[:0],
        )
    except HeadstartError:
        for i in proof:  # a photo that has changed meanwhile is no fault of the bundle's
            content(files[i], keys[i])
        raise


def _head(outcome: Headed) -> HeadRef:
    tuned = outcome.tuned
    if tuned is None:
        return HeadRef(kind="logistic", l2=outcome.head.strength)
    return HeadRef(
        kind="dense",
        first=tuned.first,
        optimizer=tuned.optimizer,
        dropout=tuned.dropout,
        momentum=tuned.momentum,
        label_smoothing=tuned.label_smoothing,
    )


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
    samples: Sequence[Sample] = ()
    try:
        if run.metrics["task"] == "image":
            samples = scan_with(run.options["source"], options).items
    except InputError:  # the photos are gone; the figures are not
        pass
    write_report(run.folder, samples)
    return run.report()
