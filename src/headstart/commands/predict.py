"""`headstart predict`: the class of every photo or row, written as the answers come."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter
from numpy.typing import NDArray

from headstart.bundle.classifier import Classifier
from headstart.bundle.doubt import Answer as Said
from headstart.commands.inputs import (
    none_readable,
    photos,
    records,
    refuse_encoding,
    text_files,
)
from headstart.commands.output import Flag
from headstart.commands.progress import listening
from headstart.errors import OptionError, SourceError
from headstart.evaluation.metrics import ranked
from headstart.events import Listener
from headstart.store.cells import escaped
from headstart.store.files import printable

if TYPE_CHECKING:
    import polars as pl

    from headstart.commands.maps import Maps

Format = Literal["table", "json", "jsonl", "csv"]
Answer = dict[str, Any]

_CHUNK = 256


def run(
    model: Path,
    /,
    *inputs: Annotated[str, Parameter(allow_leading_hyphen=True)],
    format: Format = "table",
    top: int = 1,
    encoding: str = "utf-8",
    explain: Path | None = None,
    force: Flag = False,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Name the class of photos or of rows of a table.

    Parameters
    ----------
    model
        A bundle or a run folder.
    inputs
        Photos: files, folders, patterns in quotes, or - for paths on standard input, one a line.
        Rows: CSV, TSV, Parquet, Arrow or JSON files, or - for JSON on standard input; JSON is one
        object a line, or a list of them.
    format
        How the answers are written; all but json are written as they come.
    top
        How many classes to give for each photo or row, the most probable first.
    encoding
        Character encoding of CSV files.
    explain
        Also make this folder, with a heat map of each photo: a PNG file that shows where the
        evidence for the most probable class lies.
    force
        Draw into a folder of --explain that holds files; those of the same names are replaced.
    json
        The same as --format json.
    quiet
        Do not name photos that cannot be read on standard error.
    """
    predict(
        model,
        inputs,
        top,
        "json" if json else format,
        quiet,
        encoding=encoding,
        explain=explain,
        force=force,
    )


def predict(
    model: Path,
    inputs: Sequence[str],
    top: int,
    form: Format,
    quiet: bool,
    *,
    encoding: str = "utf-8",
    explain: Path | None = None,
    force: bool = False,
) -> None:
    """Write the answers for all inputs to standard output.

    A photo that cannot be read gets an answer too: its `error`.

    Args:
        encoding: of the CSV files among them.
        explain: a folder for heat maps; the answers name them.
        force: it may hold files.

    Raises:
        SourceError: there is no input, or no photo among them can be read.
        OptionError: an option does nothing here.
        OutputError: the folder holds files, or cannot be written.
    """
    if force and explain is None:
        raise OptionError("--force does something only with --explain.", mend="Leave it out.")
    if top < 1:
        raise OptionError(f"--top {top} asks for no class.", mend="Give 1 or more.")
    if not inputs:
        raise SourceError("There is nothing to predict.", mend="Name photos, folders, or -.")
    classifier = Classifier.open(model)
    top = min(top, len(classifier.classes))
    if classifier.manifest.task == "table":
        if explain is not None:
            raise OptionError(
                "--explain draws heat maps of photos, and this classifier takes rows.",
                mend="The page of its run says which columns matter: `headstart report RUN`.",
            )
        refuse_encoding(inputs, encoding)
        with listening(quiet) as listen:
            rows = _RowAnswers(classifier, inputs, encoding, top, listen)
            if form == "csv":
                from headstart.commands import rows_csv  # not for photos: polars takes 0.15 s

                rows_csv.write(classifier, rows.parts(), top)
            else:
                _WRITERS[form](rows, quiet)
        return
    refuse_encoding([], encoding)
    maps = None
    if explain is not None:
        from headstart.commands.maps import Maps  # not for rows: Pillow takes 0.1 s

        maps = Maps(classifier, explain, inputs, force)
    answers = _Answers(classifier, photos(inputs), top, maps)
    if form == "csv":
        _csv(answers)
    else:
        _WRITERS[form](answers, quiet)
    if answers.failed and not answers.given:
        raise none_readable(answers.failed, answers.first_fault)


class _Answers:
    """The answers in the order of the inputs, a few hundred photos at a time.

    Args:
        maps: draws heat maps, if they are wanted.
    """

    def __init__(
        self, classifier: Classifier, paths: Iterator[str], top: int, maps: "Maps | None"
    ) -> None:
        self.classes = classifier.classes
        self.top = top
        self.doubts = classifier.manifest.threshold is not None
        self.given = 0
        self.failed = 0
        self.first_fault = ""
        self.maps = maps
        self._classifier = classifier
        self._paths = paths

    def __iter__(self) -> Iterator[Answer]:
        while chunk := list(islice(self._paths, _CHUNK)):
            rows, far, faults = self._classifier.try_answer(chunk)
            said = self._classifier.doubt.answers(rows, far, self.classes)
            good = [path for i, path in enumerate(chunk) if i not in faults]
            drawn = self.maps.of(good) if self.maps else None
            for i, path in enumerate(chunk):
                name = printable(path)
                if i in faults:
                    self.failed += 1
                    self.first_fault = self.first_fault or f"{name}: {faults[i]}"
                    yield {"input": name, "error": faults[i]}
                    continue
                self.given += 1
                (top,) = _best(rows[i : i + 1], self.classes, self.top)
                mapped = {"map": next(drawn)} if drawn else {}
                yield {"input": name, **_said(said[i], top), "top": top, **mapped}


class _RowAnswers:
    """The answers to the rows of each file in turn."""

    def __init__(
        self,
        classifier: Classifier,
        inputs: Sequence[str],
        encoding: str,
        top: int,
        listen: Listener,
    ) -> None:
        self.classes = classifier.classes
        self.top = top
        self._classifier, self._inputs, self._listen = classifier, inputs, listen
        self._encoding = encoding

    def __iter__(self) -> Iterator[Answer]:
        for names, made in self.parts():
            best = _best(made, self.classes, self.top)
            said = self._classifier.doubt.answers(made, None, self.classes)
            for name, top, answer in zip(names.to_list(), best, said, strict=True):
                yield {"input": name, **_said(answer, top), "top": top}

    def parts(self) -> "Iterator[tuple[pl.Series, NDArray[np.float32]]]":
        """What some rows are called, and their probabilities, float32 (n, n_classes)."""
        import polars as pl  # not for photos: it takes 0.15 s

        for item in self._inputs:
            ahead = f"{printable(item)}: " if len(self._inputs) > 1 else ""
            for numbers, made in self._of(item):
                yield f"{ahead}row " + pl.Series(numbers).cast(pl.String), made

    def _of(self, item: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        rows = records(item)
        if rows is None:
            encoding = self._encoding if text_files([item]) else "utf-8"
            yield from self._classifier.of_file(Path(item), self._listen, encoding)
            return
        made = self._classifier.of_rows(rows, self._listen)
        yield np.arange(1, len(made) + 1), made


def _said(said: Said, top: list[Answer]) -> Answer:
    """The class that is answered, with its probability; or what is nearest, and why not."""
    if said.why is None:
        return top[0]
    return {**top[0], "class": said.label, "nearest": said.nearest, "why": said.why}


def _best(made: NDArray[np.float32], classes: Sequence[str], most: int) -> Iterator[list[Answer]]:
    """The most probable classes of each row of (n, n_classes), the first of them first."""
    best, shares = ranked(made, most)
    for numbers, row in zip(best.tolist(), shares.tolist(), strict=True):
        yield [
            {"class": classes[j], "probability": share}
            for j, share in zip(numbers, row, strict=True)
        ]


def _table(answers: _Answers | _RowAnswers, quiet: bool) -> None:
    for answer in answers:
        if "error" not in answer:
            shares = (f"{each['class']} {each['probability']:.1%}" for each in answer["top"])
            unknown = f"{answer['class']} ({answer['why']}); nearest " if "why" in answer else ""
            print(f"{answer['input']}  {unknown}{'  '.join(shares)}")
        elif not quiet:
            print(f"{answer['input']}: {answer['error']}", file=sys.stderr)


def _json(answers: _Answers | _RowAnswers, _quiet: bool) -> None:
    document = {"format": 1, "classes": answers.classes, "predictions": list(answers)}
    print(json.dumps(document, indent=2))


def _json_lines(answers: _Answers | _RowAnswers, _quiet: bool) -> None:
    for answer in answers:
        print(json.dumps(answer), flush=True)


def _csv(answers: _Answers) -> None:
    numbers = range(1, answers.top + 1)
    columns = [column for i in numbers for column in (f"class_{i}", f"probability_{i}")]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    doubts = ["answer", "why"] if answers.doubts else []
    mapped = ["map"] if answers.maps else []
    writer.writerow(["input", *doubts, *columns, *mapped, "error"])
    named = {name: escaped(name) for name in answers.classes}
    for answer in answers:
        cells: list[Any] = []
        if doubts:
            cells += (escaped(answer.get("class", "")), answer.get("why", ""))
        for each in answer.get("top", ()):
            cells += (named[each["class"]], each["probability"])
        blanks = [""] * (len(doubts) + len(columns) - len(cells))
        blanks += [escaped(answer.get(name) or "") for name in mapped]
        writer.writerow([escaped(answer["input"]), *cells, *blanks, answer.get("error", "")])


_WRITERS = {"table": _table, "json": _json, "jsonl": _json_lines}
