"""What the sections of the tutorial share: what they are given, one training, a few figures."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headstart.events import Listener
from headstart.options import TrainOptions, as_flags, options_from
from headstart.pipeline import train_with
from headstart.report.sections import Fact, Section
from headstart.report.words import percent
from headstart.run import REPORT, Run


@dataclass(frozen=True)
class Given:
    """What the sections are run on; what is not given leaves its sections out.

    Attributes:
        cats_dogs, sign_digits: labelled photos, in any layout that `train` takes.
        photos: a folder of photos to name.
        weights: a folder of Keras' weight files; `random` to see that all runs; None: those
            that Keras has, or fetches.
        quick: take few photos and one epoch; then the figures say nothing.
    """

    cats_dogs: Path | None = None
    sign_digits: Path | None = None
    photos: Path | None = None
    weights: Path | str | None = None
    quick: bool = False


class LackingError(Exception):
    """The section lacks something that the user can give."""


@dataclass(frozen=True)
class Steps:
    """What the sections are run on, and where what they make goes."""

    given: Given
    folder: Path
    listen: Listener

    def train(
        self, section: Section, name: str, source: Path, options: Mapping[str, Any]
    ) -> tuple[Section, Run]:
        """`headstart train` into a run of that name.

        Returns:
            The section with command, confusion matrix and page of the run; and the run.
        """
        chosen = options_from(TrainOptions, options)
        run = train_with(chosen, source, self.folder / name, listen=self.listen)
        told = replace(
            section,
            command=shlex.join(["headstart", "train", str(source), *as_flags(options)]),
            classes=run.metrics["classes"],
            ours=run.metrics["test"]["confusion_matrix"],
            page=f"{name}/{REPORT}",
        )
        return told, run


def accuracy(metrics: Mapping[str, Any], side: str) -> str:
    return percent(metrics[side]["accuracy"])


def parameters(metrics: Mapping[str, Any], published: int, trained: int) -> Iterator[Fact]:
    yield Fact("parameters", f"{published:,}", f"{metrics['parameters']:,}")
    yield Fact("trained", f"{trained:,}", f"{metrics['trainable_parameters']:,}")


def megabytes(path: Path) -> str:
    size = path.stat().st_size / 1e6
    return f"{size:,.0f} MB" if size >= 10 else f"{size:.2g} MB"
