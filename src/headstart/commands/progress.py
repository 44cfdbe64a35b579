"""Progress and notices of a long job, on the standard error of a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from headstart.events import Event, Listener, Notice, nobody


@contextmanager
def listening(quiet: bool) -> Iterator[Listener]:
    """A listener that writes to standard error: notices always, a progress bar if it is a
    terminal; nothing at all if `quiet`."""
    if quiet:
        yield nobody
        return
    if not sys.stderr.isatty():
        yield _print_notice
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            if isinstance(event, Notice):
                console.print(event.text, markup=False)
            elif event.stage in tasks:
                bar.update(tasks[event.stage], completed=event.done)
            else:
                tasks[event.stage] = bar.add_task(
                    event.stage, completed=event.done, total=event.total
                )

        yield listen


def _print_notice(event: Event) -> None:
    if isinstance(event, Notice):
        print(event.text, file=sys.stderr)
