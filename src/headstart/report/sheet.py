"""A contact sheet: photos side by side with what each is, as one PNG file.

Drawn by Pillow, so that the photos stand in it pixel for pixel.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_CELL = 224  # pixels: the longest side of a photo in the sheet
_GAP = 12
_LINE = 20
_FRAME = 4  # around the original
_INK = (38, 38, 38)
_GREY = (112, 112, 112)
_MARK = (46, 112, 194)
_PAPER = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Strip:
    """One photo and its views.

    Attributes:
        caption: a line over them.
        photos: uint8 (H, W, 3) each; the first is the original and is marked.
        labels: a few words under each.
    """

    caption: str
    photos: Sequence[NDArray[np.uint8]]
    labels: Sequence[str]


def contact_sheet(title: str, strips: Sequence[Strip], columns: int = 5) -> bytes:
    """A PNG file with the strips one under another, each in rows of so many columns."""
    columns = min(columns, max(len(strip.photos) for strip in strips))
    width = max(3 * _CELL, columns * (_CELL + _GAP) + _GAP)
    heading = textwrap.wrap(title, int((width - 2 * _GAP) / 7.2))
    rows = [-(-len(strip.photos) // columns) for strip in strips]
    row_height = _CELL + _LINE + _GAP
    height = _GAP + _LINE * len(heading) + sum(_GAP + _LINE + _FRAME + n * row_height for n in rows)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    y = _GAP
    for line in heading:
        draw.text((_GAP, y), line, _GREY, font)
        y += _LINE
    for strip, n in zip(strips, rows, strict=True):
        y += _GAP
        draw.text((_GAP, y), _short(strip.caption), _INK, font)
        y += _LINE + _FRAME
        for i, (photo, label) in enumerate(zip(strip.photos, strip.labels, strict=True)):
            row, column = divmod(i, columns)
            corner = (_GAP + column * (_CELL + _GAP), y + row * row_height)
            _place(draw, sheet, photo, corner, marked=i == 0)
            draw.text((corner[0], corner[1] + _CELL + 4), label, _MARK if i == 0 else _GREY, font)
        y += n * row_height
    file = BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _place(
    draw: ImageDraw.ImageDraw,
    sheet: Image.Image,
    photo: NDArray[np.uint8],
    corner: tuple[int, int],
    marked: bool,
) -> None:
    image = Image.fromarray(photo)
    image.thumbnail((_CELL, _CELL))
    x, y = corner[0] + (_CELL - image.width) // 2, corner[1] + (_CELL - image.height) // 2
    sheet.paste(image, (x, y))
    if marked:
        box = (x - _FRAME, y - _FRAME, x + image.width + _FRAME - 1, y + image.height + _FRAME - 1)
        draw.rectangle(box, outline=_MARK, width=_FRAME)


def _short(caption: str) -> str:
    return caption if len(caption) <= 80 else f"{caption[:40]}…{caption[-39:]}"
