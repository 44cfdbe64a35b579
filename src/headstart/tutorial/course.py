"""The sections of a tutorial on Keras, done here one after another.

A section that lacks its photos or weights is not run, and says so.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from headstart.errors import HeadstartError, Interrupted, MissingError
from headstart.events import Listener, Notice
from headstart.report.sections import Section
from headstart.store.files import printable
from headstart.tutorial.lessons import PHOTOS, TABLE
from headstart.tutorial.photos import PhotoSections
from headstart.tutorial.steps import Given, LackingError, Steps
from headstart.tutorial.table import TableSections

_NOT_REACHED = "not reached"


def sections(
    given: Given, folder: Path, listen: Listener, tell: Callable[[list[Section]], None]
) -> list[Section]:
    """Run every section in its order.

    Args:
        folder: where runs, pictures and saved models go.
        tell: is given all sections, those to come too, whenever one is done.

    Raises:
        Interrupted: stopped from outside; what was done was told.
    """
    steps = Steps(given, folder, listen)
    parts = ((TABLE, TableSections(steps)), (PHOTOS, PhotoSections(steps)))
    lessons = [
        (getattr(part, name), *text) for names, part in parts for name, text in names.items()
    ]
    found = [Section(title, about, fault=_NOT_REACHED) for _, title, about in lessons]
    for number, (run, title, about) in enumerate(lessons):
        section = Section(title, about)
        listen(Notice(f"{number + 1} of {len(found)}: {title}"))
        start = perf_counter()
        try:
            done = run(section)
            found[number] = replace(done, seconds=round(perf_counter() - start, 2))
        except (LackingError, MissingError) as error:
            found[number] = replace(section, fault=str(error))
        except Interrupted as error:
            raise Interrupted(
                error.problem, mend=f"What was finished is in {printable(str(folder))}."
            ) from error
        except HeadstartError as error:
            found[number] = replace(section, fault=str(error), failed=True)
        if found[number].fault:
            listen(Notice(f"Not run: {found[number].fault}"))
        tell(found)
    return found
