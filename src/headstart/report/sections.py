"""The page of a tutorial: each section as it was published and as it is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from headstart.report import views
from headstart.report.html import data_uri, environment

Counts = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Fact:
    """One figure, as it was published and as it is here."""

    what: str
    published: str
    ours: str


@dataclass(frozen=True)
class Section:
    """A section of a tutorial.

    Attributes:
        title, about: what it is, and what is done in it.
        command: the command that does it here.
        facts: figures side by side, the chief one first.
        classes, published, ours: the two confusion matrices of the test set, if there are any.
        page: the report of its run, and `picture` a PNG file, both relative to the folder.
        seconds: how long it took here.
        fault: why it was not run; `failed`: it was begun, and an error ended it.
    """

    title: str
    about: str
    command: str = ""
    facts: Sequence[Fact] = ()
    classes: Sequence[str] = ()
    published: Counts | None = None
    ours: Counts | None = None
    page: str | None = None
    picture: str | None = None
    seconds: float | None = None
    fault: str = ""
    failed: bool = False

    @property
    def matrices(self) -> list[tuple[str, list[list[views.Cell]]]]:
        """Both confusion matrices as the page shows them."""
        both = {"Published": self.published, "Here": self.ours}
        return [(name, views.matrix(m, self.classes).counts) for name, m in both.items() if m]


def render(sections: Sequence[Section], folder: Path, quick: bool) -> str:
    """The page, a whole HTML document.

    Args:
        folder: where it will lie, with runs and pictures beside it.
        quick: too little was trained on for the figures to mean anything.
    """
    pictures = {
        each.picture: data_uri("image/png", (folder / each.picture).read_bytes())
        for each in sections
        if each.picture
    }
    return (
        environment()
        .get_template("sections.html")
        .render(
            sections=sections,
            done=[each for each in sections if not each.fault],
            seconds=sum(each.seconds or 0 for each in sections),
            pictures=pictures,
            quick=quick,
            version=version("headstart"),
        )
    )
