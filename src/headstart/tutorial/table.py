"""The sections of the tutorial on a table, on people that are made here: they always run."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from headstart import trial
from headstart.backbone.dense import Shape
from headstart.bundle.classifier import Classifier
from headstart.bundle.export import Form, ending, export
from headstart.data import mapping, table
from headstart.data.columns import Number
from headstart.judging import evaluate
from headstart.report.sections import Fact, Section
from headstart.report.words import percent, right_of
from headstart.run import Run
from headstart.training.plan import TUTORIAL_HIDDEN
from headstart.tutorial import lessons
from headstart.tutorial.steps import LackingError, Steps, accuracy, megabytes, parameters

_FROM_40 = "people of 40 to 100"
_SHARE = 0.1  # of the training people, to validate
_FORMS: dict[Form, tuple[str, str]] = {
    "keras": ("the whole model", "model.save"),
    "h5": ("the same in the older .h5", "model.save"),
    "json": ("the architecture alone", "model.to_json"),
    "weights": ("the weights alone", "model.save_weights"),
}


class TableSections:
    """What does each section, by the names of `lessons.TABLE`."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._run: Run | None = None

    def data(self, section: Section) -> Section:
        people = {name: _people(path) for name, path in self._files._asdict().items()}
        train, test = people["train"], people["test"]
        young = train.filter(pl.col(trial.AGE) < trial.OLDER[0])
        ill = Counter(young[trial.TARGET])[trial.CLASSES[1]]
        facts = [
            Fact("training people", "2,100", f"{len(train):,}"),
            Fact("test people", "420", f"{len(test):,}"),
            Fact("training people under 65", "1,050", f"{len(young):,}"),
            Fact("of those with side effects", "50", f"{ill:,}"),
        ]
        return replace(section, facts=facts)

    def scaling(self, section: Section) -> Section:
        train, test = (_people(path) for path in (self._files.train, self._files.test))
        once, older = _scaler(train), _scaler(_from_40(test))
        facts = [
            Fact("ages 13 to 100 become", "0 to 1", f"{_scaled(once, 13)} to {_scaled(once, 100)}"),
            Fact("age 65 of the test people", _scaled(_scaler(test), 65), _scaled(once, 65)),
            Fact(f"age 65 in a test set of {_FROM_40}", _scaled(older, 65), _scaled(once, 65)),
        ]
        return replace(section, facts=facts)

    def network(self, section: Section) -> Section:
        shape = Shape(1, (), TUTORIAL_HIDDEN, len(trial.CLASSES))
        sizes = [int(np.prod(each)) for each in shape.tensors().values()]
        layers = [sum(sizes[i : i + 2]) for i in range(0, len(sizes), 2)]  # kernel and bias
        facts = [
            Fact("parameters", "642", f"{shape.parameters():,}"),
            Fact("of its layers", "32, 544, 66", ", ".join(map(str, layers))),
        ]
        return replace(section, facts=facts)

    def training(self, section: Section) -> Section:
        section, run = self._train(section, "trial", {})
        self._run, recipe = run, run.metrics["training"]["recipe"]
        facts = [
            Fact("training accuracy", "almost 94%", accuracy(run.metrics, "train")),
            *parameters(run.metrics, 642, 642),
            Fact("optimizer and rate", "Adam, 0.0001", _optimizer(recipe)),
            Fact("batch", "10", str(recipe["batch_size"])),
            Fact("epochs", "30", str(run.metrics["training"]["epochs"])),
        ]
        return replace(section, facts=facts)

    def validation_share(self, section: Section) -> Section:
        return self._validated(section, "trial-share", {"validation": _SHARE}, "a tenth: 210")

    def validation_file(self, section: Section) -> Section:
        file = {"validation_file": str(self._files.validation)}
        return self._validated(section, "trial-file", {"validation": None, **file}, "–")

    def prediction(self, section: Section) -> Section:
        run, test = self._trained, self._files.test
        classifier, people = Classifier.open(run.folder), _people(test)
        older = _from_40(people)
        answers = classifier.predict_proba(people)
        facts = [
            Fact("people predicted", "420", f"{len(answers):,}"),
            Fact("probabilities of each, summed", "1", f"{answers.sum(axis=1).mean():.6g}"),
            Fact(f"right of {_FROM_40}, scaled once", "–", _right(classifier, older)),
            Fact("the same, scaled anew", "–", _right(classifier, anew(older, run))),
        ]
        command = ["headstart", "predict", str(run.folder), str(test), "--format", "csv"]
        return replace(section, facts=facts, command=shlex.join(command))

    def matrix(self, section: Section) -> Section:
        run, test = self._trained, self._files.test
        found = evaluate(run.folder, test)
        right, n = right_of(found["test"])
        at = [trial.CLASSES.index(name) for name in found["classes"]]  # ours are sorted by name
        return replace(
            section,
            facts=[Fact("test people named correctly", "398 of 420", f"{right} of {n}")],
            command=shlex.join(["headstart", "evaluate", str(run.folder), str(test)]),
            classes=found["classes"],
            published=[[lessons.TRIAL_MATRIX[i][j] for j in at] for i in at],
            ours=found["test"]["confusion_matrix"],
        )

    def saving(self, section: Section) -> Section:
        run = self._trained
        facts = []
        for form, (what, by) in _FORMS.items():
            out = self._steps.folder / "saved" / f"trial{ending(form)}"
            made = export(run.folder, form, out, listen=self._steps.listen)
            agrees = f"{megabytes(made.path)}; loaded again, agrees within {made.difference:.1g}"
            facts.append(Fact(what, by, agrees))
        command = ["headstart", "export", str(run.folder), "--to"]
        lines = [shlex.join([*command, form]) for form in _FORMS]
        return replace(section, facts=facts, command="\n".join(lines))

    def _train(self, section: Section, name: str, more: dict[str, Any]) -> tuple[Section, Run]:
        files = self._files
        options = {**trial.options(files.test), **more}
        if self._steps.given.quick:
            options["epochs"] = 1
        given = {key: value for key, value in options.items() if value is not None}
        section, run = self._steps.train(section, name, files.train, given)
        return replace(section, ours=None), run  # the matrix has a section of its own

    def _validated(
        self, section: Section, name: str, more: dict[str, Any], published: str
    ) -> Section:
        section, run = self._train(section, name, more)
        metrics = run.metrics
        facts = [
            Fact("validation accuracy", "–", accuracy(metrics, "validation")),
            Fact("people who validate", published, f"{metrics['samples']['validation']:,}"),
            Fact("people who train", "–", f"{metrics['samples']['train']:,}"),
            Fact("training accuracy", "almost 94%", accuracy(metrics, "train")),
        ]
        return replace(section, facts=facts)

    @cached_property
    def _files(self) -> trial.Files:
        return trial.write(self._steps.folder)

    @property
    def _trained(self) -> Run:
        if self._run is None:
            raise LackingError("the network was not trained.")
        return self._run


def anew(people: pl.DataFrame, run: Run) -> pl.DataFrame:
    """The people with ages that make the network see what a scaler fitted to them would give.

    That is what the tutorial does with its test people; here it is only to be shown.
    """
    (kept,) = (c for c in run.bundle.manifest.table.columns if isinstance(c, Number))
    ages = people[trial.AGE]
    fitted = _scaler(people)
    return people.with_columns((ages - fitted.center) * fitted.scale / kept.scale + kept.center)


def _scaler(people: pl.DataFrame) -> Number:
    rows = np.arange(len(people))
    (column,) = mapping.fit(people.select(trial.AGE), rows, "minmax")
    assert isinstance(column, Number)
    return column


def _scaled(column: Number, age: int) -> str:
    return f"{(age - column.center) * column.scale:.3g}"


def _people(path: Path) -> pl.DataFrame:
    return table.read(path).frame


def _from_40(people: pl.DataFrame) -> pl.DataFrame:
    return people.filter(pl.col(trial.AGE) >= 40)


def _right(classifier: Classifier, people: pl.DataFrame) -> str:
    named: Sequence[str] = classifier.predict(people)
    return percent(float((people[trial.TARGET] == pl.Series(named)).mean()))  # type: ignore[arg-type]


def _optimizer(recipe: dict[str, Any]) -> str:
    return f"{recipe['optimizer'].capitalize()}, {recipe['learning_rate']:g}"
