"""A run folder: what `train` writes into it, and reads back when asked for."""

import csv
import html
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from headstart.bundle.classifier import Classifier
from headstart.data import split_file
from headstart.data.labelled import Divided
from headstart.errors import ModelError
from headstart.evaluation.trust import MANY_CLASSES, Answers
from headstart.findings import Finding, findings_document
from headstart.options import TrainOptions
from headstart.sets import JUDGED
from headstart.store.cells import escaped, plain
from headstart.store.files import printable, write_json, write_text

OPTIONS = "options.json"
SPLIT = "split.csv"
FINDINGS = "findings.json"
PREDICTIONS = "predictions.csv"
REPORT = "report.html"
CARD = "MODEL_CARD.md"
MATRIX = "confusion-matrix.png"
PREDICTED = ("sample", "split", "label", "predicted", "p_label", "p_predicted")
HISTORY = "history.csv"
COLUMNS = "columns.json"
SUSPECTS = "suspects.csv"
DECISIONS = "decisions.csv"
METRICS = "metrics.json"  # a folder without it holds no finished run

_NEEDED = frozenset({"baselines", "classes", "kind", "samples", "task"})
_NEEDED_BY = {
    "image": frozenset({"backbone", "resize", "size"}),
    "table": frozenset({"hidden", "target"}),
}


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: where its files lie; absolute, so that it outlives a change of folder.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run in a folder.

        Raises:
            ModelError: the folder holds no finished run.
        """
        path = Path(folder).absolute()
        if not (path / METRICS).is_file():
            raise ModelError(
                "is not the folder of a finished run.",
                where=printable(str(path)),
                mend=f"Give a folder that `headstart train` made, with a {METRICS} in it.",
            )
        return cls(path)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        document = self._json(METRICS)
        needed = _NEEDED | _NEEDED_BY.get(str(document.get("task")), frozenset())
        lacking = sorted(needed - document.keys())
        if lacking or not any(document.get(name) for name in JUDGED):
            raise self._damaged(f"has a damaged {METRICS} (no {(*lacking, 'scores')[0]}).")
        return document

    @cached_property
    def findings(self) -> dict[str, Any]:
        """The content of `findings.json`: what was found in the data and what was left out."""
        return self._json(FINDINGS)

    @cached_property
    def options(self) -> dict[str, Any]:
        """The content of `options.json`: the source, and every option with its value."""
        return self._json(OPTIONS)

    @cached_property
    def split(self) -> list[dict[str, str]]:
        """The rows of `split.csv`: sample, label, split, cluster, sha256."""
        return self._rows(SPLIT)

    @cached_property
    def predictions(self) -> list[dict[str, str]]:
        """The rows of `predictions.csv`: every judged sample with its probabilities."""
        return self._rows(PREDICTIONS)

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """An epoch's figures in each row of `history.csv`; empty where nothing was trained by
        gradient. What was not measured is NaN."""
        if not (self.folder / HISTORY).is_file():
            return []
        rows = self._rows(HISTORY)
        return [{name: float(cell or "nan") for name, cell in row.items()} for row in rows]

    @cached_property
    def suspects(self) -> list[dict[str, str]]:
        """The rows of `suspects.csv`, the most doubtful first; none of a run on a table."""
        return self._rows(SUSPECTS) if (self.folder / SUSPECTS).is_file() else []

    @property
    def decided(self) -> bool:
        """Whether decisions about labels were done; they stand in `decisions.csv`."""
        return (self.folder / DECISIONS).is_file()

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The content of `columns.json`: which columns of a table matter, and how."""
        return self._json(COLUMNS)

    @cached_property
    def bundle(self) -> Classifier:
        """The classifier, opened and verified."""
        return Classifier.open(self.folder)

    def report(self) -> Path:
        """Where the page is that says how far to believe it."""
        return self.folder / REPORT

    def _repr_html_(self) -> str:
        """The page, in a notebook."""
        page = html.escape(self.report().read_text(encoding="utf-8"), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="800" style="border:0"></iframe>'

    def _json(self, name: str) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(self._text(name))
        except ValueError as error:
            raise self._damaged(f"has a damaged {name} ({error}).") from error
        if not isinstance(document, dict):
            raise self._damaged(f"has a damaged {name} (no document).")
        return document

    def _rows(self, name: str) -> list[dict[str, str]]:
        rows = csv.DictReader(io.StringIO(self._text(name), newline=""))
        return [{column: plain(cell or "") for column, cell in row.items()} for row in rows]

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_bytes().decode()
        except FileNotFoundError as error:
            raise self._damaged(f"has no {name}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(f"has a {name} that cannot be read ({error}).") from error

    def _damaged(self, problem: str) -> ModelError:
        return ModelError(
            problem,
            where=printable(str(self.folder)),
            mend="The run was damaged or never finished: train again.",
        )


def write_given(folder: Path, data: Divided, options: TrainOptions) -> None:
    """Write what a run was given: options and split."""
    document = {
        "format": 1,
        "source": data.samples.source,
        "options": options.model_dump(mode="json"),
    }
    write_json(folder / OPTIONS, document)
    split_file.save(folder / SPLIT, data)


def write_found(
    folder: Path, data: Divided, answers: Sequence[Answers], findings: list[Finding]
) -> None:
    """Write what a run found: in the data, and of each sample that did not train."""
    found = findings_document(findings, data.samples.left_out)
    write_json(folder / FINDINGS, {**found, "ignored": data.samples.ignored})
    kept_out = [each for each in answers if each.name != "train"]
    _write_predictions(folder / PREDICTIONS, data.samples.names, data.classes, kept_out)


def _write_predictions(
    path: Path, names: Sequence[str], classes: Sequence[str], answers: Sequence[Answers]
) -> None:
    """A row for each sample: what it is, what it was called, and how probable both are.

    The probabilities of all classes follow, unless there are too many.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    every = [f"p:{name}" for name in classes] if len(classes) <= MANY_CLASSES else []
    writer.writerow([*PREDICTED, *every])
    for each in answers:
        shares = np.column_stack([each.p_label, each.p_predicted, each.probabilities])
        for i, label, best, row in zip(
            each.samples.tolist(), each.labels, each.predicted, shares, strict=True
        ):
            known = names[i], each.name, classes[label], classes[best]
            writer.writerow([*map(escaped, known), *(f"{share:.6f}" for share in row)])
    write_text(path, text.getvalue())


def write_history(folder: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write a row for each epoch, if anything was trained by gradient.

    A figure that is no number stays empty: that of validation where nothing validates.
    """
    if history:
        text = io.StringIO()
        writer = csv.DictWriter(text, [*history[0]], lineterminator="\n")
        writer.writeheader()
        for row in history:
            writer.writerow({k: x if math.isfinite(x) else "" for k, x in row.items()})
        write_text(folder / HISTORY, text.getvalue())


def write_columns(folder: Path, told: Mapping[str, Any]) -> None:
    """Write what the columns of a table do for the answers, as `influence.described` gives it."""
    write_json(folder / COLUMNS, told)


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write the figures, which makes the folder that of a finished run."""
    write_json(folder / METRICS, metrics)
