"""A sheet of photos, each with its most probable classes beside it as bars."""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from headstart.report.words import one_line, percent
from headstart.store.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from headstart.report.figure import NotebookFigure

MOST_PHOTOS = 50
MOST_CLASSES = 10

_FIRST, _OTHERS, _TRACK = "#2e70c2", "#a9c4e6", "#f0f2f5"

# In inches, from the left: margin and photo, names, bars, figures.
_PHOTO, _NAMES, _BARS, _FIGURES, _MARGIN = 2.6, 2.5, 2.6, 0.8, 0.2
_WIDTH = 3 * _MARGIN + _PHOTO + _NAMES + _BARS + _FIGURES
_BAR, _TITLE = 0.29, 0.25  # the height of a bar with what is between two; of a photo's name


class Photo(NamedTuple):
    """One row of the sheet.

    Attributes:
        title: what it is called, as a rule its file name.
        picture: the content of an image file.
        guesses: names and probabilities, the most probable first.
    """

    title: str
    picture: bytes
    guesses: Sequence[tuple[str, float]]


def sheet(photos: Sequence[Photo]) -> "NotebookFigure":
    """Draw a row for each of at most `MOST_PHOTOS` photos, with up to `MOST_CLASSES` bars."""
    from headstart.report.figure import NotebookFigure

    bars = min(max(len(photo.guesses) for photo in photos), MOST_CLASSES)
    height = max(_TITLE + bars * _BAR, 1.5) + 2 * _MARGIN
    tall = height * len(photos)
    figure = NotebookFigure(figsize=(_WIDTH, tall), dpi=120)
    axes = figure.add_axes((0, 0, 1, 1))
    for i, photo in enumerate(photos):
        _draw(axes, photo, tall - i * height - _MARGIN, height - 2 * _MARGIN)
    axes.set_axis_off()
    axes.set(xlim=(0, _WIDTH), ylim=(0, tall))  # so that all is drawn in inches
    return figure


def save_sheet(photos: Sequence[Photo], path: Path) -> None:
    """Write the sheet as a PNG file in one step.

    Raises:
        OutputError: the file cannot be written.
    """
    figure = sheet(photos)
    with warnings.catch_warnings():
        # A script that the font lacks is drawn as boxes; the terminal has the name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        write_bytes(path, figure.to_png())


def _draw(axes: "Axes", photo: Photo, top: float, height: float) -> None:
    """One row of so much height, whose upper edge is at `top`."""
    picture = Image.open(BytesIO(photo.picture))
    scale = min(_PHOTO / picture.width, height / picture.height)
    wide, high = picture.width * scale, picture.height * scale
    axes.imshow(picture, extent=(_MARGIN, _MARGIN + wide, top - high, top), aspect="auto")

    guesses = photo.guesses[:MOST_CLASSES]
    names = _MARGIN + _PHOTO + _MARGIN
    bars = names + _NAMES
    style: dict[str, Any] = {"fontsize": 9, "parse_math": False}
    axes.text(names, top, _short(photo.title), va="top", color="0.4", **style)
    rows = [top - _TITLE - (i + 0.5) * _BAR for i in range(len(guesses))]
    lengths = [share * _BARS for _, share in guesses]
    colours = [_FIRST, *[_OTHERS] * (len(rows) - 1)]
    axes.barh(rows, _BARS, left=bars, height=0.62 * _BAR, color=_TRACK)
    axes.barh(rows, lengths, left=bars, height=0.62 * _BAR, color=colours)
    style["va"] = "center_baseline"
    for i, (name, share) in enumerate(guesses):
        weight = "normal" if i else "bold"
        axes.text(names, rows[i], name, fontweight=weight, **style)
        axes.text(bars + _BARS + 0.08, rows[i], percent(share), fontweight=weight, **style)


def _short(title: str, most: int = 48) -> str:
    """A title on one line; of a long path the end is kept, where the file name is."""
    title = one_line(title)
    return title if len(title) <= most else f"…{title[1 - most :]}"
