"""What a long job tells whoever listens: a terminal, a notebook, later a page."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units of a stage; a stage begins with `done == 0`."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence that the user should read, which stops nothing."""

    text: str


Event = Progress | Notice
Listener = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """A listener that does not listen."""
