"""`headstart train`: the main job."""

from pathlib import Path
from typing import Annotated

from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.options import TrainOptions
from headstart.pipeline import train_with
from headstart.report.terminal import summary

_DEFAULTS = TrainOptions()


def run(
    source: str,
    /,
    *,
    out: Path | None = None,
    force: Flag = False,
    resume: Flag = False,
    options: Annotated[TrainOptions, Flat] = _DEFAULTS,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Train a classifier on labelled photos or rows, judge it, and write a page on it.

    Parameters
    ----------
    source
        Photos: a folder with one folder a class, a zip of it, or a list with --image-column; see
        docs/data.md. Rows: a CSV, TSV, Parquet or Arrow file with --target; see docs/tables.md.
    out
        Folder for the results. [default: runs/NAME-N]
    force
        Replace the run that is in --out.
    resume
        Go on with a training that was cut off, in --out or the newest of runs/NAME-N.
    json
        Print the figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        run = train_with(options, source, out, force=force, resume=resume, listen=listen)
    if json:
        print_json({**run.metrics, "run": str(run.folder)})
    elif not quiet:
        print(summary(run.metrics, run.report()))
