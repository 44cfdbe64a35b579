"""`headstart report`: the page of a run, written again."""

from pathlib import Path

from headstart.commands.output import Flag, print_json
from headstart.pipeline import report
from headstart.report.terminal import summary
from headstart.run import Run


def run(run: Path, /, *, json: Flag = False, quiet: Flag = False) -> None:
    """Write the page of a run again.

    Parameters
    ----------
    run
        The run folder.
    json
        Print the run's figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    page = report(run)
    metrics = Run.open(run).metrics
    if json:
        print_json({**metrics, "report": str(page)})
    elif not quiet:
        print(summary(metrics, page))
