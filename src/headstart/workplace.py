"""Where a run is made: in a hidden folder beside its own, which it takes when it is finished.

A reader of `NAME` sees the old run or the new one, never half of either. While a run is made
there lie beside it

    .NAME.part/  the run so far; it stays where a training was cut off that can go on
    .NAME.lock   held by the process that makes it; beside the folder, not in it, for Windows
                 renames no folder with an open file
    .NAME.old/   what is replaced, for the moment of the change
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from headstart.bundle.locate import BUNDLE
from headstart.errors import OptionError, OutputError
from headstart.run import (
    CARD,
    COLUMNS,
    DECISIONS,
    FINDINGS,
    HISTORY,
    MATRIX,
    METRICS,
    OPTIONS,
    PREDICTIONS,
    REPORT,
    SPLIT,
    SUSPECTS,
)
from headstart.store.files import printable, sync_folder
from headstart.store.lock import HeldError, locked

CHECKPOINT = "checkpoint"
LAST = "last.safetensors"  # in CHECKPOINT; a training that was cut off goes on from it

RUN_FILES = frozenset(
    {
        *(BUNDLE, CARD, COLUMNS, FINDINGS, HISTORY, MATRIX, METRICS),
        *(OPTIONS, PREDICTIONS, REPORT, SPLIT, SUSPECTS, DECISIONS),
    }
)
_ALSO = (CHECKPOINT, ".DS_Store", "Thumbs.db", "desktop.ini")  # the last from file managers
_HALF_WRITTEN = re.compile(r"\.new-\w+|\.[0-9a-f]{32}\.part")
_ATTEMPTS = 10


@dataclass(frozen=True)
class Workplace:
    """A run that is being made.

    Attributes:
        run: the folder that it will have, absolute.
    """

    run: Path

    @property
    def folder(self) -> Path:
        """The folder to write into until then."""
        return self._beside("part")

    @property
    def unfinished(self) -> bool:
        """Whether a training was cut off here that can go on."""
        return (self.folder / CHECKPOINT / LAST).is_file()

    @property
    def old(self) -> Path:
        """Where the run that is replaced lies for a moment."""
        return self._beside("old")

    @property
    def lock(self) -> Path:
        """Held while the run is made."""
        return self._beside("lock")

    def _beside(self, kind: str) -> Path:
        return self.run.with_name(f".{self.run.name}.{kind}")


class _TakenError(OutputError):
    """This folder has its run; the next number may be free."""


@contextmanager
def new_run(
    source: Path, out: str | Path | None, *, force: bool = False, resume: bool = False
) -> Iterator[Workplace]:
    """A workplace for a run; its folder becomes the run's when the block ends.

    It is made at once, so that a read-only place is found now and not after the training. If
    the block fails nothing of it stays, unless it holds a checkpoint: then it waits for
    `resume`.

    Args:
        source: what is trained on; the run must not lie in it.
        out: the run's folder, or None for the next free `runs/NAME-N`; with `resume`, for the
            newest of them that is unfinished.
        force: replace the run that is there, and forget a training that was cut off.
        resume: go on with a training that was cut off, if there is one.

    Raises:
        OptionError: `force` and `resume` together.
        OutputError: the folder is in use, inside the source, holds something else, or cannot
            be written.
    """
    if force and resume:
        raise OptionError("--resume goes on and --force begins again.", mend="Leave one out.")
    with ExitStack() as held:
        place = _claimed(held, source, out, force, resume)
        replace = force or place.unfinished  # what is gone on with may have been forced
        try:
            yield place
        except BaseException:
            if not place.unfinished:
                shutil.rmtree(place.folder, ignore_errors=True)
            raise
        _take_its_place(place, replace)


def _claimed(
    held: ExitStack, source: Path, out: str | Path | None, force: bool, resume: bool
) -> Workplace:
    """The first place that can be had; it is locked until `held` closes."""
    for place in _candidates(source, out, resume):
        with ExitStack() as claim:
            try:
                _claim(claim, place, source, force, resume)
            except _TakenError:
                if out is not None or resume:
                    raise
                continue
            except OSError as error:
                raise _refused(place, f"cannot be written to ({error.strerror}).") from error
            held.push(claim.pop_all())
            return place
    raise AssertionError("there is always one more number")


def _candidates(source: Path, out: str | Path | None, resume: bool) -> Iterator[Workplace]:
    if out is not None:
        yield Workplace(Path(os.path.realpath(out)))
        return
    path = Path(os.path.realpath(source))
    name = (path.name if path.is_dir() else path.stem) or "run"
    runs = Path(os.path.realpath("runs"))
    if resume:
        begun = re.compile(rf"(\.?){re.escape(name)}-([1-9]\d*)(\.part)?", re.ASCII)
        found = [match for path in runs.glob("*") if (match := begun.fullmatch(path.name))]
        places = {int(match[2]): Workplace(runs / f"{name}-{match[2]}") for match in found}
        newest = [places[number] for number in sorted(places, reverse=True)]
        yield from [place for place in newest if place.unfinished][:1] or newest[:1]
    for number in count(1):
        place = Workplace(runs / f"{name}-{number}")
        if not os.path.lexists(place.run):
            yield place


def _claim(claim: ExitStack, place: Workplace, source: Path, force: bool, resume: bool) -> None:
    """Lock one place, look whether a run may be made there, and make its folder.

    What must be undone stands in `claim`, in this order: the empty folder, the lock, the
    folders above it.
    """
    if source.is_dir() and place.run.is_relative_to(os.path.realpath(source)):
        raise _refused(place, "lies inside the photos that are trained on.")
    if Path.cwd().is_relative_to(place.run):
        raise _refused(place, "is the folder that you are in, or above it.")
    claim.callback(_remove, [path for path in place.run.parents if not path.exists()])
    _lock(claim, place)
    _tidy(place)
    _refuse_taken(place, force, resume)
    if os.path.lexists(place.run):  # it must give way at the end: see now whether it can
        os.rename(place.run, place.old)
        os.rename(place.old, place.run)
    if not resume or not place.unfinished:
        _clear(place.folder)
    claim.callback(_remove, [place.folder])
    place.folder.mkdir(exist_ok=True)
    tempfile.TemporaryFile(dir=place.folder).close()


def _lock(claim: ExitStack, place: Workplace) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            if not place.run.parent.is_dir():
                place.run.parent.mkdir(parents=True, exist_ok=True)
            claim.enter_context(locked(place.lock))
            return
        except HeldError as holder:
            raise _TakenError(
                f"is being made by {holder}.",
                where=printable(str(place.run)),
                mend="Wait until it is done, or name another folder with --out.",
            ) from None
        except FileNotFoundError:  # a run that failed just now took away the folders it had made
            if attempt == _ATTEMPTS - 1:
                raise


def _tidy(place: Workplace) -> None:
    """Put right what a process left that was killed while the run took its place."""
    if not os.path.lexists(place.run):
        if (place.folder / METRICS).is_file():
            os.rename(place.folder, place.run)
            shutil.rmtree(place.run / CHECKPOINT, ignore_errors=True)
        elif place.old.is_dir():
            os.rename(place.old, place.run)
    _clear(place.old)


def _refuse_taken(place: Workplace, force: bool, resume: bool) -> None:
    run = place.run
    if os.path.lexists(run) and not run.is_dir():
        raise _refused(place, "is a file.")
    if run.is_dir() and any(run.iterdir()):
        if not _is_run(run):
            raise _refused(place, "holds files that are no run of headstart's.")
        _refuse_foreign(run)
        if resume and not place.unfinished:
            raise _refused(place, "is finished: there is nothing to go on with.")
    if place.unfinished and not (force or resume):
        raise _TakenError(
            "holds an unfinished training.",
            where=printable(str(run)),
            mend="--resume goes on, --force begins again.",
        )
    if run.is_dir() and any(run.iterdir()) and not (force or resume):
        raise _TakenError(
            "holds a run already.",
            where=printable(str(run)),
            mend="Name another folder with --out, or replace the run with --force.",
        )


def _is_run(folder: Path) -> bool:
    try:
        document = json.loads((folder / OPTIONS).read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return isinstance(document, dict) and document.keys() >= {"format", "source", "options"}


def _refuse_foreign(folder: Path) -> None:
    """Refuse to remove a folder in which something lies that no run has."""
    names = {path.name for path in folder.iterdir()} - RUN_FILES - {*_ALSO}
    foreign = sorted(name for name in names if not _HALF_WRITTEN.fullmatch(name))
    if foreign:
        raise OutputError(
            f"holds {printable(foreign[0])!r}, which is no file of a run.",
            where=printable(str(folder)),
            mend="Move it elsewhere, or name another folder with --out.",
        )


def _clear(folder: Path) -> None:
    """Remove what a process left that was killed."""
    if folder.is_dir():
        _refuse_foreign(folder)
        shutil.rmtree(folder)


def _take_its_place(place: Workplace, replace: bool) -> None:
    """Give the finished run its name; what had it goes.

    Raises:
        OutputError: something else has taken the name meanwhile. The run stays where it is.
    """
    try:
        if replace and place.run.is_dir():
            _refuse_foreign(place.run)
            os.rename(place.run, place.old)
        else:
            with suppress(FileNotFoundError):
                place.run.rmdir()  # no more than an empty folder can be there
        os.rename(place.folder, place.run)
        sync_folder(place.run.parent)
    except (OSError, OutputError) as error:
        if place.old.is_dir() and not place.run.exists():
            os.rename(place.old, place.run)
        raise OutputError(
            f"cannot take its place ({error}). The finished run is in {place.folder}.",
            where=printable(str(place.run)),
            mend="Move it from there before you train again.",
        ) from error
    shutil.rmtree(place.run / CHECKPOINT, ignore_errors=True)
    shutil.rmtree(place.old, ignore_errors=True)


def _refused(place: Workplace, problem: str) -> OutputError:
    return OutputError(
        problem, where=printable(str(place.run)), mend="Name another folder with --out."
    )


def _remove(folders: list[Path]) -> None:
    """Remove those of the folders that are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
