"""What a long job tells whoever listens: a terminal, a notebook, later a page."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units of a stage; a stage begins with `done == 0`.

    Attributes:
        note: how it goes, in a few words, such as the loss so far.
    """

    stage: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch is done: once through all training samples.

    Attributes:
        number, total: 1 is the first.
        figures: loss and accuracy, and those on the validation samples as `val_loss` and
            `val_accuracy` where there are any.
        best: no epoch before had a lower loss on the validation samples.
    """

    number: int
    total: int
    figures: dict[str, float]
    best: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence that the user should read, which stops nothing."""

    text: str


Event = Progress | Epoch | Notice
Listener = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """A listener that does not listen."""
