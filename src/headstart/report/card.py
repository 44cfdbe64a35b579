"""The model card: what a classifier is, how good, and what it is not for, to go with it.

After Mitchell et al., Model Cards for Model Reporting, FAT* 2019. It begins with the metadata
that Hugging Face's hub reads. All of it comes from the files of the run; no path and no name of a
sample is in it, for the card is made to be published.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from headstart.backbone import catalog
from headstart.data.duplicates import GROUP_ACROSS
from headstart.options import PathText, TrainOptions, as_flags, chosen
from headstart.report import advice, coverage, learning, reliability, views, words, worth
from headstart.report.markdown import environment
from headstart.report.pixels_worth import pixels_worth
from headstart.run import DECISIONS, Run
from headstart.store.files import printable

_TASKS = {"image": "image-classification", "table": "tabular-classification"}
_FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow"}
_FIGURES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "loss": "Log loss",
    "calibration_error": "Calibration error",
}
_SHARES = ("accuracy",)  # told in percent
_CLASSES = 100  # in the table by class; of more, the worst
_NAMES = 200  # of classes that are named
_FEW = 30  # judged samples of a class, below which its figures are rough
_PATHS = tuple(
    name
    for name, field in TrainOptions.model_fields.items()
    if PathText in get_args(field.annotation)
)


class Figure(NamedTuple):
    """A figure of one set with its 95% interval, as text; the interval may be empty."""

    name: str
    value: str
    interval: str


class Set(NamedTuple):
    """The figures of one set of samples."""

    name: str
    n: int
    figures: list[Figure]


class Result(NamedTuple):
    """A figure as the hub reads it."""

    type: str
    value: float
    name: str


def render(folder: Path) -> str:
    """The card of a finished training, a whole Markdown document.

    Args:
        folder: the run.

    Raises:
        ModelError: the folder holds no finished run, or one of its files is missing.
    """
    run = Run.open(folder)
    metrics, options = run.metrics, run.options["options"]
    key, scores = words.judged(metrics)
    findings = sorted(run.findings["findings"], key=advice.gravity)
    by_class = views.by_class(scores, metrics["classes"])
    training = metrics.get("training")
    noun = words.noun(metrics)
    backbone = catalog.find(metrics["backbone"]) if metrics["task"] == "image" else None
    context = {
        "metrics": metrics,
        "noun": noun,
        "pipeline": _TASKS[metrics["task"]],
        "dataset": _dataset(metrics),
        "results": _results(metrics),
        "judged": words.set_name(key),
        "scores": scores,
        "headline": words.headline(metrics),
        "answer": advice.answer(metrics, findings),
        "belief": words.belief(metrics),
        "gap": words.gap(metrics) if metrics.get("train") else None,
        "figures": _FIGURES.values(),
        "sets": _sets(metrics),
        "rows": _rows(by_class),
        "by_class": by_class,
        "few": [row.name for row in by_class.rows if row.support < _FEW],
        "names": _NAMES,
        "rivals": worth.rivals(metrics),
        "worth": worth.worth(metrics),
        "pixels_worth": pixels_worth(metrics),
        "coverage": coverage.told(metrics),
        "flattered": reliability.flattered(metrics),
        "findings": [_told(found, run.options) for found in findings],
        "not_searched": words.not_searched(metrics),
        "left_out": views.reasons(run.findings["left_out"]),
        "division": _division(options, noun, key, metrics["seed"], findings),
        "backbone": backbone,
        "weights": _weights(options),
        "training": training,
        "frozen": learning.frozen(training) if training else "frozen",
        "layers": learning.layers(training) if training else "",
        "recipe": learning.recipe(training, noun) if training else "",
        "command": _command(run),
    }
    return environment().get_template("card.md").render(context)


def _results(metrics: words.Metrics) -> list[Result]:
    """The figures for the hub, without samples known from training; none where all are."""
    key, scores = words.judged(metrics)
    aside = ""
    if key != "train" and words.leaks(metrics):
        leaks = metrics["leaks"]
        scores = leaks["without"]
        aside = f" without {words.number(leaks['samples'], words.noun(metrics))} that leaked"
    if key == "train" or not scores:
        return []
    found = []
    for name, kind in (("accuracy", "accuracy"), ("macro_f1", "f1")):
        figure = _figure(scores, name)
        interval = f" (95% interval {figure.interval})" if figure.interval else ""
        found.append(Result(kind, scores[name], f"{figure.name}{aside}{interval}"))
    return found


def _dataset(metrics: words.Metrics) -> str:
    """What Hugging Face's `datasets` would load the source with."""
    if metrics["task"] == "image":
        return "imagefolder"
    return _FORMATS.get(Path(metrics["source"]).suffix.lower(), "csv")


def _sets(metrics: words.Metrics) -> list[Set]:
    """Every set that has figures, training first."""
    return [
        Set(mark.name, mark.n, [_figure(mark.scores, name) for name in _FIGURES])
        for mark in views.accuracies(metrics).marks
    ]


def _figure(scores: words.Scores, name: str) -> Figure:
    def told(value: float) -> str:
        return words.percent(value) if name in _SHARES else f"{value:.3f}"

    ends = scores.get(f"{name}_interval")
    interval = f"{told(ends[0])} to {told(ends[1])}" if ends else ""
    return Figure(_FIGURES[name], told(scores[name]), interval)


def _rows(by_class: views.ByClass) -> list[views.ClassRow]:
    """The classes that the table tells of."""
    if len(by_class.rows) <= _CLASSES:
        return by_class.rows
    return sorted(by_class.rows, key=lambda row: row.f1)[:_CLASSES]


def _told(finding: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A finding without the names of samples and of folders."""
    return {
        "level": finding["level"],
        "kind": finding["kind"].replace("-", " ").capitalize(),
        "samples": len(finding["samples"]),
        "why": _without_folders(finding["why"], document),
        "mend": _without_folders(finding["mend"], document),
    }


def _without_folders(text: str, document: Mapping[str, Any]) -> str:
    """A text in which the paths of the options are the names of their files."""
    given = [document["source"]]
    for name in _PATHS:
        value = document["options"].get(name)
        given += value if isinstance(value, list) else [value]
    for path in sorted(filter(None, given), key=len, reverse=True):
        for form in (path, printable(path)):
            text = text.replace(form, os.path.basename(form) or "the source")
    return text


def _weights(options: Mapping[str, Any]) -> str | None:
    """The name of a weight file that was given, or `random`."""
    given = options.get("weights")
    return os.path.basename(given) if given else None


def _division(
    options: Mapping[str, Any],
    noun: str,
    key: str,
    seed: int,
    findings: Sequence[Mapping[str, Any]],
) -> list[str]:
    """How it was decided which sample trains and which judges, in sentences."""
    files = {"validation": options.get("validation_file"), "test": options.get("test_file")}
    told = [f"The {side} {noun}s came from a file of their own." for side in files if files[side]]
    if options.get("split"):
        told.append("The sides were those of an earlier run.")
    elif options.get("per_class"):
        told.append(
            f"Of each class, {_listed(options['per_class'].split(','))} were drawn for training, "
            f"validation and test (seed {seed})."
        )
    elif options.get("time"):
        told.append(
            f"The oldest by {words.quoted(options['time'])} trained, the newest were the test."
        )
    elif key == "cross_validation":
        told.append(f"Each {noun} was judged in one of five folds (seed {seed}).")
    elif not all(files.values()):
        sides = [side for side in files if not files[side]]
        given = TrainOptions(**{name: options.get(name) for name in ("validation", "test")}).shares
        shares = dict(zip(("validation", "test"), given, strict=True))
        drawn = [f"{100 * shares[side]:.4g}% for the {side}" for side in sides if shares[side]]
        if drawn:
            told.append(
                f"Where the source does not itself say so, {' and '.join(drawn)} were drawn, class "
                f"by class (seed {seed})."
            )
    if options.get("group"):
        apart = any(found["kind"] == GROUP_ACROSS for found in findings)
        kept = (
            "are not all on one side, for the split was given" if apart else "were kept on one side"
        )
        told.append(f"Equal values of {words.quoted(options['group'])} {kept}.")
    return told


def _listed(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _command(run: Run) -> str:
    """The command that makes it again, with the names of files and not where they lay."""
    options = run.options["options"]
    given = chosen(options) | {"seed": options["seed"]}
    if run.decided:
        given["decisions"] = DECISIONS
    for name in given.keys() & {*_PATHS}:
        value = given[name]
        several = isinstance(value, list)
        given[name] = [*map(os.path.basename, value)] if several else os.path.basename(value)
    source = os.path.basename(run.options["source"])
    return shlex.join(["headstart", "train", source, *as_flags(given)])
