"""The confusion matrix of a run as one PNG file.

Drawn by Pillow: matplotlib, which draws the same for notebooks in `plots`, takes half a second to
import, a fifth of a warm run. Lengths are in pixels.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from headstart.report.matrix import (
    FEW_CLASSES,
    MOST_NAMED,
    cell_colours,
    number_correct,
    short_name,
)
from headstart.store.files import write_bytes

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_Anchor = Literal["ls", "ms", "rs"]  # where a text has its point: left, middle, right; baseline

_LEAST, _CELL, _MOST = 240, 60, 1200  # of the matrix, of a cell, of the matrix; cells may be larger
_TITLE, _AXIS, _NAME, _SMALLEST = 20, 17, 15, 8  # sizes of letters
_GAP, _MARGIN = 8, 20
_INK, _SOFT, _FRAME, _LINE, _PAPER = (26, 26, 26), (89, 89, 89), (204,) * 3, (232,) * 3, (255,) * 3
_DPI = 120  # for whoever puts the file on a slide or prints it

_COMPRESSION = 3  # a third of the time of the usual 6, and files a fifth larger


def save_confusion_matrix(matrix: ArrayLike, classes: Sequence[str], path: Path) -> None:
    """Write the counts of a confusion matrix as a PNG file in one step.

    Args:
        matrix: int (k, k), entry (i, j) counts samples of true class i called class j.
        classes: k names, in the order of the matrix.
        path: of the file.

    Raises:
        OutputError: the file cannot be written.
    """
    content = BytesIO()
    picture(np.asarray(matrix), classes).save(
        content, "PNG", dpi=(_DPI, _DPI), compress_level=_COMPRESSION
    )
    write_bytes(path, content.getvalue())


def picture(counts: NDArray[np.integer], classes: Sequence[str]) -> Image.Image:
    """True classes down, predicted classes across; what is right is blue, what is wrong orange.

    Args:
        counts: int (k, k).
        classes: k names. A letter that the font lacks is drawn as a box; the page has it.
    """
    title = number_correct(counts)
    names = [short_name(name) for name in classes] if len(classes) <= MOST_NAMED else []
    counts = _joined(counts)
    k = len(counts)
    cell = max(_LEAST // k, min(_CELL, _MOST // k))
    side = cell * k
    longest = max((_width(name, _font(_NAME)) for name in names), default=0)
    upright = longest > cell - _GAP
    beneath = (longest if upright else _NAME) if names else 0
    heading = _width(title, _font(_TITLE))
    beyond = max(0, heading - side) // 2  # the matrix
    left = _MARGIN + max(_AXIS + (2 * _GAP + longest if names else 0) + _GAP, beyond)
    right = _MARGIN + beyond
    top = _MARGIN + _TITLE + _GAP
    size = left + side + right, top + side + _GAP + beneath + _GAP + _AXIS + _MARGIN
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)

    few = k <= FEW_CLASSES
    # Where no number has to be read on it, a colour may be as strong as it gets.
    colours = Image.fromarray(cell_colours(counts, 0.65 if few else 1.0))
    sheet.paste(colours.resize((side, side), Image.Resampling.NEAREST), (left, top))
    for edge in range(cell, side, cell) if names else ():
        draw.line((left + edge, top, left + edge, top + side - 1), _LINE)
        draw.line((left, top + edge, left + side - 1, top + edge), _LINE)
    draw.rectangle((left - 1, top - 1, left + side, top + side), outline=_FRAME)

    middle = left + side // 2
    _write(sheet, (middle, top - _GAP - 4), title, _TITLE, "ms")
    _write(sheet, (middle, size[1] - _MARGIN), "predicted class", _AXIS, "ms", _SOFT)
    _write_up(sheet, (_MARGIN + _AXIS, top + side // 2), "true class", _AXIS, "ms", _SOFT)
    for i, name in enumerate(names):
        at = i * cell + cell // 2
        half = _height(_font(_NAME)) // 2
        _write(sheet, (left - _GAP, top + at + half), name, _NAME, "rs")
        if upright:
            _write_up(sheet, (left + at + half, top + side + _GAP), name, _NAME, "rs")
        else:
            _write(sheet, (left + at, top + side + _GAP + _NAME), name, _NAME, "ms")
    if few:
        _number(sheet, counts, cell, (left, top))
    return sheet


def _number(
    sheet: Image.Image, counts: NDArray[np.integer], cell: int, corner: tuple[int, int]
) -> None:
    """Write the counts into their cells, all as large as the widest one may be."""
    widest = _width(f"{int(counts.max(initial=0)):,}", _font(_NAME))
    size = min(_NAME, max(_SMALLEST, _NAME * (cell - 4) // max(widest, 1)))
    half = _height(_font(size)) // 2
    for (i, j), count in np.ndenumerate(counts):
        if count == 0 and len(counts) > 5:
            continue  # many zeros hide the few mistakes
        at = corner[0] + j * cell + cell // 2, corner[1] + i * cell + cell // 2 + half
        _write(sheet, at, f"{count:,}", size, "ms")


def _joined(counts: NDArray[np.integer]) -> NDArray[np.integer]:
    """Where there are more classes than pixels, neighbours count as one."""
    firsts = np.arange(0, len(counts), -(-len(counts) // _MOST))
    rows = np.add.reduceat(counts, firsts, axis=0)
    joined: NDArray[np.integer] = np.add.reduceat(rows, firsts, axis=1)
    return joined


def _write(
    sheet: Image.Image,
    at: tuple[int, int],
    text: str,
    size: int,
    anchor: _Anchor,
    ink: tuple[int, ...] = _INK,
) -> None:
    ImageDraw.Draw(sheet).text(at, text, ink, _font(size), anchor)


def _write_up(
    sheet: Image.Image,
    at: tuple[int, int],
    text: str,
    size: int,
    anchor: _Anchor,
    ink: tuple[int, ...] = _INK,
) -> None:
    """Write from below to above; `at` is the point of the anchor once the text is turned."""
    font = _font(size)
    room = _width(text, font) + 2 * size, 3 * size  # letters may reach over their width
    mask = Image.new("L", room)
    x = {"ls": size, "ms": room[0] // 2, "rs": room[0] - size}[anchor]
    ImageDraw.Draw(mask).text((x, 2 * size), text, 255, font, anchor)
    turned = mask.transpose(Image.Transpose.ROTATE_90)
    sheet.paste(ink, (at[0] - 2 * size, at[1] - (room[0] - x)), turned)


@cache
def _font(size: int) -> _Font:
    """DejaVu Sans, which matplotlib brings and which has most alphabets; else Pillow's own."""
    found = find_spec("matplotlib")  # imports nothing
    for folder in (found and found.submodule_search_locations) or ():
        file = Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if file.is_file():
            return ImageFont.truetype(file, size)
    return ImageFont.load_default(size)


def _width(text: str, font: _Font) -> int:
    return round(font.getlength(text))


def _height(font: _Font) -> int:
    """Of figures and capital letters."""
    return round(font.getbbox("0")[3] - font.getbbox("0")[1])
