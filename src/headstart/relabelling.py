"""A run made again with labels mended: the same samples on the same sides, and what it changed."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.data import decisions
from headstart.errors import ModelError, OptionError, SourceError
from headstart.evaluation.paired import Paired
from headstart.events import Listener, nobody
from headstart.options import TrainOptions, options_from
from headstart.pipeline import train_with
from headstart.report.words import judged
from headstart.run import DECISIONS, SPLIT, Run
from headstart.store.files import printable


@dataclass(frozen=True)
class Relabelled:
    """A run and the one that it was made again from.

    Attributes:
        run: the new one.
        change: the new classifier against the old one, on the samples that judge both, by their
            labels as they are now; None: there are none.
    """

    run: Run
    before: Run
    change: Paired | None


def relabel(
    run: str | Path,
    fixes: str | Path,
    out: str | Path | None = None,
    *,
    source: str | Path | None = None,
    force: bool = False,
    listen: Listener = nobody,
) -> Relabelled:
    """Train again as a run did, with decisions about its labels done.

    Decisions of earlier times, which the run was made with, hold too.

    Args:
        run: the folder of a run on photos.
        fixes: a CSV file with `sample` or `sha256` of photos, and a `decision` for each: see
            `data.decisions`.
        out: the folder of the new run (default: the next free `runs/NAME-N`).
        source: where the photos of the run lie now, if they were moved (default: where they lay).
        force: replace the run that is there.

    Raises:
        SourceError: the list says nothing, or nothing that can be done, or the photos are gone.
        HeadstartError: as `pipeline.train`.
    """
    before = Run.open(run)
    if before.metrics["kind"] != "training" or before.metrics["task"] != "image":
        raise ModelError(
            "is no run of `headstart train` on photos.",
            where=printable(str(before.folder)),
            mend="Give one; labels in a table are mended in the table.",
        )
    made = decisions.read(Path(fixes))
    if not made:
        raise OptionError(
            "decides nothing: its column `decision` is empty.",
            where=printable(str(fixes)),
            mend=f"Write {', '.join(decisions.WHATS[:-1])} or {decisions.WHATS[-1]} into it.",
        )
    photos = before.options["source"] if source is None else source
    if not os.path.exists(photos):
        raise SourceError(
            "does not exist, though the photos of the run lay there."
            if source is None
            else "does not exist.",
            where=printable(str(photos)),
            mend="Say with --source where the photos of the run lie now.",
        )
    earlier = before.folder / DECISIONS
    if earlier.is_file():
        _refuse_gone(made, decisions.read(earlier), fixes)
    predictions = before.predictions  # now, for its folder may be replaced
    given = {
        **before.options["options"],
        # who stands where is in the file; nothing is drawn
        **dict.fromkeys(("per_class", "validation", "test")),
        "split": before.folder / SPLIT,
        "decisions": (*([earlier] if earlier.is_file() else []), Path(fixes)),
    }
    options = options_from(TrainOptions, given)
    after = train_with(options, photos, out, force=force, listen=listen)
    return Relabelled(after, before, _change(predictions, after))


def _refuse_gone(
    made: list[decisions.Decision], earlier: list[decisions.Decision], fixes: str | Path
) -> None:
    """Refuse to bring back what an earlier decision left out: it stands on no side of the run."""
    out = {each.sample for each in earlier if each.what == "leave out"}
    if back := [each.sample for each in made if each.sample in out and each.what != "leave out"]:
        raise OptionError(
            f"decides on {', '.join(back)}, which an earlier decision left out.",
            where=printable(str(fixes)),
            mend="Take these rows out of the list, or decide on them for the run before that.",
        )


def _change(before: list[dict[str, str]], after: Run) -> Paired | None:
    side = judged(after.metrics)[0].replace("_", "-")
    said = {row["sample"]: row["predicted"] for row in before if row["split"] == side}
    rows = [row for row in after.predictions if row["split"] == side and row["sample"] in said]
    new = np.array([row["predicted"] == row["label"] for row in rows], np.bool_)
    old = np.array([said[row["sample"]] == row["label"] for row in rows], np.bool_)
    return Paired.of(new, old) if len(rows) else None
