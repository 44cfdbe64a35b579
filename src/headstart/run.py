"""A run folder: where it may be made, and what `train` leaves in it, read back when asked for."""

import csv
import html
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.bundle.classifier import Classifier
from headstart.data import split
from headstart.dataset import Data
from headstart.errors import ModelError, OutputError
from headstart.evaluation.trust import Answers
from headstart.findings import Finding, findings_document
from headstart.options import TrainOptions
from headstart.store.files import printable, write_json, write_text

OPTIONS = "options.json"
SPLIT = "split.csv"
FINDINGS = "findings.json"
PREDICTIONS = "predictions.csv"
REPORT = "report.html"
MATRIX = "confusion-matrix.png"
METRICS = "metrics.json"  # a folder without it holds no finished run


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: where its files lie.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run in a folder.

        Raises:
            ModelError: the folder holds no finished run.
        """
        path = Path(folder)
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
        return self._json(METRICS)

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
        return document

    def _rows(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self._text(name), newline="")))

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


@contextmanager
def new_folder(source: Path, out: str | Path | None, *, force: bool) -> Iterator[Path]:
    """A folder to write a run into, checked before the work begins.

    It is made at once, so that a read-only place is found now and not after the training. If
    the work fails, what it left there goes again, and the folder if it was made here. A run
    that is replaced stays until the new one is written over it.

    Args:
        source: what is trained on; the run must not lie in it.
        out: the folder, or None for the next free `runs/NAME-N`.
        force: allow a folder that holds a run.

    Raises:
        OutputError: the folder is in use, inside the source, or cannot be written.
    """
    folder = Path(out) if out is not None else _next_free(source)
    made: list[Path] = []
    try:
        _refuse_taken(folder, source, force)
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=out is not None)
        tempfile.TemporaryFile(dir=folder).close()
        was_empty = not any(folder.iterdir())
    except OSError as error:
        _remove(made)
        raise _not_there(folder, f"cannot be written to ({error.strerror}).") from error
    try:
        yield folder
    except BaseException:
        with suppress(OSError):  # what failed is worth more telling than this
            for path in folder.iterdir() if was_empty else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        _remove(made)
        raise


def _refuse_taken(folder: Path, source: Path, force: bool) -> None:
    if source.is_dir() and folder.resolve().is_relative_to(source.resolve()):
        raise _not_there(folder, "lies inside the photos that are trained on.")
    if folder.exists() and not folder.is_dir():
        raise _not_there(folder, "is a file.")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / OPTIONS).is_file():
            raise _not_there(folder, "holds files that are no run of headstart's.")
        if not force:
            raise _not_there(folder, "holds a run already.", ", or replace the run with --force")


def _not_there(folder: Path, problem: str, otherwise: str = "") -> OutputError:
    return OutputError(
        problem,
        where=printable(str(folder)),
        mend=f"Name another folder with --out{otherwise}.",
    )


def write_data(
    folder: Path,
    data: Data,
    sides: NDArray[np.str_],
    answers: Sequence[Answers],
    findings: list[Finding],
    options: TrainOptions,
) -> None:
    """Write what a run stands on: options, split, findings, and answers on what did not train."""
    (folder / METRICS).unlink(missing_ok=True)  # what follows belongs to another run
    document = {
        "format": 1,
        "source": data.photos.source,
        "options": options.model_dump(mode="json"),
    }
    write_json(folder / OPTIONS, document)
    names = [sample.name for sample in data.photos.samples]
    labels = [sample.label for sample in data.photos.samples]
    split.save(folder / SPLIT, names, labels, sides.tolist(), data.clusters, data.photos.keys)
    found = findings_document(findings, data.photos.left_out)
    write_json(folder / FINDINGS, {**found, "ignored": data.photos.ignored})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["sample", "split", "label", "predicted", *(f"p:{c}" for c in data.photos.classes)]
    )
    for each in answers:
        if each.name == "train":
            continue
        for i, row in zip(each.samples.tolist(), each.probabilities, strict=True):
            predicted = data.photos.classes[int(row.argmax())]
            shares = (f"{share:.6f}" for share in row)
            writer.writerow([names[i], each.name, labels[i], predicted, *shares])
    write_text(folder / PREDICTIONS, text.getvalue())


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write the figures, which makes the folder that of a finished run."""
    write_json(folder / METRICS, metrics)


def _next_free(source: Path) -> Path:
    name = source.resolve().stem or "run"
    number = 1
    while (folder := Path("runs", f"{name}-{number}")).exists():
        number += 1
    return folder


def _remove(folders: list[Path]) -> None:
    """Remove empty folders, the innermost first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
