"""The report: one HTML file that says how good a classifier is and how far to believe it.

Nothing in it is fetched from elsewhere and nothing in it runs: photos, drawings and styles
stand in the file itself.
"""

import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup
from PIL import Image

from headstart.backbone import catalog
from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import BUNDLE
from headstart.data import pixels
from headstart.options import Resize, as_flags, chosen
from headstart.report import (
    advice,
    coverage,
    curves,
    drivers,
    growth,
    heat,
    learning,
    reliability,
    views,
    words,
    worth,
)
from headstart.report.album import Photos, album
from headstart.report.galleries import Galleries, galleries
from headstart.report.html import data_uri, environment
from headstart.report.mistakes import Mistakes, worst
from headstart.report.pixels_worth import pixels_worth
from headstart.report.predictions import read
from headstart.run import DECISIONS, HISTORY, PREDICTIONS, SUSPECTS, Run

_EXAMPLE = {"image": "photo.jpg", "table": "rows.csv"}
_MISTAKES = 12
_SUSPECTS = 24
_LARGE = 320  # longest side in pixels


def render(folder: Path, photos: Photos, classifier: Classifier | None = None) -> str:
    """The page of a finished run.

    Args:
        folder: the run.
        photos: gives the bytes of a photo by its name in `split.csv`, None where it is gone.
        classifier: that of the run, where it is open already.

    Returns:
        A whole HTML document.

    Raises:
        ModelError: the folder holds no finished run, or one of its files is missing.
    """
    run = Run.open(folder)
    metrics = run.metrics
    key, scores = words.judged(metrics)
    predictions = read(folder / PREDICTIONS, key.replace("_", "-"))
    mistakes = worst(predictions, _MISTAKES)
    matrix = views.matrix(scores["confusion_matrix"], metrics["classes"])
    of_set = folder / PREDICTIONS, key.replace("_", "-"), predictions
    shown = galleries(*of_set, metrics["classes"], matrix.pairs, metrics["task"])
    findings = sorted(run.findings["findings"], key=advice.gravity)
    model = metrics.get("model") or str(folder.absolute())  # that of `evaluate` lies elsewhere
    context = {
        "metrics": metrics,
        "judged": words.set_name(key),
        "scores": scores,
        "headline": words.headline(metrics),
        "belief": words.belief(metrics),
        "division": words.division(metrics),
        "gap": words.gap(metrics) if metrics.get("train") else None,
        "accuracies": views.accuracies(metrics),
        "answer": advice.answer(metrics, findings),
        "misleading": advice.misleading(findings),
        "steps": advice.steps(metrics, findings, mistakes.wrong),
        "findings": findings,
        "matrix": matrix,
        "galleries": shown,
        "by_class": views.by_class(scores, metrics["classes"]),
        "reliability": reliability.reliability(predictions),
        "coverage": coverage.curve(metrics, predictions),
        "reach": coverage.FRAME,
        "before": reliability.before(metrics),
        "field": reliability.FRAME,
        "mistakes": mistakes,
        "left_out": views.reasons(run.findings["left_out"]),
        "noun": words.noun(metrics),
        "trained": words.was_trained(metrics),
        "options": run.options["options"],
        "command": _command(run, metrics.get("model")),
        "predict": shlex.join(["headstart", "predict", model, _EXAMPLE[metrics["task"]]]),
        "example": _EXAMPLE[metrics["task"]],
        "bundle": repr(metrics.get("model") or str(folder.absolute() / BUNDLE)),
        **(
            _of_photos(run, mistakes, shown, photos, classifier or model)
            if metrics["task"] == "image"
            else _of_rows(run)
        ),
        **_training(folder, metrics.get("training"), words.noun(metrics)),
    }
    return environment().get_template("page.html").render(context)


def _of_photos(
    run: Run, mistakes: Mistakes, shown: Galleries, photos: Photos, model: str | Classifier
) -> dict[str, Any]:
    """What only the page on photos shows."""
    metrics = run.metrics
    samples = views.sample_photos(run.split, metrics["classes"])
    doubted = run.suspects[:_SUSPECTS]
    candidates = [row.sample for row in mistakes.shown] + sorted(samples.names())
    receive = partial(_received, photos, size=metrics["size"], resize=metrics["resize"])
    # In cross-validation other networks made the mistakes than the one that was saved.
    explained = mistakes.wrong and not metrics.get("cross_validation")
    pictured = candidates + shown.names() + [row["sample"] for row in doubted]
    with ThreadPoolExecutor(1) as beside:  # while the network is made ready for the maps
        pictures = beside.submit(album, photos, pictured)
        maps = heat.heat_maps(model, mistakes.shown, photos) if explained else {}
    return {
        "heat": maps,
        "ramp": heat.COLOURS,
        "pixels_worth": pixels_worth(metrics),
        "growth": growth.growth(metrics),
        "plot": growth.FRAME,
        "samples": samples,
        "received": next(filter(None, map(receive, candidates)), None),
        "suspects": doubted,
        "not_searched": words.not_searched(metrics),
        "suspects_found": len(run.suspects),
        "relabel": shlex.join(
            ["headstart", "relabel", str(run.folder), str(run.folder / SUSPECTS)]
        ),
        "pictures": pictures.result(),
        "backbone": catalog.find(metrics["backbone"]) if words.was_trained(metrics) else None,
    }


def _of_rows(run: Run) -> dict[str, Any]:
    """What only the page on rows shows."""
    told, metrics = run.columns, run.metrics
    return {
        "rivals": worth.rivals(metrics),
        "worth": worth.worth(metrics),
        "told": told,
        "ranking": drivers.ranking(told["columns"]),
        "followed": drivers.followed(told["dependence"], metrics["classes"]),
        "plane": drivers.FRAME,
        "cell": drivers.cell,
        "numbers": drivers.numbers,
    }


def _training(folder: Path, training: learning.Training | None, noun: str) -> dict[str, Any]:
    """What the page says of a training by gradient, if there was one."""
    if training is None:
        return {"training": None, "frozen": "frozen"}
    history = curves.read(folder / HISTORY)
    return {
        "training": training,
        "history": history,
        "story": learning.story(training, history, noun),
        "charts": curves.charts(training, history),
        "frame": curves.FRAME,
        "layers": learning.layers(training),
        "recipe": learning.recipe(training, noun),
        "frozen": learning.frozen(training),
    }


class Received(NamedTuple):
    """One photo as it is and as the network receives it, both as data URIs."""

    name: str
    photo: Markup
    pixels: Markup
    size: int
    resize: str


def _received(photos: Photos, name: str, *, size: int, resize: Resize) -> Received | None:
    """The photo and its pixels, or None where it is gone or no longer a photo."""
    data = photos(name)
    try:
        if data is None:
            return None
        picture = _png(pixels.decode(data, size, resize))
        return Received(
            name,
            data_uri("image/jpeg", pixels.thumbnail(data, _LARGE)),
            data_uri("image/png", picture),
            size,
            resize,
        )
    except pixels.Unreadable:
        return None


def _png(image: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _command(run: Run, model: str | None) -> str:
    """The command that repeats a run.

    Args:
        model: what was judged, if nothing was trained.
    """
    options = run.options
    command = ["headstart", *(["evaluate", model] if model else ["train"]), options["source"]]
    given = chosen(options["options"])
    if not model and "seed" in options["options"]:
        given["seed"] = options["options"]["seed"]
    if run.decided:  # lists that were given may have been changed since
        given["decisions"] = str(run.folder.absolute() / DECISIONS)
    return shlex.join([*command, *as_flags(given)])
