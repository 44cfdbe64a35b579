"""Progress and notices of a long job, on the standard error of a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from headstart.events import Epoch, Event, Listener, Notice, Progress, nobody


@contextmanager
def listening(quiet: bool) -> Iterator[Listener]:
    """A listener that writes to standard error: notices and a line an epoch always, a progress
    bar if it is a terminal; nothing at all if `quiet`."""
    if quiet:
        yield nobody
        return
    if not sys.stderr.isatty():
        yield _print_line
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            if not isinstance(event, Progress):
                console.print(_line(event), markup=False)
            elif event.stage in tasks:
                bar.update(tasks[event.stage], completed=event.done, note=event.note)
            else:
                tasks[event.stage] = bar.add_task(
                    event.stage, completed=event.done, total=event.total, note=event.note
                )

        yield listen


def _print_line(event: Event) -> None:
    if not isinstance(event, Progress):
        print(_line(event), file=sys.stderr, flush=True)


def _line(event: Notice | Epoch) -> str:
    if isinstance(event, Notice):
        return event.text
    figures = event.figures
    line = f"epoch {event.number} of {event.total}: loss {figures['loss']:.4f}, "
    line += f"accuracy {figures['accuracy']:.1%}"
    if "val_loss" in figures:
        line += f"; validation loss {figures['val_loss']:.4f}, "
        line += f"accuracy {figures['val_accuracy']:.1%}"
    return line
