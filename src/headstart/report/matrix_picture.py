"""The confusion matrix of a run as a PNG file, for slides.

Drawn by Pillow: to import matplotlib takes half a second of a run that is to be over in two.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from headstart.report.matrix import FEW_CLASSES
from headstart.report.plots import MOST_NAMED, colours, short, title
from headstart.store.files import write_bytes

_INK, _SOFT, _PAPER, _LINE = (38, 38, 38), (112, 112, 112), (255, 255, 255), (204, 204, 204)
_SIDE = 1000  # pixels: of the squares of many classes, about
_GAP = 16
_LARGE, _SMALL = 28, 22  # of letters

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def save_confusion_matrix(matrix: ArrayLike, classes: Sequence[str], path: Path) -> None:
    """Write the counts of a confusion matrix as a PNG file in one step.

    Args:
        matrix: int (k, k), entry (i, j) counts samples of true class i called class j.
        classes: k names.

    Raises:
        OutputError: the file cannot be written.
    """
    file = BytesIO()
    _drawn(np.asarray(matrix), classes).save(file, "PNG")
    write_bytes(path, file.getvalue())


def _drawn(counts: NDArray[np.int64], classes: Sequence[str]) -> Image.Image:
    k = len(classes)
    few = k <= FEW_CLASSES
    large, small = _font(_LARGE), _font(_SMALL)
    cell = max(56, min(120, _SIDE // k)) if few else max(1, _SIDE // k)
    names = [short(name) for name in classes] if k <= MOST_NAMED else []
    widest = max((round(small.getbbox(name)[2]) for name in names), default=0)
    upright = widest > cell - 8
    left = _LARGE + 2 * _GAP + widest + _GAP
    below = _GAP + (widest if upright else _SMALL) * bool(names) + _GAP + _LARGE + 2 * _GAP
    top, side = _LARGE + 3 * _GAP, cell * k
    heading = title(counts)
    width = left + max(side, round(large.getbbox(heading)[2])) + 2 * _GAP
    picture = Image.new("RGB", (width, top + side + below), _PAPER)
    draw = ImageDraw.Draw(picture)
    middle = left + side / 2
    squares = Image.fromarray(colours(counts)).resize((side, side), Image.Resampling.NEAREST)
    picture.paste(squares, (left, top))
    draw.rectangle((left - 1, top - 1, left + side, top + side), outline=_LINE)
    draw.text((middle, top - _GAP), heading, _INK, large, anchor="ms")
    draw.text((middle, picture.height - _GAP), "predicted class", _SOFT, large, anchor="ms")
    _upright(picture, "true class", large, _SOFT, _GAP, top + side // 2, middle=True)
    for i, name in enumerate(names):
        at = (i + 0.5) * cell
        draw.text((left - _GAP, top + at), name, _INK, small, anchor="rm")
        if upright:
            _upright(picture, name, small, _INK, round(left + at), top + side + _GAP)
        else:
            draw.text((left + at, top + side + _GAP), name, _INK, small, anchor="ma")
    if few:
        for (i, j), n in np.ndenumerate(counts):
            if n or k <= 5:  # many zeros hide the few mistakes
                place = left + (j + 0.5) * cell, top + (i + 0.5) * cell
                draw.text(place, f"{n:,}", _INK, small, anchor="mm")
    return picture


def _upright(
    picture: Image.Image,
    text: str,
    font: Font,
    ink: tuple[int, int, int],
    x: int,
    y: int,
    *,
    middle: bool = False,
) -> None:
    """Write a text from below upwards.

    Args:
        x: its left edge if it is in the middle of y, else its middle.
        y: its middle, or its upper end.
    """
    _, _, width, height = map(round, font.getbbox(text))
    line = Image.new("L", (max(1, width), max(1, height) + 6))
    ImageDraw.Draw(line).text((0, 0), text, 255, font)
    line = line.transpose(Image.Transpose.ROTATE_90)
    place = (x, y - line.height // 2) if middle else (x - line.width // 2, y)
    picture.paste(ink, place, line)


@cache
def _font(size: int) -> Font:
    """DejaVu Sans, which has many scripts, from where matplotlib lies; or Pillow's own."""
    found = find_spec("matplotlib")  # does not import it
    for folder in (found.submodule_search_locations or ()) if found else ():
        file = Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if file.is_file():
            return ImageFont.truetype(str(file), size)
    return ImageFont.load_default(size)
