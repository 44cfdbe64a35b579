"""`headstart evaluate`: judge a classifier by other photos."""

from pathlib import Path
from typing import Annotated

from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.errors import OptionError
from headstart.judging import evaluate
from headstart.options import Layout
from headstart.report.terminal import summary
from headstart.run import REPORT

_DEFAULTS = Layout()


def run(
    model: Path,
    source: str,
    /,
    *,
    out: Path | None = None,
    force: Flag = False,
    layout: Annotated[Layout, Flat] = _DEFAULTS,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Judge a classifier by other photos or rows whose labels are known.

    Parameters
    ----------
    model
        A bundle or a run folder.
    source
        Labelled photos or rows, in any layout that `train` takes.
    out
        Also make this folder, with a page on the figures as `train` writes one.
    force
        Replace the run that is in --out.
    json
        Print the figures as one JSON document, the scores under "test".
    quiet
        Print nothing but errors.
    """
    if force and out is None:
        raise OptionError("--force does something only with --out.", mend="Leave it out.")
    with listening(quiet) as listen:
        metrics = evaluate(model, source, layout, listen, out=out, force=force)
    if json:
        print_json(metrics)
    elif not quiet:
        print(summary(metrics, out / REPORT if out else None))
