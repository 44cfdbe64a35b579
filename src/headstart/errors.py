"""Every error that headstart raises on purpose.

    HeadstartError
    ├── InputError              exit 2: the call or the input is at fault
    │   ├── OptionError         an option, or two that do not go together
    │   ├── SourceError         the photos, the table, or the list that names them
    │   ├── ModelError          a model file or a run folder
    │   ├── OutputError         the place where the result was to be written
    │   └── MissingError        something must be installed or fetched first
    └── Interrupted             exit 130: stopped from outside, the work so far is kept

Each says what is wrong, where, and how to mend it. Anything else that reaches the
user is a bug of ours: exit 1, and a request for a report.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any


class HeadstartError(Exception):
    """An error with its place and its mend.

    Args:
        problem: what is wrong, a sentence with its full stop.
        mend: what the user can do about it, a sentence with its full stop.
        where: the file, row or option at fault, if one can be named.
    """

    exit_code = 1

    def __init__(self, problem: str, *, mend: str, where: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend
        self.where = where

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross processes (scikit-learn's `n_jobs`, child processes) by pickle."""
        return partial(type(self), mend=self.mend, where=self.where), (self.problem,)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.problem} {self.mend}"


class InputError(HeadstartError):
    """The call or the input is at fault."""

    exit_code = 2


class OptionError(InputError):
    """An option has a wrong value, does nothing here, or contradicts another."""


class SourceError(InputError):
    """The photos or the table cannot be used as they are."""


class ModelError(InputError):
    """A model file or run folder cannot be opened."""


class OutputError(InputError):
    """The result cannot be written where it was to go."""


class MissingError(InputError):
    """A package or a weight file is needed and is not there."""


class Interrupted(HeadstartError):
    """Stopped from outside; the work so far is kept."""

    exit_code = 130


def few(names: Sequence[str], most: int = 5) -> str:
    """Some names as a sentence lists them: the first of them, and how many more there are."""
    more = [f"{len(names) - most:,} more"] if len(names) > most else []
    *first, last = [*names[:most], *more]
    return f"{', '.join(first)} and {last}" if first else last
