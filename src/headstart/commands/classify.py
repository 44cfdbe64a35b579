"""`headstart classify`: which of ImageNet's 1,000 classes is on a photo, without training."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from headstart.backbone import catalog, imagenet
from headstart.backbone.catalog import Backbone
from headstart.backbone.engine import Engine
from headstart.backbone.weights import resolve
from headstart.commands.inputs import none_readable, photos
from headstart.commands.output import Flag, print_json
from headstart.commands.progress import listening
from headstart.data.pixels import Unreadable, decode, read_image, thumbnail
from headstart.errors import OptionError, SourceError
from headstart.parallel import side_by_side
from headstart.report.guesses import MOST_PHOTOS, Photo, save_sheet
from headstart.report.words import percent
from headstart.store.files import printable
from headstart.store.target import spare

_LONGEST = 480  # pixels of a photo on the sheet


def run(
    *images: Annotated[str, Parameter(allow_leading_hyphen=True)],
    top: int = 5,
    sheet: Path | None = None,
    backbone: str = catalog.DEFAULT,
    weights: str | None = None,
    force: Flag = False,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Name what is on photos: ImageNet's 1,000 classes, no training.

    Parameters
    ----------
    images
        Files, folders, patterns in quotes, or - for paths on standard input, one a line.
    top
        How many classes to give for each photo, the most probable first.
    sheet
        Also draw each photo beside its classes (ten at most), as a PNG file.
    backbone
        Pretrained network (`headstart backbones` lists them); all but the default need Keras.
    weights
        The network's weight file in Keras' format, with its top; else the published one.
    force
        Replace the sheet that is there.
    json
        Print the answers as one JSON document.
    quiet
        Do not name photos that cannot be read on standard error.
    """
    classify(images, top, sheet, backbone, weights, force=force, json=json, quiet=quiet)


def classify(
    images: tuple[str, ...],
    top: int,
    sheet: Path | None,
    backbone: str,
    weights: str | None,
    *,
    force: bool,
    json: bool,
    quiet: bool,
) -> None:
    """Write the most probable classes of each photo to standard output, and draw the sheet.

    Raises:
        OptionError: an option does nothing here, or there are more photos than a sheet takes.
        SourceError: there is no input, or no photo among them can be read.
        ModelError: the weight file does not fit, or lacks the top.
        MissingError: weights or Keras are needed and are not here.
        OutputError: the sheet is there already, or cannot be written.
    """
    if top < 1:
        raise OptionError(f"--top {top} asks for no class.", mend="Give 1 or more.")
    if not images:
        raise SourceError("There is nothing to classify.", mend="Name photos, folders, or -.")
    row, paths = catalog.find(backbone), photos(images)
    if sheet is not None:
        _check_sheet(sheet, force)
        paths = _few(paths)
    with listening(quiet) as listen:
        found = resolve(row, weights, listen, top=True)
        if found.path is None:
            raise OptionError(
                "random weights tell no classes apart.",
                where="--weights",
                mend="Leave it out, or give a weight file.",
            )
        answers = _Answers(row, imagenet.network(row, found, listen), paths, top, sheet)
    if json:
        document = {"format": 1, "backbone": row.name, "weights": found.digest}
        print_json(document | {"predictions": list(answers)})
    else:
        _print(answers, quiet)
    if answers.failed and not answers.given:
        raise none_readable(answers.failed, answers.first_fault)
    if sheet is not None and answers.shown:
        save_sheet(answers.shown, sheet)


def _check_sheet(sheet: Path, force: bool) -> None:
    where = printable(str(sheet))
    if sheet.suffix.lower() != ".png":
        raise OptionError(
            "is not the name of a PNG file.", where=where, mend="Give --sheet a name with .png."
        )
    spare(sheet, force)


def _few(paths: Iterator[str]) -> Iterator[str]:
    """The same paths, once it is known that they have room on a sheet."""
    first = list(islice(paths, MOST_PHOTOS + 1))
    if len(first) > MOST_PHOTOS:
        raise OptionError(
            f"--sheet has room for {MOST_PHOTOS} photos, and there are more.",
            mend="Give fewer, or leave --sheet out.",
        )
    return iter(first)


class _Answers:
    """The answers in the order of the inputs, a few photos at a time.

    Attributes:
        given, failed: how many photos were answered, and how many could not be read.
        first_fault: which was the first of those, and why.
        shown: the rows of the sheet, if one is wanted.
    """

    def __init__(
        self, row: Backbone, engine: Engine, paths: Iterator[str], top: int, sheet: Path | None
    ) -> None:
        self.given = 0
        self.failed = 0
        self.first_fault = ""
        self.shown: list[Photo] = []
        self._size = row.size
        self._engine = engine
        self._paths = paths
        self._top = top
        self._sheet = sheet is not None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for path, answer in side_by_side(self._answer, self._paths, self._engine.parallel):
            name = printable(path)
            if isinstance(answer, str):
                self.failed += 1
                self.first_fault = self.first_fault or f"{name}: {answer}"
                yield {"input": name, "error": answer}
                continue
            self.given += 1
            best, picture = answer
            if self._sheet:
                pairs = [(guess.name, guess.probability) for guess in best]
                self.shown.append(Photo(os.path.basename(name), picture, pairs))
            top = [asdict(guess) | {"probability": round(guess.probability, 6)} for guess in best]
            yield {"input": name, **top[0], "top": top}

    def _answer(self, path: str) -> tuple[list[imagenet.Guess], bytes] | str:
        """Classes and, for the sheet, a small picture; or why the photo cannot be read."""
        try:
            data = read_image(path)
            pixels = decode(data, self._size, "squash")
            picture = thumbnail(data, _LONGEST) if self._sheet else b""
        except Unreadable as fault:
            return fault.reason
        return imagenet.best(self._engine.run(pixels[np.newaxis])[0], self._top), picture


def _print(answers: _Answers, quiet: bool) -> None:
    """A photo's name, then a line for each class: probability, name, WordNet id."""
    for answer in answers:
        if "error" not in answer:
            print(answer["input"])
            for each in answer["top"]:
                share = percent(each["probability"])
                print(f"{share:>12}  {each['name']:<32}{each['wnid']}")
        elif not quiet:
            print(f"{answer['input']}: {answer['error']}", file=sys.stderr)
