"""Progress and notices of a long job, on the standard error of a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from headstart.events import Epoch, Event, Listener, Notice, Progress, nobody

_EVERY = 5  # epochs that are told whatever their pace
_PAUSE_S = 0.5


@contextmanager
def listening(quiet: bool) -> Iterator[Listener]:
    """A listener that writes to standard error: notices and a line an epoch always, a progress
    bar if it is a terminal; nothing at all if `quiet`."""
    if quiet:
        yield nobody
        return
    due = _Pace()
    if not sys.stderr.isatty():
        yield lambda event: _print_line(event) if due(event) else None
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
            if not due(event):
                return
            if not isinstance(event, Progress):
                console.print(_line(event), markup=False)
            elif event.stage in tasks:
                bar.update(tasks[event.stage], completed=event.done, note=event.note)
            else:
                tasks[event.stage] = bar.add_task(
                    event.stage, completed=event.done, total=event.total, note=event.note
                )

        yield listen


class _Pace:
    """Whether an event is told: of many short epochs only some are."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, event: Event) -> bool:
        if not isinstance(event, Epoch) or event.number <= _EVERY:
            return True
        now = perf_counter()
        told = now - self._last > _PAUSE_S or event.number == event.total
        self._last = now if told else self._last
        return told


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
