"""`headstart evaluate`: judge a classifier by other photos."""

from pathlib import Path
from typing import Annotated

from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.options import Layout
from headstart.pipeline import evaluate
from headstart.report.terminal import summary

_DEFAULTS = Layout()


def run(
    model: Path,
    source: str,
    /,
    *,
    layout: Annotated[Layout, Flat] = _DEFAULTS,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Judge a classifier by other photos whose labels are known.

    Parameters
    ----------
    model
        A bundle or a run folder.
    source
        Labelled photos, in any layout that `train` takes.
    json
        Print the figures as one JSON document, the scores under "test".
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        metrics = evaluate(model, source, layout, listen)
    if json:
        print_json(metrics)
    elif not quiet:
        print(summary(metrics))
